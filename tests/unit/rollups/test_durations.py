"""Percentiles: within the error that is stated, however the parts are put together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from logboom.rollups import RELATIVE_ERROR, Durations
from logboom.rollups.durations import LONGEST, bounds, merged

BUCKETS = bounds(1, LONGEST)
DURATIONS = st.lists(st.integers(1, 10**15), min_size=1, max_size=50)


def sketch(values: list[int]) -> Durations:
    """As a store counts them in its ranges."""
    counts = {key: sum(start <= value < end for value in values) for key, start, end in BUCKETS}
    return Durations(bins={key: count for key, count in counts.items() if count})


@given(DURATIONS, st.floats(0, 1))
def test_a_percentile_is_within_the_stated_error(values: list[int], share: float) -> None:
    found = sketch(values).percentile(share)
    true = sorted(values)[int(share * (len(values) - 1))]
    assert found is not None
    assert abs(found - true) <= true * RELATIVE_ERROR * 1.001


@given(DURATIONS, DURATIONS, DURATIONS)
def test_parts_add_up_in_any_order(one: list[int], two: list[int], three: list[int]) -> None:
    whole = sketch(one + two + three)
    assert merged([merged([sketch(one), sketch(two)]), sketch(three)]) == whole
    assert merged([sketch(three), merged([sketch(two), sketch(one)])]) == whole


def test_buckets_have_no_gaps_from_the_first_to_the_longest() -> None:
    assert BUCKETS[0][1] == 1
    assert BUCKETS[-1][2] > LONGEST
    assert all(one[2] == two[1] for one, two in pairwise(BUCKETS))
    assert len(BUCKETS) < 1100


@given(st.integers(1, LONGEST), st.integers(1, LONGEST))
def test_buckets_cover_what_was_asked_for(one: int, two: int) -> None:
    shortest, longest = sorted((one, two))
    found = bounds(shortest, longest)
    assert found[0][1] <= shortest
    assert found[-1][2] > longest
    assert set(found) <= set(BUCKETS)


def test_nothing_has_no_percentile() -> None:
    assert Durations().percentile(0.5) is None
    assert Durations().count == 0
    assert bounds(-5, 0) == []


def test_zeros_are_the_shortest() -> None:
    durations = Durations(zeros=3, bins={519: 1})
    assert durations.count == 4
    assert durations.percentile(0.5) == 0
    longest = durations.percentile(1)
    assert longest is not None
    assert abs(longest - 1e9) < 0.02e9
