"""How long do requests take?"""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import Histogram
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
        self._durations: dict[tuple[str, str, str], Histogram] = {}

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
                self._observe((route, scope["method"], str(message["status"])), took_s)
            await send(message)

        await self._app(scope, receive, sending)

    def _observe(self, labels: tuple[str, str, str], took_s: float) -> None:
        durations = self._durations.get(labels)
        if durations is None:  # looking for it costs as much as all else that is done here
            durations = self._durations[labels] = self._metrics.requests.labels(*labels)
        durations.observe(took_s)
