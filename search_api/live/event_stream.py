"""How are news sent as Server-Sent Events, with little memory for each who waits?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from logboom.errors import LogboomError
from search_api.live.news import News

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """An answer that goes on as long as there are news and a client.

    No task waits for the client to go away: it is looked for after each message, and there is one
    at least every heartbeat.

    Args:
        following: The news; empty ones become a place to go on from, or a sign of life.
    """

    media_type = "text/event-stream"

    def __init__(self, following: AsyncGenerator[News, None]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._following = following

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until one of both has come to an end."""
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send(send, b": logboom tail\n\n")
        place = ""
        async with aclosing(self._following):
            try:
                async for news in self._following:
                    is_elsewhere, place = news.place not in {"", place}, news.place or place
                    said = b"".join(_messages(news))
                    await _send(send, said or (_place(place) if is_elsewhere else b": alive\n\n"))
                    if await _is_gone(receive):
                        return
            except LogboomError as error:
                problem = orjson.dumps({"detail": str(error)})
                await _send(send, b"event: problem\ndata: %b\n\n" % problem)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _is_gone(receive: Receive) -> bool:
    """True when the client has gone away; does not wait for it."""
    try:
        async with asyncio.timeout(0):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def _place(place: str) -> bytes:
    """Where to go on; an id without any data is not kept by all clients."""
    return b"id: %b\nevent: place\ndata: %b\n\n" % (place.encode(), orjson.dumps({"place": place}))


def _messages(news: News) -> Iterator[bytes]:
    left_out = {"dropped": news.dropped, "passed_over": news.passed_over}
    if any(left_out.values()):
        place = b"id: %b\n" % news.place.encode() if news.place and not news.lines else b""
        yield b"event: dropped\n%bdata: %b\n\n" % (place, orjson.dumps(left_out))
    for line in news.lines:
        yield b"id: %b\ndata: %b\n\n" % (line.place.encode(), line.json)
