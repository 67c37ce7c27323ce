"""One connection to an HTTP server, kept open and cheap: the load test must not be the load."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

from logboom.errors import ServiceUnreachable, UsageError

_READ_BYTES = 256 * 1024
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes


class _Reading:
    """An answer that is being read."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self.has_begun = False
        self.is_complete = False
        self.may_go_on = False

    def feed(self, data: bytes) -> None:
        self.has_begun = True
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        self.is_complete = True
        # Afterwards the parser has forgotten what the answer said of the connection.
        self.may_go_on = self._parser.should_keep_alive()

    def answer(self) -> Answer:
        return Answer(self._parser.get_status_code(), b"".join(self._parts))


class Connection:
    """Asks one thing after the other.

    A question that the server hung up on before a byte of its answer, as it may when nothing was
    asked for a while, is put once more; what writes is not, since it may have been done.

    Args:
        url: Of the server; its path is not used.
        headers: Sent with each request.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no URL", mend="write for example http://127.0.0.1:7700")
        self._url = url
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        lines = {"Host": parts.netloc, **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, target: str, body: bytes | None = None) -> Answer:
        """Sends a GET, or a POST of JSON lines; reads the whole answer.

        Raises:
            ServiceUnreachable: There is none.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._ask(target, body)
        except (OSError, TimeoutError, HttpParserError, EOFError) as error:
            self.close()
            raise ServiceUnreachable(
                f"no answer: {error or type(error).__name__}", where=self._url,
                mend="start one with `logboom up`, or name it with --url",
            ) from error  # fmt: skip

    def close(self) -> None:
        """Ends the connection. Idempotent; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, target: str, body: bytes | None) -> Answer:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        is_used, reading = self._streams is not None, _Reading()
        try:
            return await self._ask_once(target, body, reading)
        except (EOFError, ConnectionError):
            self.close()
            if not is_used or body is not None or reading.has_begun:
                raise
        return await self._ask_once(target, body, _Reading())

    async def _ask_once(self, target: str, body: bytes | None, reading: _Reading) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._host, self._port, ssl=self._tls, limit=_READ_BYTES
            )
        reader, writer = self._streams
        head = f"{'GET' if body is None else 'POST'} {target} HTTP/1.1\r\n{self._head}"
        if body is not None:
            head += f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}\r\n".encode() + (body or b""))
        await writer.drain()
        while not reading.is_complete:
            data = await reader.read(_READ_BYTES)
            if not data:
                raise EOFError("the connection was closed")
            reading.feed(data)
        if not reading.may_go_on:
            self.close()
        return reading.answer()
