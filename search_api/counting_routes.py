"""The routes that count: in all, and over time."""

from __future__ import annotations

from fastapi import APIRouter, Response

from logboom.query.times import parse_interval
from search_api.answers import CountAnswer, HistogramAnswer
from search_api.asking import (
    automatic_interval_us,
    buckets_of,
    keyword_field,
    total_of,
    understand,
)
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
        width = (
            parse_interval(interval)
            if interval
            else automatic_interval_us(asked.times, clock.now_ns() // 1000)
        )
        split = None if by is None else keyword_field(by)
        found = await store.histogram(asked.query, asked.times, interval_us=width, by=split)
        return answer(
            {
                "interval": f"{width // 1_000_000}s"
                if width % 1_000_000 == 0
                else f"{width // 1000}ms",
                "buckets": buckets_of(found),
            }
        )

    return router
