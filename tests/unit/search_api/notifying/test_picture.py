"""The small picture, read back."""

from __future__ import annotations

import struct
import zlib

import pytest

from search_api.notifying.picture import HEIGHT, WIDTH, picture


def pixels(png: bytes) -> list[bytes]:
    """The rows of a PNG of one byte a pixel; its checksums are looked at."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length]) == (
            zlib.crc32(kind + content),
        )
        chunks[kind] = content
        place += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (WIDTH, HEIGHT)
    raw = zlib.decompress(chunks[b"IDAT"])
    return [raw[y * (WIDTH + 1) + 1 : (y + 1) * (WIDTH + 1)] for y in range(HEIGHT)]


def heights(counts: list[int]) -> list[int]:
    rows, step = pixels(picture(counts)), (WIDTH - 16) / len(counts)
    middles = [8 + int((number + 0.5) * step) for number in range(len(counts))]
    return [sum(row[x] == 2 for row in rows) for x in middles]


def test_bars_are_as_high_as_their_counts() -> None:
    assert heights([0, 50, 100, 1]) == [0, 52, 104, 1]


@pytest.mark.parametrize("counts", [[0], [7], [0] * 60, [10**12, 1], list(range(120))])
def test_any_row_has_a_picture(counts: list[int]) -> None:
    assert len(pixels(picture(counts))) == HEIGHT
    assert len(picture(counts)) < 4000
