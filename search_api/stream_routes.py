"""The routes that follow what is stored; and an event's context."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from logboom.store import TimeRange
from search_api import problems
from search_api.access.grants import purse_of
from search_api.answers import ContextAnswer, Problem
from search_api.asking import shown, understand
from search_api.context import MOST, context_of
from search_api.live.event_stream import EventStream
from search_api.parameters import PROBLEMS, Q, Zone
from search_api.parts import Parts
from search_api.responding import answer
from search_api.routing import PlainRoute

_NO_TIME = TimeRange(0, 1)
Side = Annotated[int, Query(ge=0, le=MOST)]


def stream_routes(parts: Parts) -> APIRouter:
    """Makes the routes."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, tails, clock = parts.store, parts.tails, parts.clock
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
        asked = understand(clock.now_ns(), q, None, None, tz)
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

    @router.get("/tail", response_class=EventStream, status_code=200)
    async def tail(
        request: Request,
        q: Q = "",
        tz: Zone = "UTC",
        last_event_id: Annotated[str | None, Header(description="Goes on behind it.")] = None,
    ) -> Response:
        """What matches and is stored from now on, as Server-Sent Events.

        A message is an event; its id is where to go on. `event: dropped` tells how many are left
        out because they were too many at once, or the client too slow.
        """
        query = understand(clock.now_ns(), q, None, None, tz).query
        await store.count(query, _NO_TIME)  # a question that the store refuses is answered with why
        if last_event_id:
            await tails.check(last_event_id)
        return EventStream(tails.follow(query, last_event_id or None, who=purse_of(request)))

    return router
