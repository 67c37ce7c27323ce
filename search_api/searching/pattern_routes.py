"""The route that summarises what was found by its patterns."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from logboom.patterns import MOST_MESSAGES, patterns_of
from logboom.store import Page, SearchRequest
from search_api.http.parameters import PROBLEMS, From, Q, To, Zone
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.answering import Answer, Question
from search_api.searching.asking import understand

MOST_PATTERNS = 1_000
_LONGEST_EXAMPLE = 1_000


class PatternAnswer(BaseModel):
    """Events whose messages say the same."""

    pattern: str
    count: int = Field(description="Among the sampled events.")
    example: str = Field(description="One of the messages, shortened.")
    example_id: str | None


class PatternsAnswer(BaseModel):
    """Patterns of the newest `sampled` of `total` matches; `others` are of further patterns."""

    patterns: list[PatternAnswer]
    others: int
    sampled: int
    total: int
    relation: Literal["eq", "gte"]
    warnings: list[str]


def pattern_routes(parts: Parts) -> APIRouter:
    """The route below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, clock = parts.store, parts.clock

    @router.get("/patterns", response_model=PatternsAnswer)
    async def patterns(
        q: Q = "", begin: From = None, end: To = None,
        sample: Annotated[int, Query(ge=1, le=MOST_MESSAGES)] = 2_000,
        limit: Annotated[int, Query(ge=1, le=MOST_PATTERNS)] = 50, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """What the messages of the newest matches have in common, the most frequent first."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)

        async def found() -> Answer:
            page = await store.search(SearchRequest(asked.query, asked.times, limit=sample))
            content = await asyncio.to_thread(_content, page, limit)
            content["warnings"] = [*asked.notes, *page.warnings]
            return Answer(content, is_whole=not page.partial)

        question = Question("patterns", q, asked.query, asked.times, (sample, limit))
        return await parts.answering.respond(question, found)

    return router


def _content(page: Page, limit: int) -> dict[str, Any]:
    messages = [_message(event) for event in page.events]
    found = patterns_of(messages)
    return {
        "patterns": [
            {
                "pattern": pattern.text,
                "count": pattern.count,
                "example": messages[pattern.example][:_LONGEST_EXAMPLE],
                "example_id": page.events[pattern.example].get("event", {}).get("id"),
            }
            for pattern in found[:limit]
        ],
        "others": sum(pattern.count for pattern in found[limit:]),
        "sampled": len(messages),
        "total": page.total.value,
        "relation": "eq" if page.total.exact else "gte",
    }


def _message(event: dict[str, Any]) -> str:
    message = event.get("message")
    return message if isinstance(message, str) else ""
