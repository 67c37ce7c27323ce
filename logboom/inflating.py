"""How are zlib's formats decompressed without ever holding more than is allowed?"""

from __future__ import annotations

import zlib

GZIP, ZLIB, RAW = 31, 15, -15
"""The formats, as zlib's `wbits` names them."""


class TooMuch(ValueError):
    """There is more than is allowed."""


class Damaged(ValueError):
    """It is not what it is said to be; the message says why."""


def inflate(body: bytes, kind: int, *, max_bytes: int) -> bytes:
    """Decompresses one stream, or several gzip members in a row.

    Args:
        body: Compressed.
        kind: `GZIP`, `ZLIB` or `RAW`.
        max_bytes: Of the content.

    Raises:
        TooMuch: It would be more.
        Damaged: It is cut off, or of another format.
    """
    parts: list[bytes] = []
    room = max_bytes
    try:
        while body:
            stream = zlib.decompressobj(kind)
            part = stream.decompress(body, room + 1)
            room -= len(part)
            if room < 0:
                raise TooMuch
            if not stream.eof:
                raise Damaged("the compressed body ends too early")
            parts.append(part)
            body = stream.unused_data
    except zlib.error as error:
        raise Damaged("the body is not compressed as its content encoding says") from error
    return b"".join(parts)
