"""How does a row of counts look as a small picture?

Source: PNG, https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 480
HEIGHT: Final = 120
_MARGIN: Final = 8
_PALETTE: Final = bytes((255, 255, 255, 176, 190, 197, 183, 28, 28))  # paper, line, bars


def picture(counts: Sequence[int]) -> bytes:
    """Bars over a line, the highest as high as there is room, as a PNG of 480 by 120 pixels.

    Args:
        counts: One for each bar, at least one and at most 464; not negative.
    """
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    room, highest = HEIGHT - 2 * _MARGIN, max(*counts, 1)
    for x in range(_MARGIN, WIDTH - _MARGIN):
        rows[HEIGHT - _MARGIN][x] = 1
    step = (WIDTH - 2 * _MARGIN) / len(counts)
    for number, count in enumerate(counts):
        height = round(room * count / highest) or (1 if count else 0)
        left, right = _MARGIN + int(number * step), _MARGIN + int((number + 1) * step)
        for y in range(HEIGHT - _MARGIN - height, HEIGHT - _MARGIN):
            rows[y][left : max(left + 1, right - 1)] = b"\x02" * (max(left + 1, right - 1) - left)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)  # one byte a pixel, by palette
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    chunks = ((b"IHDR", head), (b"PLTE", _PALETTE), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
