"""What will be needed: from what was counted and what is planned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.forecasting import Disk, Planned, disk_forecast, hourly_pattern, recommend

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
TODAY = NOON.date()
GIB = 2**30


def at(hour: int, *, day: int = 14) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_the_pattern_is_the_mean_of_the_same_hour_of_all_days() -> None:
    counts = [(at(9, day=12), 3600), (at(9, day=13), 7200), (at(10, day=13), 0)]
    assert hourly_pattern(counts) == {9: 1.5, 10: 0.0}


def test_hours_are_those_of_utc() -> None:
    seoul = timezone(timedelta(hours=9))
    assert hourly_pattern([(datetime(2026, 3, 14, 18, tzinfo=seoul), 3600)]) == {9: 1.0}


@pytest.mark.parametrize(
    ("per_second", "processors"), [(0, 1), (1, 1), (10_000, 1), (10_001, 2), (55_000, 6)]
)
def test_there_is_a_processor_for_every_begun_share_of_the_events(
    per_second: float, processors: int
) -> None:
    (hour,) = recommend({12: per_second}, [], NOON, hours=1, per_processor=10_000)
    assert hour.processors == processors


@pytest.mark.parametrize(
    ("participants", "more"), [(0, 0), (1, 1), (1000, 1), (1001, 2), (12_000, 12)]
)
def test_a_planned_event_asks_for_one_more_for_every_begun_thousand(
    participants: int, more: int
) -> None:
    planned = Planned("talks", at(12), at(13), participants)
    (hour,) = recommend({12: 25_000}, [planned], NOON, hours=1, per_processor=10_000)
    assert hour.processors == 3 + more


def test_only_hours_that_it_touches_count_it() -> None:
    planned = Planned("talks", NOON + timedelta(minutes=90), NOON + timedelta(minutes=180), 1500)
    hours = recommend({}, [planned], NOON + timedelta(minutes=59), hours=5, per_processor=1000)
    assert [hour.begin.hour for hour in hours] == [12, 13, 14, 15, 16]
    assert [hour.processors for hour in hours] == [1, 3, 3, 1, 1]
    assert [hour.planned for hour in hours] == [(), ("talks",), ("talks",), (), ()]


def test_several_at_once_add_up() -> None:
    planned = [Planned("a", at(12), at(14), 1), Planned("b", at(12), at(13), 2001)]
    hours = recommend({}, planned, NOON, hours=2, per_processor=1000)
    assert [hour.processors for hour in hours] == [1 + 1 + 3, 1 + 1]


def test_a_processor_that_takes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        recommend({}, [], NOON, hours=1, per_processor=0)


@given(st.floats(0, 1e9), st.floats(1, 1e6))
def test_what_is_recommended_is_enough_and_not_one_too_many(
    per_second: float, per_processor: float
) -> None:
    (hour,) = recommend({12: per_second}, [], NOON, hours=1, per_processor=per_processor)
    assert hour.processors * per_processor >= per_second * (1 - 1e-9)
    assert hour.processors == 1 or (hour.processors - 1) * per_processor <= per_second * (1 + 1e-9)


def days(*sizes: int, last: date = TODAY - timedelta(days=1)) -> dict[date, int]:
    """Sizes of days in a row up to `last`."""
    return {last - timedelta(days=n): size for n, size in enumerate(reversed(sizes))}


def test_a_disk_is_full_when_the_days_have_filled_nine_tenths_of_it() -> None:
    forecast = disk_forecast(
        days(*[GIB] * 3), TODAY, keep_days=90, used=20 * GIB, total=100 * GIB
    )  # fmt: skip
    assert forecast == Disk(float(GIB), 10.0, 3)
    assert forecast.sentence() == "disk: 90% full in 10.0 weeks, if every day is like the last 3"


def test_today_does_not_count_and_old_days_do_not_blur_the_last_week() -> None:
    sizes = days(*[100 * GIB] * 10, *[2 * GIB] * 7) | {TODAY: 5}
    assert disk_forecast(sizes, TODAY, keep_days=90, used=0, total=GIB).daily_bytes == 2 * GIB


def test_days_that_go_make_room() -> None:
    sizes = days(*[GIB] * 23, *[3 * GIB] * 7)
    forecast = disk_forecast(sizes, TODAY, keep_days=30, used=0, total=140 * GIB)
    assert forecast == Disk(2.0 * GIB, 9.0, 7)


def test_what_comes_and_goes_alike_never_fills_the_disk() -> None:
    forecast = disk_forecast(
        days(*[GIB] * 30), TODAY, keep_days=30, used=50 * GIB, total=100 * GIB
    )  # fmt: skip
    assert forecast.weeks is None
    assert "as much is deleted as comes" in forecast.sentence()


def test_without_days_nothing_is_known_and_a_full_disk_is_full_now() -> None:
    assert disk_forecast({}, TODAY, keep_days=30, used=0, total=GIB) == Disk(0.0, None, 0)
    forecast = disk_forecast(days(GIB), TODAY, keep_days=30, used=95, total=100)
    assert forecast.weeks == 0.0
