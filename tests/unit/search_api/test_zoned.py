"""Buckets begin when the clocks of a zone say so, also where these are changed."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.query.times import iso_text
from logboom.store import Histogram, TimeRange
from search_api.zoned import cut

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def counted(
    begin: str, end: str, width_us: int, zone: str, moments: list[int] | None = None
) -> list[tuple[str, int]]:
    """The buckets of a range in which something happens at the given moments, or every hour."""
    times = TimeRange(us(begin), us(end))
    known = (us(begin), us(end))
    happened = list(range(*known, HOUR_US)) if moments is None else moments
    parts = cut(times, known, width_us, ZoneInfo(zone))
    found = []
    for piece in parts.pieces:
        first = known[0] if piece.times.start_us is None else piece.times.start_us
        last = known[1] if piece.times.end_us is None else piece.times.end_us
        counts: dict[int, int] = {}
        for moment in happened:
            if first <= moment < last:
                start = moment - (moment - piece.offset_us) % width_us
                counts[start] = counts.get(start, 0) + 1
        found.append(histogram(counts, width_us))
    starts, columns = parts.assembled(found, times)
    return [(iso_text(one)[:16], n) for one, n in zip(starts, columns[None], strict=True)]


def histogram(counts: Mapping[int, int], width_us: int) -> Histogram:
    """Counts as a store has them, by the begin of their stretch."""
    if not counts:
        return Histogram.empty(width_us)
    starts = range(min(counts), max(counts) + 1, width_us)
    return Histogram(width_us, starts, array("Q", [counts.get(start, 0) for start in starts]))


def test_days_begin_at_midnight_of_the_zone() -> None:
    assert counted("2026-11-20T15:00", "2026-11-22T15:00", DAY_US, "Asia/Seoul") == [
        ("2026-11-20T15:00", 24), ("2026-11-21T15:00", 24),
    ]  # fmt: skip
    assert counted("2026-11-20T18:15", "2026-11-21T18:15", DAY_US, "Asia/Kathmandu") == [
        ("2026-11-20T18:15", 24)
    ]


def test_a_day_in_spring_has_23_hours_and_one_in_autumn_25() -> None:
    assert counted("2026-03-27T23:00", "2026-03-30T22:00", DAY_US, "Europe/Berlin") == [
        ("2026-03-27T23:00", 24), ("2026-03-28T23:00", 23), ("2026-03-29T22:00", 24),
    ]  # fmt: skip
    assert counted("2026-10-23T22:00", "2026-10-26T23:00", DAY_US, "Europe/Berlin") == [
        ("2026-10-23T22:00", 24), ("2026-10-24T22:00", 25), ("2026-10-25T23:00", 24),
    ]  # fmt: skip


def test_hours_pass_by_a_change_of_the_clocks_evenly() -> None:
    found = counted("2026-10-24T22:00", "2026-10-25T04:00", HOUR_US, "Europe/Berlin")
    assert found == [(f"2026-10-{day}:00", 1) for day in ("24T22", "24T23", "25T00", "25T01", "25T02", "25T03")]  # fmt: skip


def test_two_hours_begin_at_even_hours_of_the_clocks() -> None:
    found = counted("2026-03-28T23:00", "2026-03-29T06:00", 2 * HOUR_US, "Europe/Berlin")
    # 00:00, 02:00 (leapt over, so at 03:00), 04:00, 06:00 in Berlin
    assert found == [
        ("2026-03-28T23:00", 2), ("2026-03-29T01:00", 1), ("2026-03-29T02:00", 2),
        ("2026-03-29T04:00", 2),
    ]  # fmt: skip


def test_weeks_begin_with_monday() -> None:
    found = counted("2026-03-22T23:00", "2026-04-05T22:00", 7 * DAY_US, "Europe/Berlin")
    assert found == [("2026-03-22T23:00", 7 * 24 - 1), ("2026-03-29T22:00", 7 * 24)]
    assert datetime(2026, 3, 23, tzinfo=UTC).weekday() == 0


def test_minutes_are_not_cut_at_a_change() -> None:
    parts = cut(
        TimeRange(us("2026-03-28T23:00"), us("2026-03-30T00:00")),
        (us("2026-03-28T23:00"), us("2026-03-30T00:00")), 60_000_000, ZoneInfo("Europe/Berlin"),
    )  # fmt: skip
    assert len(parts.pieces) == 1


def test_nothing_is_left_out_at_any_change_of_ten_years() -> None:
    begin, end = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 - for text only
    moments = [us((begin + timedelta(hours=h)).isoformat()) for h in range(0, 87_672, 5)]
    found = counted(begin.isoformat(), end.isoformat(), DAY_US, "America/New_York", moments)
    assert sum(count for _, count in found) == len(moments)
    starts = [text for text, _ in found]
    assert starts == sorted(set(starts))
    assert {text[11:] for text in starts} == {"04:00", "05:00"}


@given(
    begin=st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - in UTC
    hours=st.integers(1, 24 * 40),
    width=st.sampled_from([1, 2, 3, 6, 12, 24, 7 * 24]),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
         "Asia/Kathmandu", "America/Sao_Paulo", "Asia/Seoul", "Pacific/Apia"]
    ),
)  # fmt: skip
def test_each_moment_is_in_the_bucket_that_it_belongs_to(
    begin: datetime, hours: int, width: int, zone: str
) -> None:
    first = us(begin.replace(microsecond=0).isoformat())
    last = first + hours * HOUR_US
    moments = list(range(first, last, HOUR_US // 2))
    times = TimeRange(first, last)
    parts = cut(times, (first, last), width * HOUR_US, ZoneInfo(zone))
    found = []
    for piece in parts.pieces:
        start = first if piece.times.start_us is None else piece.times.start_us
        end = last if piece.times.end_us is None else piece.times.end_us
        counts: dict[int, int] = {}
        for moment in moments:
            if start <= moment < end:
                at = moment - (moment - piece.offset_us) % (width * HOUR_US)
                counts[at] = counts.get(at, 0) + 1
        found.append(histogram(counts, width * HOUR_US))
    starts, columns = parts.assembled(found, times)
    assert list(starts) == sorted(set(starts))
    for at, end, count in zip(starts, [*starts[1:], 2**60], columns[None], strict=True):
        assert count == sum(at <= moment < end for moment in moments)


def test_too_many_buckets_are_refused() -> None:
    with pytest.raises(QueryError, match="bucket"):
        counted("2026-01-01T00:00", "2026-01-02T00:00", 1_000_000, "UTC", [])


def test_without_a_range_there_are_buckets_from_the_first_match_to_the_last() -> None:
    parts = cut(TimeRange(), (0, 10 * DAY_US), DAY_US, ZoneInfo("UTC"))
    nothing, columns = parts.assembled([Histogram.empty(DAY_US)], TimeRange())
    assert (list(nothing), list(columns[None])) == ([], [])
    some = histogram({DAY_US: 1, 3 * DAY_US: 2}, DAY_US)
    starts, columns = parts.assembled([some], TimeRange())
    assert list(starts) == [DAY_US, 2 * DAY_US, 3 * DAY_US]
    assert list(columns[None]) == [1, 0, 2]


def test_values_keep_their_stretches_where_the_clocks_are_changed() -> None:
    times = TimeRange(us("2026-10-24T22:00"), us("2026-10-25T04:00"))
    known = (us("2026-10-24T22:00"), us("2026-10-25T04:00"))
    parts = cut(times, known, 3 * HOUR_US, ZoneInfo("Europe/Berlin"))
    before, after = parts.pieces
    # 00:00 and 03:00 in Berlin; 02:00 is shown twice, so that what is from 00:00 has four hours
    found = [
        Histogram(
            3 * HOUR_US, [known[0]], array("Q", [3]), {"a": array("Q", [2]), "b": array("Q", [1])}
        ),
        Histogram(
            3 * HOUR_US, range(us("2026-10-24T23:00"), us("2026-10-25T02:00") + 1, 3 * HOUR_US),
            array("Q", [1, 2]), {"a": array("Q", [1, 0]), "c": array("Q", [0, 2])},
        ),
    ]  # fmt: skip
    assert (before.ahead_us, after.ahead_us) == (2 * HOUR_US, HOUR_US)
    starts, columns = parts.assembled(found, times)
    assert [iso_text(one)[:16] for one in starts] == ["2026-10-24T22:00", "2026-10-25T02:00"]
    assert {value: list(counts) for value, counts in columns.items()} == {
        None: [4, 2], "a": [3, 0], "b": [1, 0], "c": [0, 2],
    }  # fmt: skip
