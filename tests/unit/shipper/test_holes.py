"""Runs of NUL bytes are no text; single ones within a line are."""

from __future__ import annotations

import pytest

from shipper.files.holes import text_end

RUN = bytes(4096)


@pytest.mark.parametrize(
    ("data", "begin", "end"),
    [
        (b"a\0b\n", 0, 4),
        (b"ab\n" + RUN + b"c\n", 0, 3),
        (b"ab\n" + RUN + b"c\n", 3, 3),
        (RUN + b"ab\n", 0, 0),
        (b"ab\n" + RUN[1:] + b"c\n", 0, 4100),
    ],
)
def test_a_hole_begins_with_so_many(data: bytes, begin: int, end: int) -> None:
    assert text_end(data, begin, unit=1, is_first=False, may_go_on=False) == end


def test_any_at_the_beginning_of_a_file_is_a_hole() -> None:
    data = b"\0a\n"
    assert text_end(data, 0, unit=1, is_first=True, may_go_on=False) == 0
    assert text_end(data, 0, unit=2, is_first=True, may_go_on=False) == len(data)


@pytest.mark.parametrize("may_go_on", [False, True])
def test_those_at_the_end_wait_for_what_follows(*, may_go_on: bool) -> None:
    data = b"ab\n" + bytes(10)
    assert text_end(data, 0, unit=1, is_first=False, may_go_on=may_go_on) == 3
    assert text_end(data, 3, unit=1, is_first=False, may_go_on=may_go_on) == 3


def test_code_units_of_two_bytes_are_not_torn() -> None:
    text = "ab\n".encode("utf-16-le")
    assert text[-1] == 0
    assert text_end(text + RUN, 0, unit=2, is_first=False, may_go_on=False) == len(text)
    assert text_end(text + bytes(9), 0, unit=2, is_first=False, may_go_on=True) == len(text)
