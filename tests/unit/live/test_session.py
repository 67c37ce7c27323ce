"""What is said over a WebSocket when the client has gone away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.websockets import WebSocket

from logboom.errors import StoreUnavailable
from search_api.live.news import News
from search_api.live.session import Session, Wish


async def test_a_problem_that_reaches_nobody_ends_nothing_else() -> None:
    tried = asyncio.Event()
    said: list[Any] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": '{"subscribe": "tail"}'},
    ]

    async def receive() -> Any:
        if said:
            return said.pop(0)
        await tried.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            tried.set()
            raise ConnectionResetError

    async def follow(wish: Wish) -> AsyncGenerator[News, None]:
        raise StoreUnavailable("is away")

    socket = WebSocket({"type": "websocket"}, receive, send)
    await socket.accept()
    async with asyncio.timeout(20):
        await Session(socket, {}, follow, lambda: 0.0).run()
