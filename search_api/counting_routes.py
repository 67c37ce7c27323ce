"""The routes that count: in all, and over time."""

from __future__ import annotations

from fastapi import APIRouter, Response

from logboom.query.times import parse_interval
from search_api.answers import CountAnswer, HistogramAnswer
from search_api.asking import (
    keyword_field,
    shown_histogram,
    total_of,
    understand,
)
from search_api.histograms import histogram_of
from search_api.parameters import PROBLEMS, From, Q, To, Zone
from search_api.parts import Parts
from search_api.responding import answer


def counting_routes(parts: Parts) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS)
    store, clock = parts.store, parts.clock

    @router.get("/count", response_model=CountAnswer)
    async def count(q: Q = "", begin: From = None, end: To = None, tz: Zone = "UTC") -> Response:
        """Counts matches."""
        asked = understand(clock.now_ns(), q, begin, end, tz)
        total = total_of(await store.count(asked.query, asked.times))
        return answer({"count": total["value"], "relation": total["relation"]})

    @router.get("/histogram", response_model=HistogramAnswer)
    async def histogram(
        q: Q = "", begin: From = None, end: To = None, interval: str | None = None,
        by: str | None = None, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """Counts matches over time."""
        asked = understand(clock.now_ns(), q, begin, end, tz)
        found = await histogram_of(
            store, asked, now_us=clock.now_ns() // 1000,
            width_us=parse_interval(interval) if interval else None,
            by=None if by is None else keyword_field(by),
        )  # fmt: skip
        return answer({**shown_histogram(found), "warnings": list(asked.notes)})

    return router
