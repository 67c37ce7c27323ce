"""Tiers: how long they are kept, and how rows become rows of wider stretches."""

from __future__ import annotations

from datetime import timedelta

from logboom.config import RollupsSection
from logboom.rollups import Durations, Row, Tier, added_up

MINUTE_US = 60_000_000


def test_each_tier_fits_into_the_next() -> None:
    assert [tier.below for tier in Tier] == [None, Tier.MINUTE, Tier.FIVE_MINUTES]
    assert all(tier.below is None or tier.value % tier.below.value == 0 for tier in Tier)


def test_a_tier_is_kept_as_long_as_configured() -> None:
    section = RollupsSection(minutes=timedelta(days=2))
    now_us = 100 * 86_400_000_000
    assert Tier.MINUTE.is_kept(section, now_us - 2 * 86_400_000_000, now_us)
    assert not Tier.MINUTE.is_kept(section, now_us - 2 * 86_400_000_000 - 1, now_us)
    assert Tier.HOUR.kept_for(section) == timedelta(days=365)


def test_rows_of_one_group_are_added_up() -> None:
    rows = [
        Row(4 * MINUTE_US, "a", "h", "info", 2, 1, 2, 1, last_ms=9, durations=Durations(1, {5: 1})),
        Row(3 * MINUTE_US, "a", "h", "info", 3, 0, 1, 0, last_ms=7, durations=Durations(0, {5: 2})),
        Row(3 * MINUTE_US, "a", "h", "warn", 1),
        Row(5 * MINUTE_US, "a", "h", "info", 1),
    ]
    assert added_up(rows, 5 * MINUTE_US) == [
        Row(0, "a", "h", "info", 5, 1, 3, 1, last_ms=9, durations=Durations(1, {5: 3})),
        Row(0, "a", "h", "warn", 1),
        Row(5 * MINUTE_US, "a", "h", "info", 1),
    ]
