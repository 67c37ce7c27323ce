"""The routes that find events: page by page, or one by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from logboom.event import Event
from logboom.store import SearchRequest
from search_api.http import problems
from search_api.http.answers import Problem, SearchAnswer
from search_api.http.parameters import NO_TRUTH_VALUE, PROBLEMS, From, Q, To, Zone
from search_api.http.responding import answer
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.answering import Answer, Question
from search_api.searching.asking import (
    MAX_LIMIT,
    fields_of,
    list_written,
    order_of,
    shown,
    total_of,
    understand,
)
from search_api.searching.own_names import own_names
from search_api.searching.paging import Place

_WRITTEN_AT_ONCE = 500
_HANDED_ON_AT_ONCE = 1_000
"""Events as they are stored."""


class SearchBody(BaseModel):
    """The parameters of a search as a JSON body."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    q: str = ""
    begin: str | None = Field(None, alias="from")
    end: str | None = Field(None, alias="to")
    limit: Annotated[int, NO_TRUTH_VALUE] = Field(100, ge=0, le=MAX_LIMIT)
    sort: str = "desc"
    cursor: str | None = None
    fields: str | list[str] | None = None
    tz: str = "UTC"


async def _list(events: Sequence[Event], fields: Sequence[str]) -> orjson.Fragment:
    """Events as a list; many are written in a thread, so that others are answered meanwhile."""
    most = _WRITTEN_AT_ONCE if fields else _HANDED_ON_AT_ONCE
    if len(events) <= most:
        return orjson.Fragment(list_written(events, fields))
    return orjson.Fragment(await asyncio.to_thread(list_written, events, fields))


def search_routes(parts: Parts) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)

    async def answered(body: SearchBody) -> Response:
        place = Place.of(body.cursor, now_ns=parts.clock.now_ns())
        asked = await understand(place.now_ns, body.q, body.begin, body.end, body.tz)
        request = SearchRequest(
            query=asked.query, times=asked.times, limit=body.limit, order=order_of(body.sort),
            cursor=place.cursor,
        )  # fmt: skip
        fields = fields_of(body.fields)

        async def found() -> Answer:
            page = await parts.store.search(request)
            found_nothing = page.total.value == 0 and not page.partial
            own = await own_names(parts.store, asked.query, asked.times) if found_nothing else ()
            content = {
                "events": await _list(page.events, fields),
                "total": total_of(page.total),
                "cursor": place.next_text(page.cursor),
                "partial": page.partial,
                "warnings": [*asked.notes, *own, *page.warnings],
            }
            return Answer(content, is_whole=not page.partial)

        form = (body.limit, request.order, body.cursor, tuple(fields))
        question = Question("search", body.q, asked.query, asked.times, form)
        return await parts.answering.respond(question, found)

    @router.get("/search", response_model=SearchAnswer)
    async def search(
        q: Q = "", begin: From = None, end: To = None,
        limit: Annotated[int, Query(ge=0, le=MAX_LIMIT)] = 100, sort: str = "desc",
        cursor: str | None = None, fields: str | None = None, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """Finds events, one page at a time."""
        body = SearchBody(
            q=q, begin=begin, end=end, limit=limit, sort=sort, cursor=cursor, fields=fields, tz=tz
        )
        return await answered(body)

    @router.post("/search", response_model=SearchAnswer)
    async def search_by_body(body: SearchBody) -> Response:
        """Finds events, the question being a JSON body."""
        return await answered(body)

    @router.get("/events/{event_id}", responses={404: {"model": Problem}})
    async def event(event_id: str) -> Response:
        """One event."""
        found = await parts.store.get(event_id)
        if found is None:
            return problems.problem(404, f"there is no event {event_id}")
        return answer(shown(found, []))

    return router
