"""The routes outside of ``/api/v1``: greeting, liveness, readiness, metrics."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, generate_latest

from logboom import __version__
from logboom.errors import LogboomError
from logboom.store import Store
from logboom.telemetry import PipelineCollector
from search_api.access.grants import is_stranger
from search_api.http.problems import problem
from search_api.pipeline.state import PipelineState

log = logging.getLogger("logboom.api")

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
_READING = ["GET", "HEAD"]
"""Of what watches whether a service lives, some ask for the headers alone."""

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def install(
    app: FastAPI, store: Store, state: PipelineState, registry: CollectorRegistry
) -> None:  # fmt: skip
    """Adds the routes to an application.

    Args:
        app: Gets them.
        store: Asked whether it is ready.
        state: What the pipeline's metrics tell of.
        registry: Has the API's own metrics; the pipeline's are added.
    """
    collector = PipelineCollector()
    registry.register(collector)

    @app.api_route("/", methods=_READING, include_in_schema=False)
    async def greet() -> Response:
        return Response(_GREETING.format(version=__version__), media_type="text/plain")

    @app.api_route("/healthz", methods=_READING, include_in_schema=False)
    async def alive() -> Response:
        return Response("alive\n", media_type="text/plain")

    @app.api_route("/readyz", methods=_READING, include_in_schema=False)
    async def ready(request: Request) -> Response:
        try:
            sentence = await store.check()
        except LogboomError as error:
            if not is_stranger(request):
                raise
            log.warning("not ready: %s", error.sentence())
            return problem(503, "the store does not answer")
        return Response(
            "ready\n" if is_stranger(request) else f"{sentence}\n", media_type="text/plain"
        )

    @app.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        await _update(collector, state)
        return Response(generate_latest(registry), media_type=_METRICS_TYPE)


async def _update(collector: PipelineCollector, state: PipelineState) -> None:
    snapshot = await state.snapshot()
    collector.services, collector.sources = snapshot.services, snapshot.sources
    collector.gone = state.gone(snapshot)
    collector.limits = await state.limits.known()
    collector.lag, collector.losses, collector.dead = snapshot.lag, snapshot.losses, snapshot.dead
    collector.rates, collector.scaling = snapshot.rates, snapshot.scaling
