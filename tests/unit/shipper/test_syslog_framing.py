"""Messages in a TCP stream: octet counting, line breaks, NUL; however the bytes arrive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.inputs.syslog.framing import Piece, StreamFraming

TRUNCATED, UNTERMINATED = ("truncated",), ("unterminated",)


def cut(chunks: Sequence[bytes], max_bytes: int = 1000) -> list[Piece]:
    framing = StreamFraming(max_bytes)
    pieces = [piece for chunk in chunks for piece in framing.feed(chunk)]
    return pieces + framing.end()


def chunked(data: bytes, places: Sequence[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(bounds)]


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


PLACES = st.lists(st.integers(0, 10_000), max_size=12)
LINES = st.lists(st.binary(min_size=1).map(lambda line: line.translate(None, b"\r\n\0")))


@given(texts=st.lists(st.binary(max_size=60), min_size=1), places=PLACES)
def test_counted_messages_hold_any_bytes(texts: list[bytes], places: list[int]) -> None:
    messages = [b"<1>" + text for text in texts]
    stream = b"".join(map(counted, messages))
    assert cut(chunked(stream, places)) == [Piece(message) for message in messages]


@given(lines=LINES, places=PLACES, ending=st.sampled_from([b"\n", b"\r\n", b"\0\n"]))
def test_lines_are_messages(lines: list[bytes], places: list[int], ending: bytes) -> None:
    stream = b"".join(b"<1>" + line + ending for line in lines)
    assert cut(chunked(stream, places)) == [Piece(b"<1>" + line) for line in lines]


def test_a_sender_that_ends_messages_with_nul_may_write_lines_in_them() -> None:
    assert cut([b"<1>a\n b\0", b"<1>c\0<1>d\n e\0"]) == [
        Piece(b"<1>a\n b"), Piece(b"<1>c"), Piece(b"<1>d\n e"),
    ]  # fmt: skip


def test_a_nul_and_a_line_break_are_one_end_also_when_they_come_apart() -> None:
    assert cut([b"<1>a\0", b"\n<1>b\0", b"\n"]) == [Piece(b"<1>a"), Piece(b"<1>b")]


def test_line_breaks_after_a_counted_message_are_no_part_of_the_next() -> None:
    assert cut([b"4 <1>a\n4 <1>b\r\n\n4 <1>c"]) == [Piece(b"<1>a"), Piece(b"<1>b"), Piece(b"<1>c")]


@pytest.mark.parametrize(
    "line", [b"12 monkeys", b"2026-11-21 started", b"12345678901 <1>x", b"0 <1>x", b"7"]
)
def test_a_line_that_begins_with_digits_is_not_counted(line: bytes) -> None:
    for chunks in ([line + b"\n"], [bytes([byte]) for byte in line + b"\n"]):
        assert cut(chunks) == [Piece(line)]


def test_the_end_of_a_connection_in_the_midst_of_a_message_is_told() -> None:
    assert cut([b"<1>a\n<1>b"]) == [Piece(b"<1>a"), Piece(b"<1>b", UNTERMINATED)]
    assert cut([b"4 <1>a9 <1>b"]) == [Piece(b"<1>a"), Piece(b"<1>b", UNTERMINATED)]
    assert cut([b"<1>nothing else"]) == [Piece(b"<1>nothing else", UNTERMINATED)]
    assert cut([b"12"]) == [Piece(b"12", UNTERMINATED)]
    assert cut([b"<1>a\n"]) == [Piece(b"<1>a")]
    assert cut([]) == []


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
def test_a_long_message_is_cut_and_goes_on(chunk_bytes: int) -> None:
    message = b"<1>" + b"x" * 22
    for stream in (message + b"\n<1>b\n", counted(message) + counted(b"<1>b")):
        chunks = [stream[n : n + chunk_bytes] for n in range(0, len(stream), chunk_bytes)]
        pieces = cut(chunks, max_bytes=10)
        assert pieces == [
            Piece(b"<1>xxxxxxx", TRUNCATED), Piece(b"x" * 10, TRUNCATED, True),
            Piece(b"x" * 5, (), True), Piece(b"<1>b"),
        ]  # fmt: skip


def test_a_stream_that_lost_count_goes_on_by_lines() -> None:
    framing = StreamFraming(1000)
    assert framing.feed(b"4 <1>a<1>not counted\n<1>b\n") == [
        Piece(b"<1>a"), Piece(b"<1>not counted"), Piece(b"<1>b"),
    ]  # fmt: skip
    assert framing.broken


@given(
    stream=st.lists(st.sampled_from([b"<1>a", b"\n", b"\0", b"5 ", b"12 <", b"x" * 30, b" "])),
    places=PLACES,
)
def test_no_byte_is_lost_and_little_is_held_back(stream: list[bytes], places: list[int]) -> None:
    framing = StreamFraming(20)
    found = b""
    for chunk in chunked(b"".join(stream), places):
        found += b"".join(piece.data for piece in framing.feed(chunk))
        assert len(framing._buffer) <= 20 + len(chunk)
    found += b"".join(piece.data for piece in framing.end())
    for kept in (b"a", b"x"):
        assert found.count(kept) == b"".join(stream).count(kept)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "chunk", [b"\n" * 1000, b"\0" * 1000, b"7 <1>abcd" * 100, b"9999999999 <" + b"x" * 988]
)
def test_hostile_streams_are_held_back_in_bounds(chunk: bytes) -> None:
    framing = StreamFraming(2000)
    framing.feed(b"4 <1>a")
    for _ in range(2000):
        framing.feed(chunk)
        assert len(framing._buffer) <= 3000
