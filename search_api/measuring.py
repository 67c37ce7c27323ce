"""How long do requests take?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from logboom.clock import Clock
from logboom.telemetry import ApiMetrics


def install(app: FastAPI, metrics: ApiMetrics, clock: Clock) -> None:
    """Measures every request of an application, up to the begin of its answer."""

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
