"""Receivers of other makers, as HTTP servers on loopback that remember what they were sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Heard:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


Answering = Callable[[Heard], web.Response]


@dataclass
class Server:
    """An HTTP server.

    Attributes:
        url: Where it is.
        heard: What it was sent, in order.
        answering: What it says.
    """

    url: str
    heard: list[Heard] = field(default_factory=list)
    answering: Answering = lambda _heard: web.json_response({})


@asynccontextmanager
async def hearing() -> AsyncIterator[Server]:
    """A server on a free port of loopback."""
    server = Server("")

    async def answer(request: web.Request) -> web.Response:
        one = Heard(
            request.method, request.path, dict(request.query),
            {name.lower(): value for name, value in request.headers.items()}, await request.read(),
        )  # fmt: skip
        server.heard.append(one)
        return server.answering(one)

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()
