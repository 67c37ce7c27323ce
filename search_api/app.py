"""The HTTP API: routes, and what each of them answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from logboom import __version__
from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.query.times import parse_interval
from logboom.state import State
from logboom.store import Count, SearchRequest, Store
from logboom.telemetry import ApiMetrics, PipelineCollector
from search_api import problems
from search_api.answers import CountAnswer, HistogramAnswer, Problem, SearchAnswer
from search_api.asking import (
    MAX_LIMIT,
    automatic_interval_us,
    buckets_of,
    keyword_field,
    order_of,
    shown,
    understand,
)
from search_api.errors import error_routes
from search_api.grouping import ErrorGroups
from search_api.paging import Place
from search_api.parameters import PROBLEMS, From, Q, To, Zone
from search_api.patterns import pattern_routes
from search_api.rate_routes import rate_routes
from search_api.state import PipelineState
from search_api.stream_routes import stream_routes
from search_api.tailing import Tails

log = logging.getLogger("logboom.api")

SLOW_SEARCH_S = 0.5
_GREETING = """logboom {version}

Search:     /api/v1/search?q=level:error&from=now-1h
Count:      /api/v1/count?q=service:checkout
Histogram:  /api/v1/histogram?from=now-24h&by=level
Live tail:  /api/v1/tail?q=level:error   Export: /api/v1/export?q=service:checkout&format=csv
Context:    /api/v1/events/ID/context
Services:   /api/v1/services   Rates: /api/v1/rates?service=checkout&from=now-24h
Health:     /api/v1/health   Ledger: /api/v1/ledger   Metrics: /metrics
All routes: /openapi.json
"""


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
        return _json(
            {
                "events": [shown(event, fields) for event in page.events],
                "total": _total(page.total),
                "cursor": place.next_text(page.cursor),
                "took_ms": round(took_s * 1000, 3),
                "partial": page.partial,
                "warnings": [*asked.notes, *page.warnings],
            }
        )


def create_app(
    store: Store, state: PipelineState, clock: Clock, rollups: RollupsSection | None = None,
    memory: State | None = None,
) -> FastAPI:  # fmt: skip
    """Makes the application.

    Args:
        store: Has the events.
        state: Knows the pipeline.
        clock: Asked for the time.
        rollups: How long rates are kept.
        memory: Has what users have set; None: there are no routes for that.

    Returns:
        The application; `state.tails` is to be closed before it ends.
    """
    registry = CollectorRegistry()
    metrics = ApiMetrics(registry)
    collector = PipelineCollector()
    registry.register(collector)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(
        title="logboom", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    problems.install(app)
    _measure(app, metrics, clock)
    app.include_router(_events(Questions(store, clock, metrics), store, clock), prefix="/api/v1")
    tails = app.state.tails = Tails(store, clock)
    app.include_router(stream_routes(store, tails, clock), prefix="/api/v1")
    app.include_router(rate_routes(store, rollups or RollupsSection(), clock), prefix="/api/v1")
    app.include_router(_pipeline(state), prefix="/api/v1")
    app.include_router(pattern_routes(store, clock), prefix="/api/v1")
    if memory is not None:
        app.include_router(error_routes(ErrorGroups(store, memory), clock), prefix="/api/v1")

    @app.get("/", include_in_schema=False)
    async def greet() -> Response:
        return Response(_GREETING.format(version=__version__), media_type="text/plain")

    @app.get("/healthz", include_in_schema=False)
    async def alive() -> Response:
        return Response("alive\n", media_type="text/plain")

    @app.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        return Response(f"{await store.check()}\n", media_type="text/plain")

    @app.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        snapshot = await state.snapshot()
        collector.services, collector.sources = snapshot.services, snapshot.sources
        collector.limits = await state.limits.known()
        collector.lag, collector.losses, collector.dead = (
            snapshot.lag,
            snapshot.losses,
            snapshot.dead,
        )
        collector.rates = snapshot.rates
        collector.scaling = snapshot.scaling
        return Response(
            generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return app


def _events(questions: Questions, store: Store, clock: Clock) -> APIRouter:
    router = APIRouter(responses=PROBLEMS)

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

    @router.get("/count", response_model=CountAnswer)
    async def count(q: Q = "", begin: From = None, end: To = None, tz: Zone = "UTC") -> Response:
        """Counts matches."""
        asked = understand(clock.now_ns(), q, begin, end, tz)
        total = _total(await store.count(asked.query, asked.times))
        return _json({"count": total["value"], "relation": total["relation"]})

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
        return _json(
            {
                "interval": f"{width // 1_000_000}s"
                if width % 1_000_000 == 0
                else f"{width // 1000}ms",
                "buckets": buckets_of(found),
            }
        )

    @router.get("/events/{event_id}", responses={404: {"model": Problem}})
    async def event(event_id: str) -> Response:
        """One event."""
        found = await store.get(event_id)
        if found is None:
            return problems.problem(404, f"there is no event {event_id}")
        return _json(shown(found, []))

    return router


def _pipeline(state: PipelineState) -> APIRouter:
    router = APIRouter(responses={503: PROBLEMS[503]})

    @router.get("/sources")
    async def sources() -> Response:
        """Every source with its state and its side of the ledger."""
        snapshot = await state.snapshot()
        return _json({"sources": [source.model_dump() for source in snapshot.sources]})

    @router.get("/ledger")
    async def ledger() -> Response:
        """Is every line accounted for?"""
        return _json(await state.ledger())

    @router.get("/health")
    async def health() -> Response:
        """All parts with a plain verdict."""
        return _json(await state.health())

    return router


def _measure(app: FastAPI, metrics: ApiMetrics, clock: Clock) -> None:
    @app.middleware("http")
    async def measured(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        begun = clock.monotonic()
        response = await answer(request)
        route = getattr(request.scope.get("route"), "path", "other")
        metrics.requests.labels(route, request.method, str(response.status_code)).observe(
            clock.monotonic() - begun
        )
        return response


def _total(count: Count) -> dict[str, Any]:
    return {"value": count.value, "relation": "eq" if count.exact else "gte"}


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
