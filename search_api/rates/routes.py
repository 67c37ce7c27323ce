"""Routes that read rollups: the services, and rates over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.query.times import parse_interval
from logboom.rollups import Row
from logboom.state import State
from logboom.store import Store, TimeRange
from search_api.http.answers import RatesAnswer, ServicesAnswer
from search_api.http.parameters import PROBLEMS, Zone
from search_api.http.responding import answer
from search_api.http.routing import PlainRoute
from search_api.rates.lacking import told_what_lacks
from search_api.rates.rollups import Stretch, points_of, services_of, stretch_of
from search_api.searching.asking import automatic_interval_us, understand

_MOST_SERVICES = 10_000
_US = 1_000_000

From = Annotated[str | None, Query(alias="from", description="Begin; default: an hour before.")]
To = Annotated[str | None, Query(alias="to", description="End; default: now.")]
Only = Annotated[str | None, Query(description="Only this one; empty: events without one.")]


def rate_routes(
    store: Store, state: State | None, section: RollupsSection, clock: Clock
) -> APIRouter:
    """The routes.

    Args:
        store: Has the rollups.
        state: Knows what their numbers lack.
        section: How long they are kept.
        clock: For times such as ``now-1h``.
    """
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)

    async def rows_of(stretch: Stretch, service: str | None = None) -> Sequence[Row]:
        return await store.rollups.rows(
            stretch.tier, stretch.start_us, stretch.end_us, service=service
        )

    @router.get("/services", response_model=ServicesAnswer)
    async def services(
        begin: From = None, end: To = None, tz: Zone = "UTC",
        limit: Annotated[int, Query(ge=1, le=_MOST_SERVICES)] = 200,
    ) -> Response:  # fmt: skip
        """Each service: its rates, errors, requests and durations, and how they change."""
        now_ns = clock.now_ns()
        asked = await understand(now_ns, "", begin, end, tz)
        stretch = stretch_of(asked.times, now_ns // 1000, section)
        found = services_of(await rows_of(stretch), await rows_of(stretch.before), stretch)
        stretch = await told_what_lacks(stretch, state)
        return answer({**stretch.shown(), "services": found[:limit], "total": len(found)})

    @router.get("/rates", response_model=RatesAnswer)
    async def rates(
        service: Only = None, host: Only = None, level: Only = None, begin: From = None,
        end: To = None, interval: str | None = None, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """Rates over time; of everything, or of one service, host or level."""
        now_ns = clock.now_ns()
        asked = await understand(now_ns, "", begin, end, tz)
        width_us = parse_interval(interval) if interval else None
        stretch = stretch_of(asked.times, now_ns // 1000, section, width_us)
        if width_us is None:
            times = TimeRange(stretch.start_us, stretch.end_us)
            automatic_us = automatic_interval_us(times)
            width_us = max(stretch.tier.width_us, automatic_us)
            stretch = stretch_of(asked.times, now_ns // 1000, section, width_us)
        rows = [
            row
            for row in await rows_of(stretch, service)
            if (host is None or row.host == host) and (level is None or row.level == level)
        ]
        points = points_of(rows, stretch, width_us)
        stretch = await told_what_lacks(stretch, state)
        return answer({**stretch.shown(), "interval": f"{width_us // _US}s", "points": points})

    return router
