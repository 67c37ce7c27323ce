"""How large may a request be, and how may it be compressed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Message, Receive

from logboom.inflating import GZIP, Damaged, TooMuch, inflate
from search_api.access.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Body:
    """A body that was read.

    Attributes:
        content: All of it, decompressed; empty when nothing was read.
        receive: Gives it again, and then what the server says.
    """

    content: bytes
    receive: Receive


_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODY_HEADERS = frozenset({"content-length", "transfer-encoding"})
"""A request has a body if it has one of them, whatever its method is (RFC 9112, 6.3): searches come by GET, too."""

_PLAIN = frozenset({"", "identity"})
_GZIP = frozenset({"gzip", "x-gzip"})


async def received(
    method: str, headers: Mapping[str, str], receive: Receive, most_bytes: int
) -> Body:
    """Reads the body of a request, up to a bound.

    Args:
        method: In capitals.
        headers: By lower-case names.
        receive: As the server gave it.
        most_bytes: The bound, for what it is decompressed to as well.

    Returns:
        The body.

    Raises:
        Refusal: It is too large, or cannot be decompressed.
    """
    if method not in _WITH_BODY and not _BODY_HEADERS & headers.keys():
        return Body(b"", receive)
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most_bytes):
        raise _too_large(most_bytes)
    messages: list[Message] = []
    size, is_whole = 0, False
    while not is_whole:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > most_bytes:
            raise _too_large(most_bytes)
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
    content = b"".join(message.get("body", b"") for message in messages)
    encoding = headers.get("content-encoding", "").strip().lower()
    if content and encoding not in _PLAIN:
        content = _decompressed(content, encoding, most_bytes)
        messages = [{"type": "http.request", "body": content}]
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return Body(content, again)


def _decompressed(content: bytes, encoding: str, most_bytes: int) -> bytes:
    if encoding not in _GZIP:
        raise Refusal(
            415, f"the content encoding {encoding[:40]!r} is not known: send gzip, or none",
            {"Accept-Encoding": "gzip"},
        )  # fmt: skip
    try:
        return inflate(content, GZIP, max_bytes=most_bytes)
    except TooMuch as error:
        raise _too_large(most_bytes) from error
    except Damaged as error:
        raise Refusal(400, str(error)) from error


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(413, f"the body is larger than {most_bytes} bytes")
