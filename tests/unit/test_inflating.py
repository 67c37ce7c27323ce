"""What is compressed is read whole, or refused; however it is cut into streams."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.inflating import GZIP, RAW, ZLIB, Damaged, TooMuch, inflate

EMPTY = gzip.compress(b"", mtime=0)


@given(st.binary(max_size=20_000), st.lists(st.integers(0, 20_000)))
def test_members_in_a_row_are_one_content(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    body = b"".join(gzip.compress(content[a:b], mtime=0) for a, b in pairwise(places))
    assert inflate(body, GZIP, max_bytes=len(content)) == content
    with pytest.raises(Damaged):
        inflate(body[:-1], GZIP, max_bytes=len(content))
    if content:
        with pytest.raises(TooMuch):
            inflate(body, GZIP, max_bytes=len(content) - 1)


@pytest.mark.parametrize("kind", [GZIP, ZLIB, RAW])
@pytest.mark.parametrize("length", [0, 1, 5_000, 1_000_000])
def test_every_format_is_read_of_any_length(kind: int, length: int) -> None:
    content = (b"0123456789abcdef" * length)[:length]
    stream = zlib.compressobj(wbits=kind)
    body = stream.compress(content) + stream.flush()
    assert inflate(body, kind, max_bytes=length) == content


def test_nothing_is_no_content_and_what_is_not_compressed_is_damaged() -> None:
    assert inflate(b"", GZIP, max_bytes=0) == b""
    for body in (b"plain", EMPTY + b"plain", EMPTY[:5]):
        with pytest.raises(Damaged):
            inflate(body, GZIP, max_bytes=100)


def test_tiny_members_cost_no_more_than_their_length() -> None:
    copied = 0
    real = zlib.decompressobj

    class Counting:
        """A stream that tells how much of what lies behind it has been copied."""

        def __init__(self, kind: int) -> None:
            self._stream = real(kind)

        def decompress(self, *given: Any) -> bytes:
            nonlocal copied
            part = self._stream.decompress(*given)
            copied += len(self._stream.unused_data)
            return part

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    body = EMPTY * 20_000
    with patch("zlib.decompressobj", Counting):
        assert inflate(body, GZIP, max_bytes=0) == b""
    assert copied < 100 * len(body)
