"""How much may a client say, and for how long, before its request is known, and what are old ones answered?

Nobody has shown a key by then, so that this has to be bounded for everybody; the server itself keeps whatever comes.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

if TYPE_CHECKING:
    from uvicorn._types import (
        ASGI3Application,
        ASGIReceiveCallable,
        ASGISendCallable,
        ASGISendEvent,
        Scope,
    )


class _HeadTooLargeError(Exception):
    """Ends the parser."""


class BoundedConnection(HttpToolsProtocol):
    """Uvicorn's connection, with bounds for the head of a request: its first line and headers.

    A larger one gets a 431, and the connection ends. It ends without an answer when a head is not complete in time,
    and when as much comes with a body that is none of it: the headers behind its chunks, which are kept as those before.

    Attributes:
        head_bytes: Of one head at most.
        head_s: From the connection's begin, or from the head's first byte, to the head's end at most.
    """

    head_bytes: ClassVar[int] = 128 * 1024
    head_s: ClassVar[float] = 20.0

    _received = 0
    _deadline: asyncio.TimerHandle | None = None
    _is_too_large = False
    _is_under_way = False
    _has_moved_on = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come, and is waited for."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes; what comes of a head that goes on is counted."""
        self._has_moved_on = False
        super().data_received(data)
        is_counted = self._deadline is not None or self._is_under_way
        if is_counted and not self._has_moved_on and not self.transport.is_closing():
            self._received += len(data)
            if self._received > self.head_bytes:
                self._end()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client says nothing more; what it has asked for it gets all the same, and the connection ends with that.

        Only an answer that has not begun keeps the connection: whoever ends it during a stream is mostly gone. With
        TLS it always ends.
        """
        cycle = self.cycle
        is_waited_for = cycle is not None and not cycle.more_body and not cycle.response_started
        if is_waited_for:
            cycle.keep_alive = False
        return is_waited_for and self.scheme != "https"

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._received = 0
        self._is_under_way = True
        self._has_moved_on = False
        if self._deadline is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """A head ends."""
        self._wait_no_more()
        self._move_on()
        headers = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.url) + headers > self.head_bytes:
            self._is_too_large = True
            raise _HeadTooLargeError
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Serves a request. Those of HTTP/1.0 know no chunks (RFC 9112, 6.1): their answer ends with the connection."""
        is_old = cycle.scope["http_version"] == "1.0"
        super()._start_asgi_task(cycle, _without_chunks(cycle, app) if is_old else app)

    def on_body(self, body: bytes) -> None:
        """A part of a body, of any length."""
        self._move_on()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request ends."""
        self._is_under_way = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers to what the parser did not take."""
        if self._is_too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.head_s, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _move_on(self) -> None:
        """What is being received is no headers, or no longer."""
        self._received = 0
        self._has_moved_on = True

    def _end(self) -> None:
        if self._deadline is not None:
            self._refuse()
        else:  # the answer may have begun
            self.transport.close()

    def _refuse(self) -> None:
        reason = b"the request line and the headers are larger than %d bytes" % self.head_bytes
        self.transport.write(
            STATUS_LINE[HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n%b" % (len(reason), reason)
        )
        self.transport.close()


def _without_chunks(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """An application whose answers of unknown length are written as they come."""

    async def served(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        is_open = False

        async def sent(message: ASGISendEvent) -> None:
            nonlocal is_open
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                is_open = b"content-length" not in names
                cycle.chunked_encoding = False if is_open else None
            elif message["type"] == "http.response.body" and is_open:
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, sent)

    return served
