"""How long do requests take?"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logboom.clock import Clock
from logboom.telemetry import ApiMetrics


def install(app: FastAPI, metrics: ApiMetrics, clock: Clock) -> None:
    """Measures every request of an application, up to the begin of its answer."""
    app.add_middleware(Measured, metrics=metrics, clock=clock)


class Measured:
    """An application whose requests are measured; costs a request no task of its own.

    Args:
        app: The application.
        metrics: Where to.
        clock: For durations.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = self._clock.monotonic()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                took_s = self._clock.monotonic() - begun
                labels = (route, scope["method"], str(message["status"]))
                self._metrics.requests.labels(*labels).observe(took_s)
            await send(message)

        await self._app(scope, receive, sending)
