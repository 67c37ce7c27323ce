"""The route that shows one trace: what happened in all services, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import BaseModel, Field

from logboom.event import Event, epoch_us, value_at
from logboom.query.memory import compile_query
from logboom.query.model import And, Term
from logboom.query.model import Query as EventQuery
from logboom.rollups.questions import ERRORS
from logboom.store import Count, SearchRequest, SortOrder, Store, TimeRange
from search_api.http.answers import Problem, Total
from search_api.http.parameters import PROBLEMS
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.answering import Answer, Question
from search_api.searching.asking import shown, total_of
from search_api.searching.paging import Place

MOST = 10_000
"""Events of one page, at most."""

_TRACE = "trace.id"
_SERVICE: Final = "service.name"
_MOST_SERVICES = 1_000
_LOW = "the numbers of services and errors may be low: not all events of the trace were counted"
_is_error = compile_query(ERRORS)

TraceId = Annotated[str, Path(min_length=1, max_length=512)]


class TraceAnswer(BaseModel):
    """The events of a trace, oldest first; the numbers are those of the whole trace."""

    trace: str
    events: list[dict[str, Any]]
    total: Total
    cursor: str | None
    begin: str | None = Field(alias="from")
    to: str | None
    duration_ms: float
    services: dict[str, int]
    errors: int
    partial: bool
    warnings: list[str]


def trace_routes(parts: Parts) -> APIRouter:
    """The route below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)

    @router.get(
        "/traces/{trace_id}", response_model=TraceAnswer, responses={404: {"model": Problem}}
    )
    async def trace(
        trace_id: TraceId, limit: Annotated[int, Query(ge=1, le=MOST)] = 1_000,
        cursor: str | None = None,
    ) -> Response:  # fmt: skip
        """All events with this `trace.id`, oldest first, whichever service and day they are of."""
        place = Place.of(cursor, now_ns=parts.clock.now_ns())
        request = SearchRequest(
            Term(_TRACE, trace_id), limit=limit, order=SortOrder.ASC, cursor=place.cursor
        )

        async def found() -> Answer:
            page = await parts.store.search(request)
            if not page.events and not page.partial:
                raise HTTPException(404, f"there are no events with the trace.id {trace_id}")
            warnings = list(page.warnings)
            if cursor is None and page.cursor is None:
                total, summary = page.total, _summary(page.events)
            else:
                total, summary, is_complete = await _whole(parts.store, request.query)
                warnings += [] if is_complete else [_LOW]
            content = {
                "trace": trace_id,
                "events": [shown(event, []) for event in page.events],
                "total": total_of(total),
                "cursor": place.next_text(page.cursor),
                **summary,
                "partial": page.partial,
                "warnings": warnings,
            }
            return Answer(content, is_whole=not page.partial)

        question = Question("trace", f"trace.id:{trace_id}", request.query, request.times)
        return await parts.answering.respond(question, found)

    return router


async def _whole(store: Store, query: EventQuery) -> tuple[Count, dict[str, Any], bool]:
    """Of a trace with more than one page: its events, its numbers, and whether all were counted."""
    ends = [
        await store.search(SearchRequest(query, limit=1, order=order, count_limit=1))
        for order in (SortOrder.ASC, SortOrder.DESC)
    ]
    summary = _summary([event for end in ends for event in end.events])
    total = await store.count(query, TimeRange())
    errors = await store.count(And((query, ERRORS)), TimeRange())
    found = await store.facets(query, TimeRange(), fields=(_SERVICE,), size=_MOST_SERVICES)
    services = {one.value: one.count for one in found.values[_SERVICE]}
    is_complete = found.complete and total.exact and errors.exact
    nameless = total.value - sum(services.values())
    if is_complete and nameless > 0 and len(services) < _MOST_SERVICES:
        services[""] = nameless
    ranked = dict(sorted(services.items(), key=lambda one: one[1], reverse=True))
    return total, {**summary, "services": ranked, "errors": errors.value}, is_complete


def _summary(events: Sequence[Event]) -> dict[str, Any]:
    if not events:
        return {"from": None, "to": None, "duration_ms": 0, "services": {}, "errors": 0}
    services = Counter(str(value_at(event, _SERVICE) or "") for event in events)
    first, last = (str(event["@timestamp"]) for event in (events[0], events[-1]))
    return {
        "from": first,
        "to": last,
        "duration_ms": (epoch_us(last) - epoch_us(first)) / 1000,
        "services": dict(services.most_common()),
        "errors": sum(map(_is_error, events)),
    }
