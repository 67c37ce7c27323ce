"""Are times read as other programs write them, or is said what to write instead?"""

from __future__ import annotations

import pytest

from logboom.errors import QueryError
from logboom.query.times import parse_span
from tests.unit.query.test_spoken import NOW_NS, SEOUL, local


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("10/Oct/2000:13:55:36 -0700", "2000-10-11T05:55:36", "2000-10-11T05:55:37"),
        ("[10/Oct/2000:13:55:36 +0900]", "2000-10-10T13:55:36", "2000-10-10T13:55:37"),
        ("9/Mar/2026:13:55:36", "2026-03-09T13:55:36", "2026-03-09T13:55:37"),
        ("20260310T101530Z", "2026-03-10T19:15:30", "2026-03-10T19:15:31"),
        ("20260310T101530.250+0900", "2026-03-10T10:15:30.250", "2026-03-10T10:15:30.251"),
        ("20260310T1015", "2026-03-10T10:15", "2026-03-10T10:16"),
        ("202603101015", "2026-03-10T10:15", "2026-03-10T10:16"),
        ("20260310101530", "2026-03-10T10:15:30", "2026-03-10T10:15:31"),
        ("2026-03-10_10:15:30", "2026-03-10T10:15:30", "2026-03-10T10:15:31"),
        ("@1773192615", "2026-03-11T10:30:15", "2026-03-11T10:30:16"),
        ("NOW", "2026-03-11T10:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("Now-1h/h", "2026-03-11T09:00", "2026-03-11T10:00"),
        ("now()", "2026-03-11T10:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("now()-1h", "2026-03-11T09:30:15.123456", "2026-03-11T09:30:15.123456"),
        ("today+8h", "2026-03-11T08:00", "2026-03-12T08:00"),
        ("yesterday-1d", "2026-03-09T00:00", "2026-03-10T00:00"),
        ("PT1H30M", "2026-03-11T09:00:15.123456", "2026-03-11T09:00:15.123456"),
        ("-P1D", "2026-03-10T10:30:15.123456", "2026-03-10T10:30:15.123456"),
        ("P1M", "2026-02-11T10:30:15.123456", "2026-02-11T10:30:15.123456"),
        ("1H", "2026-03-11T09:30:15.123456", "2026-03-11T09:30:15.123456"),
        ("1D 2H", "2026-03-10T08:30:15.123456", "2026-03-10T08:30:15.123456"),
        ("2mo", "2026-01-11T10:30:15.123456", "2026-01-11T10:30:15.123456"),
        ("10:00Z", "2026-03-11T19:00", "2026-03-11T19:01"),
        ("01:00 UTC", "2026-03-11T10:00", "2026-03-11T10:01"),
        ("10:00+09:00", "2026-03-11T10:00", "2026-03-11T10:01"),
        ("10:00:00.5", "2026-03-11T10:00:00.500", "2026-03-11T10:00:00.500001"),
        ("previous hour", "2026-03-11T09:00", "2026-03-11T10:00"),
        ("previous day", "2026-03-10T00:00", "2026-03-11T00:00"),
        ("Mar 10 10:15:30", "2026-03-10T10:15:30", "2026-03-10T10:15:31"),
        ("Mar 10, 2026 @ 10:15:30.123", "2026-03-10T10:15:30.123", "2026-03-10T10:15:30.123"),
        ("Tue Mar 10 10:15:30 UTC 2026", "2026-03-10T19:15:30", "2026-03-10T19:15:30"),
        ("Tuesday, March 10, 2026 10:15 AM", "2026-03-10T10:15", "2026-03-10T10:15"),
    ],
)
def test_times_of_other_programs_are_read(text: str, start: str, end: str) -> None:
    assert local(text) == (start, end)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("-1h@h", "write now-1h/h"),
        ("-7d@d", "write now-7d/d"),
        ("@d", "write now/d"),
        ("-1d@d+2h", "write now-1d/d+2h"),
        ("now-1mon@mon", "write now-1M/M"),
        ("now-1hour", "write now-1h"),
        ("now-2days/day", "write now-2d/d"),
        ("now - 1h", "write now-1h"),
        ("+1h", "write now+1h"),
        ("now-15", "write the unit, too: now-15m for minutes, now-15h for hours"),
        ("1h30", "write 1h30m"),
        ("22.22.2026", "write"),
        ("3.2.2026", "write 2026-02-03 or 2026-03-02"),
        ("W47", "write 2026-W47"),
        ("week 7", "write 2026-W07"),
        ("yesterday 10:00-11:00", "`from`"),
        ("10:00 - 11:00", "`from`"),
        ("now-2h to now-1h", "`from`"),
        ("now-2h..now-1h", "`from`"),
    ],
)
def test_what_cannot_be_known_is_answered_with_what_to_write(text: str, suggestion: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    assert suggestion in str(caught.value.suggestion)


@pytest.mark.parametrize(
    "text",
    ["3 hours ago at 5", "2 hours ago 15:00", "3 hours ago 5", "32/Oct/2000:13:55:36", "P", "PT"],
)
def test_no_number_is_left_out(text: str) -> None:
    with pytest.raises(QueryError, match="is not a time"):
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)


def test_a_day_with_one_meaning_is_not_said_to_have_two() -> None:
    with pytest.raises(QueryError, match="does not have its year first") as caught:
        parse_span("22.11.2026 um 10 Uhr", now_ns=NOW_NS, zone=SEOUL)
    assert caught.value.suggestion == "write 2026-11-22"
