"""Histograms are written alike by the compiled part and without it."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from types import SimpleNamespace
from typing import cast
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.native import native_library
from logboom.query.model import Query
from logboom.query.times import iso_text
from logboom.store import Facets, Histogram, Store, TimeRange, ValueCount
from search_api.counting.histograms import histogram_of, shown_histogram
from search_api.searching.asking import understand

MINUTE_US = 60_000_000
FIRST_US = -62_135_596_800_000_000
LAST_US = 253_402_300_799_999_999
COUNTS = st.integers(0, 2**64 - 1)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def both(found: Histogram) -> bytes:
    """What is answered."""
    written = orjson.dumps(shown_histogram(found))
    with patch("search_api.counting.histograms.native_library", lambda: None):
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
    with patch("search_api.counting.histograms.native_library", lambda: None):
        plain = orjson.dumps(shown_histogram(Histogram(1500, [0], counts, {"\ud800": counts})))
    answer = orjson.loads(plain.replace(b"\\ud800", b"?"))
    assert answer == {
        "interval": "1500us",
        "buckets": [{"from": "1970-01-01T00:00:00.000Z", "count": 2, "by": {"?": 2}}],
    }
    assert orjson.dumps(shown_histogram(Histogram(1500, [0], counts, {"\ud800": counts}))) == plain


@pytest.mark.skipif(native_library() is None, reason="there is no compiled part")
def test_columns_that_do_not_fit_are_refused() -> None:
    library = native_library()
    assert library is not None
    three = array("Q", [1, 2, 3])
    for starts, counts, by in (
        ([0], three, []), ([0, 1, 2], three, [(b'"a"', array("Q", [1]))]),
        ([0, 1, 2], array("I", [1, 2, 3]), []),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="each stretch"):
            library.answers.write_stretches(starts, counts, by)


@pytest.mark.parametrize("is_sure", [True, False])
async def test_values_over_a_change_of_the_clocks_stand_by_their_frequency(
    *, is_sure: bool
) -> None:
    counted = iter([{"a": 2, "b": 1}, {"b": 4, "c": 3, "d": 9}])

    async def histogram(
        _query: Query, times: TimeRange, *, interval_us: int, offset_us: int,
        by_values: Collection[str], **_: object,
    ) -> Histogram:  # fmt: skip
        assert times.start_us is not None
        start_us = times.start_us - (times.start_us - offset_us) % interval_us
        some = next(counted).items()
        by = {value: array("Q", [count]) for value, count in some if value in by_values}
        return Histogram(interval_us, [start_us], array("Q", [10]), by)

    async def facets(*_: object, **__: object) -> Facets:
        values = [ValueCount(value, 1) for value in "abc"]
        return Facets({"service.name": values}, is_sure)

    store = cast("Store", SimpleNamespace(histogram=histogram, facets=facets))
    day = await understand(0, "", "2026-10-25T00:00", "2026-10-26T00:00", "Europe/Berlin")
    found = await histogram_of(store, day, width_us=2 * 3600 * 10**6, by="service.name", now_us=0)
    assert [(value, sum(counts)) for value, counts in found.by.items()] == [
        ("b", 5), ("c", 3), ("a", 2),
    ]  # fmt: skip
    assert found.partial is not is_sure
