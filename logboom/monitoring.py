"""How does a service that has no API answer `/metrics`, `/healthz` and `/readyz`?

A few lines of HTTP/1.1 on loopback: three pages, GET and HEAD only, one request for each connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from prometheus_client import CollectorRegistry, generate_latest

from logboom.config.units import split_address
from logboom.reporting import Reporter
from logboom.telemetry import PipelineCollector

log = logging.getLogger("logboom.monitoring")

_MAX_HEAD_BYTES = 16 * 1024
_PATIENCE_S = 5.0
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WORDS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

Page = tuple[int, str, bytes]
"""Status, content type and body of an answer."""


class Monitoring:
    """Answers for one service.

    Args:
        address: Where to listen, HOST:PORT; None for nowhere.
        reporter: Knows how the service is.
        tell: Fills the collector with what the service knows, at every scrape.
    """

    def __init__(
        self, address: str | None, reporter: Reporter, tell: Callable[[PipelineCollector], None]
    ) -> None:
        self._address = address
        self._reporter = reporter
        self._tell = tell
        self._collector = PipelineCollector()
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)

    async def serve(self) -> None:
        """Answers until it is cancelled. An address that is taken is told, and is no reason to stop."""
        if self._address is None:
            return
        host, port = split_address(self._address)
        try:
            server = await asyncio.start_server(self._answer, host, port, limit=_MAX_HEAD_BYTES)
        except OSError as error:
            log.warning(
                "no metrics: %s cannot be listened on: %s", self._address, error.strerror or error
            )
            return
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._response(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("a request for metrics was no request, or was not waited for")
        finally:
            writer.close()

    def _response(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        status, kind, body = self.page(method, rest.partition(" ")[0].partition("?")[0])
        lines = (
            f"HTTP/1.1 {status} {_WORDS[status]}", f"Content-Type: {kind}",
            f"Content-Length: {len(body)}", "Connection: close", "", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode() + (b"" if method == "HEAD" else body)

    def page(self, method: str, path: str) -> Page:
        """One page.

        Args:
            method: Of the request.
            path: Without its query.
        """
        if method not in {"GET", "HEAD"}:
            return 405, "text/plain", b"only GET\n"
        if path == "/metrics":
            self._tell(self._collector)
            return 200, _METRICS_TYPE, generate_latest(self._registry)
        if path == "/healthz":
            return 200, "text/plain", b"alive\n"
        if path == "/readyz":
            waiting_for = self._reporter.waiting_for
            is_ready = self._reporter.state == "running"
            words = waiting_for or self._reporter.state
            return (200 if is_ready else 503), "text/plain; charset=utf-8", f"{words}\n".encode()
        return 404, "text/plain", b"/metrics /healthz /readyz\n"
