"""Histograms are written alike by the compiled part and without it."""

from __future__ import annotations

from array import array
from unittest.mock import patch

import orjson
from hypothesis import given
from hypothesis import strategies as st

from logboom.query.times import iso_text
from logboom.store import Histogram
from search_api.histograms import shown_histogram

MINUTE_US = 60_000_000
FIRST_US = -62_135_596_800_000_000
LAST_US = 253_402_300_799_999_999
COUNTS = st.integers(0, 2**64 - 1)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def both(found: Histogram) -> bytes:
    """What is answered."""
    written = orjson.dumps(shown_histogram(found))
    with patch("search_api.histograms.native_library", lambda: None):
        assert orjson.dumps(shown_histogram(found)) == written
    return written


@given(
    starts=st.lists(st.integers(FIRST_US, LAST_US), unique=True, max_size=20).map(sorted),
    values=st.lists(VALUES, unique=True, max_size=5), data=st.data(),
)  # fmt: skip
def test_stretches_are_written_with_their_values(
    starts: list[int], values: list[str], data: st.DataObject
) -> None:
    size = len(starts)
    column = st.lists(COUNTS, min_size=size, max_size=size).map(lambda some: array("Q", some))
    by = {value: data.draw(column) for value in values}
    counts = data.draw(column)
    answer = orjson.loads(both(Histogram(MINUTE_US, starts, counts, by)))
    assert answer["interval"] == "60s"
    assert answer["buckets"] == [
        {
            "from": iso_text(start), "count": counts[row],
            "by": {value: by[value][row] for value in values if by[value][row]},
        }
        for row, start in enumerate(starts)
    ]  # fmt: skip


def test_half_of_a_character_is_a_value_as_any() -> None:
    counts = array("Q", [2])
    with patch("search_api.histograms.native_library", lambda: None):
        plain = orjson.dumps(shown_histogram(Histogram(1500, [0], counts, {"\ud800": counts})))
    answer = orjson.loads(plain.replace(b"\\ud800", b"?"))
    assert answer == {
        "interval": "1500us",
        "buckets": [{"from": "1970-01-01T00:00:00.000Z", "count": 2, "by": {"?": 2}}],
    }
    assert orjson.dumps(shown_histogram(Histogram(1500, [0], counts, {"\ud800": counts}))) == plain
