"""The route that summarises what was found by its patterns."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from logboom.clock import Clock
from logboom.patterns import MOST_MESSAGES, patterns_of
from logboom.store import SearchRequest, Store
from search_api.asking import understand
from search_api.parameters import PROBLEMS, From, Q, To, Zone

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


def pattern_routes(store: Store, clock: Clock) -> APIRouter:
    """The route below ``/api/v1``.

    Args:
        store: Has the events.
        clock: For times such as ``now-1h``.
    """
    router = APIRouter(responses=PROBLEMS)

    @router.get("/patterns", response_model=PatternsAnswer)
    async def patterns(
        q: Q = "", begin: From = None, end: To = None,
        sample: Annotated[int, Query(ge=1, le=MOST_MESSAGES)] = 2_000,
        limit: Annotated[int, Query(ge=1, le=MOST_PATTERNS)] = 50, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """What the messages of the newest matches have in common, the most frequent first."""
        asked = understand(clock.now_ns(), q, begin, end, tz)
        page = await store.search(SearchRequest(asked.query, asked.times, limit=sample))
        messages = [_message(event) for event in page.events]
        found = await asyncio.to_thread(patterns_of, messages)
        listed = found[:limit]
        content = {
            "patterns": [
                {
                    "pattern": pattern.text,
                    "count": pattern.count,
                    "example": messages[pattern.example][:_LONGEST_EXAMPLE],
                    "example_id": page.events[pattern.example].get("event", {}).get("id"),
                }
                for pattern in listed
            ],
            "others": sum(pattern.count for pattern in found[limit:]),
            "sampled": len(messages),
            "total": page.total.value,
            "relation": "eq" if page.total.exact else "gte",
            "warnings": [*asked.notes, *page.warnings],
        }
        return Response(orjson.dumps(content), media_type="application/json")

    return router


def _message(event: dict[str, Any]) -> str:
    message = event.get("message")
    return message if isinstance(message, str) else ""
