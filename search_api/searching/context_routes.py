"""The route that shows what stands around an event in its source."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from search_api.http import problems
from search_api.http.answers import ContextAnswer, Problem
from search_api.http.parameters import PROBLEMS, Q, Zone
from search_api.http.responding import answer
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.asking import shown, understand
from search_api.searching.context import MOST, context_of

Side = Annotated[int, Query(ge=0, le=MOST)]


def context_routes(parts: Parts) -> APIRouter:
    """Makes the route."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, clock = parts.store, parts.clock
    patience_s = parts.config.api.searches.timeout.total_seconds()

    @router.get(
        "/events/{event_id}/context",
        response_model=ContextAnswer,
        responses={404: {"model": Problem}},
    )
    async def context(
        event_id: str, before: Side = 10, after: Side = 10, q: Q = "", tz: Zone = "UTC"
    ) -> Response:
        """An event with what stands before and after it in its source, in that order."""
        event = await store.get(event_id)
        if event is None:
            return problems.problem(404, f"there is no event {event_id}")
        asked = await understand(clock.now_ns(), q, None, None, tz)
        deadline = clock.monotonic() + patience_s
        found = await parts.answering.in_turn(
            lambda: context_of(
                store, event, before=before, after=after, only=asked.query,
                is_late=lambda: clock.monotonic() > deadline,
            )
        )  # fmt: skip
        return answer(
            {
                "before": [shown(one, []) for one in found.before],
                "event": shown(event, []),
                "after": [shown(one, []) for one in found.after],
                "partial": bool(found.warnings),
                "warnings": [*asked.notes, *found.warnings],
            }
        )

    return router
