"""The routes that find events: page by page, or one by its id."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from logboom.clock import Clock
from logboom.store import SearchRequest, Store
from logboom.telemetry import ApiMetrics
from search_api import problems
from search_api.answers import Problem, SearchAnswer
from search_api.asking import MAX_LIMIT, order_of, shown, total_of, understand
from search_api.paging import Place
from search_api.parameters import PROBLEMS, From, Q, To, Zone
from search_api.parts import Parts
from search_api.responding import answer

log = logging.getLogger("logboom.api")

SLOW_SEARCH_S = 0.5


class SearchBody(BaseModel):
    """The parameters of a search as a JSON body."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    q: str = ""
    begin: str | None = Field(None, alias="from")
    end: str | None = Field(None, alias="to")
    limit: int = Field(100, ge=0, le=MAX_LIMIT)
    sort: str = "desc"
    cursor: str | None = None
    fields: str | list[str] | None = None
    tz: str = "UTC"


class Questions:
    """Answers questions about events.

    Args:
        store: Has the events.
        clock: For times such as ``now-1h``.
        metrics: Counts slow searches.
    """

    def __init__(self, store: Store, clock: Clock, metrics: ApiMetrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics

    async def search(self, body: SearchBody) -> Response:
        """One page of events."""
        begun = self._clock.monotonic()
        place = Place.of(body.cursor, now_ns=self._clock.now_ns())
        asked = understand(place.now_ns, body.q, body.begin, body.end, body.tz)
        request = SearchRequest(
            query=asked.query, times=asked.times, limit=body.limit, order=order_of(body.sort),
            cursor=place.cursor,
        )  # fmt: skip
        page = await self._store.search(request)
        took_s = self._clock.monotonic() - begun
        if took_s > SLOW_SEARCH_S:
            self._metrics.slow_searches.inc()
            log.warning("slow search: %d ms for %r", took_s * 1000, body.q)
        fields = (
            body.fields.split(",")
            if isinstance(body.fields, str) and body.fields
            else body.fields or []
        )
        return answer(
            {
                "events": [shown(event, fields) for event in page.events],
                "total": total_of(page.total),
                "cursor": place.next_text(page.cursor),
                "took_ms": round(took_s * 1000, 3),
                "partial": page.partial,
                "warnings": [*asked.notes, *page.warnings],
            }
        )


def search_routes(parts: Parts) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS)
    questions = Questions(parts.store, parts.clock, parts.metrics)

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
        return await questions.search(body)

    @router.post("/search", response_model=SearchAnswer)
    async def search_by_body(body: SearchBody) -> Response:
        """Finds events, the question being a JSON body."""
        return await questions.search(body)

    @router.get("/events/{event_id}", responses={404: {"model": Problem}})
    async def event(event_id: str) -> Response:
        """One event."""
        found = await parts.store.get(event_id)
        if found is None:
            return problems.problem(404, f"there is no event {event_id}")
        return answer(shown(found, []))

    return router
