"""Buckets begin when the clocks of a zone say so, also where these are changed."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.query.times import iso_text
from logboom.store import Histogram, TimeRange
from search_api.counting.zoned import cut

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def counted(
    begin: str, end: str, width_us: int, zone: str, moments: list[int] | None = None
) -> list[tuple[str, int]]:
    """The buckets of a range in which something happens at the given moments, or every hour."""
    happened = list(range(us(begin), us(end), HOUR_US)) if moments is None else moments
    starts, counts = buckets(us(begin), us(end), width_us, zone, happened)
    return [(iso_text(one)[:16], n) for one, n in zip(starts, counts, strict=True)]


def buckets(
    first_us: int, last_us: int, width_us: int, zone: str, happened: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """Where those of a range begin, and what a store that counts in UTC has found for each."""
    times = TimeRange(first_us, last_us)
    parts = cut(times, (first_us, last_us), width_us, ZoneInfo(zone))
    found = []
    for piece in parts.pieces:
        begin_us, end_us = piece.times.start_us, piece.times.end_us
        assert begin_us is not None
        assert end_us is not None
        inside = [moment for moment in happened if begin_us <= moment < end_us]
        counts = Counter(one - (one - piece.offset_us) % width_us for one in inside)
        found.append(histogram(counts, width_us))
    starts, columns = parts.assembled(found, times)
    return starts, columns[None]


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


@pytest.mark.parametrize(
    ("zone", "begin", "end", "width_us", "first"),
    [
        ("America/New_York", "2026-11-01T17:00", "2026-11-02T05:00", DAY_US, "2026-11-01T04:00"),
        ("Europe/Berlin", "2026-03-29T10:00", "2026-03-29T22:00", DAY_US, "2026-03-28T23:00"),
        ("Europe/Berlin", "2026-10-25T11:00", "2026-10-26T11:00", 7 * DAY_US, "2026-10-18T22:00"),
        ("Africa/Cairo", "2026-10-29T22:00", "2026-10-30T22:00", 7 * DAY_US, "2026-10-25T21:00"),
        ("America/New_York", "2026-11-01T08:30", "2026-11-01T10:30", 6 * HOUR_US, "2026-11-01T04:00"),
    ],
)  # fmt: skip
def test_a_bucket_that_began_before_the_clocks_were_changed_begins_then(
    zone: str, begin: str, end: str, width_us: int, first: str
) -> None:
    found = counted(begin, end, width_us, zone)
    assert found[0][0] == first
    assert sum(count for _, count in found) == (us(end) - us(begin)) // HOUR_US


def test_what_is_shown_again_belongs_to_the_bucket_that_was_begun() -> None:
    moments = list(range(us("2026-11-01T04:00"), us("2026-11-01T11:00"), HOUR_US // 4))
    found = counted(
        "2026-11-01T04:00", "2026-11-01T11:00", 3 * HOUR_US // 2, "America/New_York", moments
    )
    # 00:00, 01:30, which ends with 03:00 an hour later, 04:30
    assert found == [
        ("2026-11-01T04:00", 6), ("2026-11-01T05:30", 10), ("2026-11-01T08:00", 6),
        ("2026-11-01T09:30", 6),
    ]  # fmt: skip
    # From 01:10, when it is shown for the second time.
    found = counted(
        "2026-11-01T06:10", "2026-11-01T08:00", 3 * HOUR_US // 2, "America/New_York", moments
    )
    assert found == [("2026-11-01T05:30", 7)]


def test_a_bucket_whose_begin_is_leapt_over_begins_with_the_leap() -> None:
    moments = list(range(us("2026-09-26T11:15"), us("2026-09-26T17:15"), HOUR_US // 4))
    found = counted("2026-09-26T11:15", "2026-09-26T17:15", 3 * HOUR_US, "Pacific/Chatham", moments)
    # 00:00, 03:00 (02:45 was followed by 03:45), 06:00
    assert found == [("2026-09-26T11:15", 11), ("2026-09-26T14:00", 9), ("2026-09-26T16:15", 4)]


def test_a_range_that_ends_before_it_begins_has_no_buckets() -> None:
    for width_us in (HOUR_US, DAY_US):
        assert counted("2026-11-03T00:00", "2026-11-01T00:00", width_us, "America/New_York") == []
        assert counted("2026-11-03T00:00", "2026-11-03T00:00", width_us, "America/New_York") == []


CHANGES = {
    "Africa/Cairo": ["2026-04-23T22:00", "2026-10-29T21:00"],
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],
    "America/Havana": ["2026-03-08T05:00", "2026-11-01T05:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "America/Santiago": ["2026-04-05T03:00", "2026-09-06T04:00"],
    "America/St_Johns": ["2010-03-14T03:31", "2010-11-07T02:31"],
    "Asia/Kathmandu": ["1985-12-31T18:30"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Pacific/Apia": ["2011-12-30T10:00"],
    "Pacific/Chatham": ["2026-04-04T14:00", "2026-09-26T14:00"],
    "Pacific/Kwajalein": ["1969-09-30T13:00", "1993-08-21T12:00"],
}
"""Zones, and when their clocks are changed."""

MINUTE_US = HOUR_US // 60


@given(
    change=st.sampled_from([(zone, one) for zone, some in CHANGES.items() for one in some]),
    before=st.integers(-40 * 60, 60 * 60),
    minutes=st.integers(1, 60 * 60),
    width=st.sampled_from(
        [1, 20, 45, 60, 90, 100, 120, 180, 300, 360, 720, 1440, 2880, 7 * 1440, 30 * 1440]
    ),
)
def test_each_moment_is_in_the_bucket_that_it_belongs_to(
    change: tuple[str, str], before: int, minutes: int, width: int
) -> None:
    zone, at = change
    first = us(at) - before * MINUTE_US
    last = first + minutes * MINUTE_US
    moments = list(range(first, last, 5 * MINUTE_US))
    starts, counts = buckets(first, last, width * MINUTE_US, zone, moments)
    assert list(starts) == sorted(set(starts))
    assert starts[0] <= first
    assert starts[-1] < last
    held = Counter(bisect_right(starts, moment) - 1 for moment in moments)
    assert list(counts) == [held[place] for place in range(len(starts))]
    if len(starts) > 1:
        assert starts[1] > first


def test_too_many_buckets_are_refused() -> None:
    with pytest.raises(QueryError, match="bucket"):
        counted("2026-01-01T00:00", "2026-01-02T00:00", 1_000_000, "UTC", [])


def test_all_years_may_be_asked_for() -> None:
    found = counted("0003-01-01T00:00", "9998-01-01T00:00", 400 * DAY_US, "America/New_York", [])
    assert len(found) == -(-(date(9998, 1, 1) - date(1, 12, 29)).days // 400)
    assert [text for text, _ in found] == sorted({text for text, _ in found})


def test_of_a_zone_only_the_years_that_are_asked_for_are_looked_at() -> None:
    looked: list[int] = []

    class Zone(tzinfo):
        def utcoffset(self, moment: datetime | None) -> timedelta:
            assert moment is not None
            looked.append(moment.year)
            return timedelta(hours=9)

        def dst(self, _: datetime | None) -> timedelta:
            return timedelta()

        def tzname(self, _: datetime | None) -> str:
            return "KST"

    first_us, last_us = us("2026-11-01T00:00"), us("2026-11-22T00:00")
    cut(TimeRange(first_us, last_us), (first_us, last_us), DAY_US, Zone())
    assert {2026} <= set(looked) <= {2025, 2026, 2027}


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
    assert (before.period.ahead_us, after.period.ahead_us) == (2 * HOUR_US, HOUR_US)
    starts, columns = parts.assembled(found, times)
    assert [iso_text(one)[:16] for one in starts] == ["2026-10-24T22:00", "2026-10-25T02:00"]
    assert {value: list(counts) for value, counts in columns.items()} == {
        None: [4, 2], "a": [3, 0], "b": [1, 0], "c": [0, 2],
    }  # fmt: skip
