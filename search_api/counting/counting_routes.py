"""The routes that count: in all, and over time."""

from __future__ import annotations

from fastapi import APIRouter, Response

from logboom.query.times import parse_interval
from search_api.counting.histograms import histogram_of, shown_histogram
from search_api.http.answers import CountAnswer, HistogramAnswer
from search_api.http.parameters import PROBLEMS, From, Q, To, Zone
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.answering import Answer, Question
from search_api.searching.asking import keyword_field, total_of, understand
from search_api.searching.lacking import why_not_whole

PARTIAL = "not all matches are counted: it took too long, or a day cannot be read (see /health)"


def counting_routes(parts: Parts) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, clock = parts.store, parts.clock

    @router.get("/count", response_model=CountAnswer)
    async def count(q: Q = "", begin: From = None, end: To = None, tz: Zone = "UTC") -> Response:
        """Counts matches."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)

        async def found() -> Answer:
            total = await store.count(asked.query, asked.times)
            relation = total_of(total)["relation"]
            lacking = [] if total.exact else await why_not_whole(store, asked, (), PARTIAL)
            warnings = [*asked.notes, *lacking]
            content = {"count": total.value, "relation": relation, "warnings": warnings}
            return Answer(content, is_whole=total.exact)

        question = Question("count", q, asked.query, asked.times)
        return await parts.answering.respond(question, found)

    @router.get("/histogram", response_model=HistogramAnswer)
    async def histogram(
        q: Q = "", begin: From = None, end: To = None, interval: str | None = None,
        by: str | None = None, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """Counts matches over time."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)
        width_us = parse_interval(interval) if interval else None
        split = None if by is None else keyword_field(by)

        async def found() -> Answer:
            now_us = clock.now_ns() // 1000
            one = await histogram_of(store, asked, width_us=width_us, by=split, now_us=now_us)
            by = () if split is None else (split,)
            lacking = await why_not_whole(store, asked, by, PARTIAL) if one.partial else []
            warnings = [*asked.notes, *lacking]
            content = {**shown_histogram(one), "partial": one.partial, "warnings": warnings}
            return Answer(content, is_whole=not one.partial)

        question = Question("histogram", q, asked.query, asked.times, (width_us, split, tz))
        return await parts.answering.respond(question, found)

    return router
