"""When does an answer travel compressed, and how?

Whoever asks for gzip gets it where the answer is text of some length. Streams of news do not: each of
their lines is to be there at once. Nor does what is shown once and secret: it is short.
"""

from __future__ import annotations

import asyncio
import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Send

_KINDS = frozenset(
    {
        "application/json", "application/vnd.elasticsearch+json", "application/problem+json",
        "application/x-ndjson", "text/csv", "text/html", "text/plain",
    }
)  # fmt: skip
_LEAST_BYTES = 1_400
"""What is shorter fills no more than one packet."""

_ASIDE_BYTES = 65_536
"""So much takes a third of a millisecond; more is done in a thread, and others are answered meanwhile."""

_LEVEL = 1
"""A page of events becomes 4.5 times smaller; at level 6 it is 5.7, in four times the time."""

_GZIP = 16 + zlib.MAX_WBITS


def takes_gzip(accepted: str) -> bool:
    """Whether a client wants answers compressed (RFC 9110, 12.5.3).

    Args:
        accepted: Its `Accept-Encoding`, or nothing.
    """
    weights: dict[str, str] = {}
    for one in accepted.lower().split(","):
        coding, _, weight = one.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return weight.rstrip("0.") != "q="


class Compressing:
    """The way to a client that takes gzip.

    Args:
        send: The server's.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._gzip: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        """Sends a message on; the begin of an answer waits until it is known how long it is."""
        kind = message["type"]
        if kind == "http.response.start" and _may_shrink(message):
            self._start = message
            return
        if kind == "http.response.body":
            message = await self._written(message)
        await self._send(message)

    async def _written(self, message: Message) -> Message:
        """A piece of the body, compressed if all of it is."""
        body, has_more = message.get("body", b""), message.get("more_body", False)
        is_first = self._start is not None
        if is_first and (has_more or len(body) >= _LEAST_BYTES):
            self._gzip = zlib.compressobj(_LEVEL, wbits=_GZIP)
        if self._gzip is not None and (body or not has_more):
            end = zlib.Z_SYNC_FLUSH if has_more else zlib.Z_FINISH
            if len(body) > _ASIDE_BYTES:
                body = await asyncio.to_thread(_shrunk, self._gzip, body, end)
            else:
                body = _shrunk(self._gzip, body, end)
        if is_first:
            await self._begin(None if has_more else len(body))
        return {**message, "body": body}

    async def _begin(self, length: int | None) -> None:
        """Sends the headers; `length` is that of all of the body, as it is sent, or None: not known."""
        start, self._start = self._start, None
        assert start is not None
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.add_vary_header("Accept-Encoding")
        if self._gzip is not None:
            headers["Content-Encoding"] = "gzip"
            if length is None:
                del headers["Content-Length"]
            else:
                headers["Content-Length"] = str(length)
        await self._send({**start, "headers": headers.raw})


def _may_shrink(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_text = headers.get("content-type", "").partition(";")[0].strip() in _KINDS
    return is_text and "content-encoding" not in headers and "etag" not in headers


def _shrunk(gzip: zlib._Compress, body: bytes, end: int) -> bytes:
    return gzip.compress(body) + gzip.flush(end)
