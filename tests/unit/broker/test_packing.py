"""A batch that was forged or damaged is never taken for one of ours, whatever it says of itself."""

from __future__ import annotations

import struct

import pytest
import zstandard

from logboom.broker.packing import Unpackable, Unpacker


@pytest.mark.parametrize(
    "body",
    [
        b"",
        struct.pack("<II", 2, 1),
        struct.pack("<II", 2, 2**32 - 1),
        struct.pack("<IIIIII", 2, 1, 1, 1, 1, 1) + b"kab",
        struct.pack("<IIIIII", 2, 1, 2, 1, 1, 9) + b"kab",
        struct.pack("<IIIIII", 2, 1, 2, 1, 1, 1) + b"kab-more",
    ],
)
def test_lengths_that_are_not_those_of_the_content_are_damage(body: bytes) -> None:
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(body)
    with pytest.raises(Unpackable):
        Unpacker().unpack(packed, 2)
