"""The route that follows what is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from logboom.query.model import Query as EventQuery
from logboom.store import TimeRange
from search_api.access.grants import purse_of
from search_api.http.parameters import PROBLEMS, Q, Zone
from search_api.http.routing import PlainRoute
from search_api.live.event_stream import EventStream
from search_api.parts import Parts
from search_api.searching.asking import understand

_NO_TIME = TimeRange(0, 1)


def tail_routes(parts: Parts) -> APIRouter:
    """Makes the route."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, tails, clock = parts.store, parts.tails, parts.clock

    async def refuse(query: EventQuery, place: str | None) -> None:
        """Raises why a question or a place is refused, before the answer begins."""
        await store.count(query, _NO_TIME)
        if place:
            await tails.check(place)

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
        query = (await understand(clock.now_ns(), q, None, None, tz)).query
        await parts.answering.in_turn(lambda: refuse(query, last_event_id))
        return EventStream(tails.follow(query, last_event_id or None, who=purse_of(request)))

    return router
