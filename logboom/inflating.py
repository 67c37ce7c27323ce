"""How are zlib's formats decompressed without ever holding more than is allowed?"""

from __future__ import annotations

import zlib
from typing import Final

GZIP, ZLIB, RAW = 31, 15, -15
"""The formats, as zlib's `wbits` names them."""

_PIECE_BYTES: Final = 1_024
"""So much is read at once: what lies behind a stream in it is copied, and streams may be tiny."""


class TooMuch(ValueError):
    """There is more than is allowed."""


class Damaged(ValueError):
    """It is not what it is said to be; the message says why."""


def inflate(body: bytes, kind: int, *, max_bytes: int) -> bytes:
    """Decompresses one stream, or several gzip members in a row, in a time that grows with the length.

    Args:
        body: Compressed.
        kind: `GZIP`, `ZLIB` or `RAW`.
        max_bytes: Of the content.

    Raises:
        TooMuch: It would be more.
        Damaged: It is cut off, or of another format.
    """
    view, at = memoryview(body), 0
    stream = zlib.decompressobj(kind)
    is_open = False
    parts: list[bytes] = []
    room = max_bytes
    try:
        while at < len(view):
            piece = view[at : at + _PIECE_BYTES]
            part = stream.decompress(piece, room + 1)
            room -= len(part)
            if room < 0:
                raise TooMuch
            parts.append(part)
            at += len(piece) - len(stream.unused_data)
            is_open = not stream.eof
            if not is_open:
                stream = zlib.decompressobj(kind)
    except zlib.error as error:
        raise Damaged("the body is not compressed as its content encoding says") from error
    if is_open:
        raise Damaged("the compressed body ends too early")
    return b"".join(parts)
