"""Are plain words read as what people mean by them?"""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from logboom.errors import QueryError
from logboom.query.times import iso_text, parse_span

SEOUL = ZoneInfo("Asia/Seoul")
# A Wednesday: 2026-03-11 10:30:15.123456 in Seoul.
NOW_NS = 1_773_192_615_123_456_789


def local(text: str) -> tuple[str, str]:
    """Start and end as the clock in Seoul shows them, without what is zero at the end."""
    span = parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    nine_hours_us = 9 * 3_600_000_000
    ends = (iso_text(us + nine_hours_us) for us in (span.start_us, span.end_us))
    start, end = (end.removesuffix("Z").removesuffix(".000").removesuffix(":00") for end in ends)
    return start, end


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("yesterday", "2026-03-10T00:00", "2026-03-11T00:00"),
        ("Yesterday", "2026-03-10T00:00", "2026-03-11T00:00"),
        ("the day before yesterday", "2026-03-09T00:00", "2026-03-10T00:00"),
        ("yesterday 3pm", "2026-03-10T15:00", "2026-03-10T16:00"),
        ("yesterday at 3:30 PM", "2026-03-10T15:30", "2026-03-10T15:31"),
        ("yesterday, 15:04:05", "2026-03-10T15:04:05", "2026-03-10T15:04:06"),
        ("today at noon", "2026-03-11T12:00", "2026-03-11T12:01"),
        ("12am", "2026-03-11T00:00", "2026-03-11T01:00"),
        ("12pm", "2026-03-11T12:00", "2026-03-11T13:00"),
        ("monday", "2026-03-09T00:00", "2026-03-10T00:00"),
        ("wednesday 9:00", "2026-03-11T09:00", "2026-03-11T09:01"),
        ("last wednesday", "2026-03-04T00:00", "2026-03-05T00:00"),
        ("last week", "2026-03-02T00:00", "2026-03-09T00:00"),
        ("last 15 minutes", "2026-03-11T10:15:15.123456", "2026-03-11T10:30:15.123456"),
        ("the last hour", "2026-03-11T09:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("past 2 days", "2026-03-09T10:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("지난 1시간", "2026-03-11T09:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("최근 30분", "2026-03-11T10:00:15.123456", "2026-03-11T10:30:15.123456"),
        ("half an hour ago", "2026-03-11T10:00:15.123456", "2026-03-11T10:00:15.123456"),
        ("an hour and a half ago", "2026-03-11T09:00:15.123456", "2026-03-11T09:00:15.123456"),
        ("one and a half hours ago", "2026-03-11T09:00:15.123456", "2026-03-11T09:00:15.123456"),
        ("1 hour 15 minutes ago", "2026-03-11T09:15:15.123456", "2026-03-11T09:15:15.123456"),
        ("0.25 h ago", "2026-03-11T10:15:15.123456", "2026-03-11T10:15:15.123456"),
        ("500ms ago", "2026-03-11T10:30:14.623456", "2026-03-11T10:30:14.623456"),
        ("last half hour", "2026-03-11T10:00:15.123456", "2026-03-11T10:30:15.123456"),
        ("last 1.5 hours", "2026-03-11T09:00:15.123456", "2026-03-11T10:30:15.123456"),
        ("last 30m", "2026-03-11T10:00:15.123456", "2026-03-11T10:30:15.123456"),
        ("past 24h", "2026-03-10T10:30:15.123456", "2026-03-11T10:30:15.123456"),
        ("반시간 전", "2026-03-11T10:00:15.123456", "2026-03-11T10:00:15.123456"),
        ("한 시간 반 전", "2026-03-11T09:00:15.123456", "2026-03-11T09:00:15.123456"),
        ("1시간 30분 전", "2026-03-11T09:00:15.123456", "2026-03-11T09:00:15.123456"),
        ("지난 1시간 30분", "2026-03-11T09:00:15.123456", "2026-03-11T10:30:15.123456"),
        ("this month", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("next month", "2026-04-01T00:00", "2026-05-01T00:00"),
        ("next year", "2027-01-01T00:00", "2028-01-01T00:00"),
        ("2026-03-01 3pm", "2026-03-01T15:00", "2026-03-01T16:00"),
        ("March 3", "2026-03-03T00:00", "2026-03-04T00:00"),
        ("3 March 2025 14:00", "2025-03-03T14:00", "2025-03-03T14:00"),
        ("Tue, 10 Mar 2026 10:00:00 +0000", "2026-03-10T19:00", "2026-03-10T19:00"),
        ("어제", "2026-03-10T00:00", "2026-03-11T00:00"),
        ("어제 오후 3시", "2026-03-10T15:00", "2026-03-10T16:00"),
        ("어제 오후 3시 반", "2026-03-10T15:30", "2026-03-10T15:31"),
        ("오늘 오전 9시 30분", "2026-03-11T09:30", "2026-03-11T09:31"),
        ("오늘 오전 9시 5분 7초", "2026-03-11T09:05:07", "2026-03-11T09:05:08"),
        ("그저께 15시", "2026-03-09T15:00", "2026-03-09T16:00"),
        ("어제 밤 11시", "2026-03-10T23:00", "2026-03-11T00:00"),
        ("오늘 밤 12시", "2026-03-11T00:00", "2026-03-11T01:00"),
        ("새벽 2시", "2026-03-11T02:00", "2026-03-11T03:00"),
        ("낮 12시", "2026-03-11T12:00", "2026-03-11T13:00"),
        ("오전 12시", "2026-03-11T00:00", "2026-03-11T01:00"),
        ("정오", "2026-03-11T12:00", "2026-03-11T12:01"),
        ("월요일", "2026-03-09T00:00", "2026-03-10T00:00"),
        ("지난 수요일 오후 2시", "2026-03-04T14:00", "2026-03-04T15:00"),
        ("지난주", "2026-03-02T00:00", "2026-03-09T00:00"),
        ("1월 3일", "2026-01-03T00:00", "2026-01-04T00:00"),
        ("12월 3일", "2025-12-03T00:00", "2025-12-04T00:00"),
        ("2025년 1월 3일 오후 2시", "2025-01-03T14:00", "2025-01-03T15:00"),
        ("昨日 午後3時", "2026-03-10T15:00", "2026-03-10T16:00"),
        ("昨天下午3点半", "2026-03-10T15:30", "2026-03-10T15:31"),
        ("gestern um 15 Uhr", "2026-03-10T15:00", "2026-03-10T16:00"),
        ("hier à 15h", "2026-03-10T15:00", "2026-03-10T16:00"),
        ("ayer a las 15:00", "2026-03-10T15:00", "2026-03-10T15:01"),
    ],
)
def test_words_name_a_stretch_of_the_callers_day(text: str, start: str, end: str) -> None:
    assert local(text) == (start, end)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("just now", "2026-03-11T10:30:15.123456"),
        ("지금", "2026-03-11T10:30:15.123456"),
        ("2 hours ago", "2026-03-11T08:30:15.123456"),
        ("an hour ago", "2026-03-11T09:30:15.123456"),
        ("3 days ago", "2026-03-08T10:30:15.123456"),
        ("1 month ago", "2026-02-11T10:30:15.123456"),
        ("3일 전", "2026-03-08T10:30:15.123456"),
        ("30분 전", "2026-03-11T10:00:15.123456"),
        ("한 시간 전", "2026-03-11T09:30:15.123456"),
        ("두 달 전", "2026-01-11T10:30:15.123456"),
        ("vor 2 Stunden", "2026-03-11T08:30:15.123456"),
        ("il y a 3 heures", "2026-03-11T07:30:15.123456"),
    ],
)
def test_words_name_a_moment_before_now(text: str, start: str) -> None:
    assert local(text) == (start, start)


@pytest.mark.parametrize(
    "text",
    ["yesterday blah", "어제 foo", "어제 뭐지", "13pm", "0am", "yesterday 25:00", "2월 30일",
     "어제 오후 25시", "2025년 13월 1일", "24 Uhr", "sometime"],
)  # fmt: skip
def test_words_that_are_no_time_are_an_error(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    assert caught.value.suggestion


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("10/03/2025", "write 2025-03-10 or 2025-10-03"),
        ("3.10.2025 10:00", "write 2025-03-10 or 2025-10-03"),
        ("25/12/2025", "write 2025-12-25"),
        ("10/10/2025", "write 2025-10-10"),
    ],
)
def test_a_day_in_digits_must_have_its_year_first(text: str, suggestion: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    "zone", [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3))]
)
def test_the_library_is_told_any_zone(zone: timezone) -> None:
    found = parse_span("3 March 2025 14:00", now_ns=NOW_NS, zone=zone)
    offset = zone.utcoffset(None)
    assert offset is not None
    expected_s = 1_741_010_400 - offset.total_seconds()  # 2025-03-03T14:00Z
    assert found.start_us == expected_s * 1_000_000
