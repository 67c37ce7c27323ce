"""The ledger turns red for a single line, in either direction, and for nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from logboom.ledger import Ledger, judge
from logboom.status import SourceStatus
from logboom.store import SourceCount

DAY = date(2026, 11, 21)


def source(**changes: Any) -> SourceStatus:
    base: dict[str, Any] = {
        "source": "s", "shipper": "h", "run": "r", "path": "/a.log", "at_ns": 0, "state": "idle",
        "lines_read": 112, "lines_acked": 110, "lines_empty": 2, "acked": {"r": {"2026-11-21": 100}},
    }  # fmt: skip
    return SourceStatus(**{**base, **changes})


def verdict_of(
    status: SourceStatus,
    stored: int,
    *,
    lag: int = 0,
    dead: int = 0,
    days: tuple[date, ...] = (DAY,),
) -> Ledger:
    counts = [SourceCount("r", DAY, stored)] if stored else []
    return judge([status], counts, lag=lag, dead={"r": dead}, days=days)


def test_a_balanced_ledger_is_green() -> None:
    ledger = verdict_of(source(), 100)
    assert (ledger.verdict, ledger.findings) == ("green", [])
    assert (ledger.sources[0].events_acked, ledger.sources[0].events_stored) == (100, 100)


def test_one_event_less_in_the_store_is_red() -> None:
    ledger = verdict_of(source(), 99)
    assert ledger.verdict == "red"
    assert "1 events are missing" in ledger.findings[0]
    assert "/a.log" in ledger.findings[0]


def test_one_event_more_in_the_store_is_red() -> None:
    assert verdict_of(source(), 101).verdict == "red"


def test_a_store_without_any_event_is_red() -> None:
    assert verdict_of(source(), 0).verdict == "red"


def test_what_waits_in_the_broker_is_on_its_way() -> None:
    assert verdict_of(source(), 60, lag=40).verdict == "catching up"
    assert verdict_of(source(), 59, lag=40).verdict == "red"


def test_dead_letters_are_accounted_for() -> None:
    assert verdict_of(source(), 97, dead=3).verdict == "green"


@pytest.mark.parametrize("lines_read", [111, 113])
def test_a_line_that_the_shipper_cannot_account_for_is_red(lines_read: int) -> None:
    ledger = verdict_of(source(lines_read=lines_read), 100)
    assert ledger.verdict == "red"
    assert f"{lines_read} lines were read" in ledger.findings[0]


def test_pending_lines_are_accounted_for() -> None:
    assert verdict_of(source(lines_read=115, lines_pending=3), 100).verdict == "green"


def test_a_day_that_was_dropped_is_left_out() -> None:
    status = source(acked={"r": {"2026-11-21": 100, "2026-01-01": 5}})
    assert verdict_of(status, 100).verdict == "green"
