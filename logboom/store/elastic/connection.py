"""How is a request sent over a connection, and its answer read? By the event loop itself, in HTTP/1.1.

Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

_PIECE_BYTES = 256 * 1024
"""Larger bodies are sent piece by piece: the event loop is not held up."""

_MOST_HEAD_BYTES = 64 * 1024
_INTERIM = range(100, 200)
_LENGTHS = frozenset({"content-length", "transfer-encoding"})
_HUNG_UP = "the server has disconnected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered.

    Attributes:
        status: Of HTTP.
        headers: By lower-case names; the last one of each.
        body: All of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Broken(Exception):
    """A connection ended, or brought what is no HTTP, before all of an answer was there.

    Attributes:
        has_begun: Some of the answer was there.
        has_hung_up: The server has ended the connection without a word.
    """

    def __init__(self, message: str, *, has_begun: bool, has_hung_up: bool = False) -> None:
        super().__init__(message)
        self.has_begun = has_begun
        self.has_hung_up = has_hung_up


class Connection(asyncio.Protocol):
    """One connection; asked one thing after the other.

    Attributes:
        is_open: It may be asked something.
        lost: Done when there is nothing left of it.
        free_since_s: When its last answer ended, as the event loop counts time.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.is_open = False
        self.lost = self._loop.create_future()
        self.free_since_s = self._loop.time()
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_sending = False
        self._is_head = False
        self._is_in_head = False
        self._has_begun = False
        self._is_until_the_end = False

    async def ask(self, head: bytes, body: bytes, *, is_head: bool = False) -> Answer:
        """Sends a request, and reads the whole answer.

        Args:
            head: The request up to the empty line.
            body: What comes behind it.
            is_head: The method is HEAD, whose answers have no body, whatever they say.

        Raises:
            Broken: There is no whole answer.
            ssl.SSLError: The other side is not trusted, or does not trust us.
        """
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        self._is_head = is_head
        self._has_begun = False
        self._head_bytes = 0
        try:
            if len(body) <= _PIECE_BYTES:
                self._transport.write(head + body)
            else:
                await self._send(head, body, answer)
            return await answer
        except BaseException:
            self.close()  # what still comes is the answer to a question that nobody asks any more
            raise
        finally:
            self._answer = None

    async def _send(self, head: bytes, body: bytes, answer: asyncio.Future[Answer]) -> None:
        """Sends piece by piece, until all is sent or answered."""
        self._is_sending = True
        self._transport.write(head)
        rest = memoryview(body)
        for begin in range(0, len(body), _PIECE_BYTES):
            self._transport.write(rest[begin : begin + _PIECE_BYTES])
            if self._room is not None:
                either: list[asyncio.Future[Any]] = [self._room, answer]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return
        self._is_sending = False

    def close(self) -> None:
        """Ends the connection. Idempotent."""
        self.is_open = False
        self._transport.close()

    def abort(self) -> None:
        """Ends it at once, without a word to the other side. Idempotent."""
        self.is_open = False
        self._transport.abort()

    # -- what the event loop tells ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Some of an answer; what nobody has asked for ends the connection."""
        if self._answer is None or self._answer.done():
            self.close()
            return
        self._has_begun = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(self._broken(f"what answers speaks no HTTP: {error}"))
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
                self._fail(self._broken("what answers speaks no HTTP: its head has no end"))

    def eof_received(self) -> None:
        """The other side says no more, which ends an answer that has not told its length."""
        if self._is_until_the_end:
            self._end(may_go_on=False)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone."""
        self.is_open = False
        if isinstance(error, ssl.SSLError):
            self._fail(error)
        else:
            has_hung_up = not self._has_begun
            self._fail(self._broken(str(error or _HUNG_UP), has_hung_up=has_hung_up))
        self.resume_writing()
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        """More is written than was sent."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """Nearly all is sent."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # -- what the parser tells ---------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins, or one of those that come before it."""
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._is_in_head = True
        self._is_until_the_end = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body follows, if there is one."""
        self._is_in_head = False
        self._status = self._parser.get_status_code()
        if self._status in _INTERIM:
            return
        if self._is_head:
            self._end(may_go_on=False)
        else:
            self._is_until_the_end = not _LENGTHS & self._headers.keys()

    def on_body(self, body: bytes) -> None:
        """Some of it."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """All of it was there; the parser forgets what the answer has said of the connection."""
        if self._status not in _INTERIM:
            self._end(may_go_on=self._parser.should_keep_alive() and not self._is_sending)

    def _end(self, *, may_go_on: bool) -> None:
        if self._answer is None or self._answer.done():
            return
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._answer.set_result(Answer(self._status, self._headers, body))
        self.free_since_s = self._loop.time()
        if not may_go_on:
            self.close()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _broken(self, message: str, *, has_hung_up: bool = False) -> Broken:
        return Broken(message, has_begun=self._has_begun, has_hung_up=has_hung_up)
