"""Is a time read as what it names?"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from subprocess import run
from zoneinfo import ZoneInfo

import pytest

from logboom.errors import QueryError
from logboom.query.times import iso_text, parse_interval, parse_span, parse_time, parse_until

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
# A Wednesday: 2026-03-11 10:30:15.123456 in Seoul.
NOW_NS = 1_773_192_615_123_456_789


def span(text: str, zone: tzinfo = SEOUL) -> tuple[str, str]:
    found = parse_span(text, now_ns=NOW_NS, zone=zone)
    return iso_text(found.start_us), iso_text(found.end_us)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2023-12-31T15:00:00.000Z", "2024-12-31T15:00:00.000Z"),
        ("2024-02", "2024-01-31T15:00:00.000Z", "2024-02-29T15:00:00.000Z"),
        ("2024-01-31", "2024-01-30T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("20240131", "2024-01-30T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("2024/01/31", "2024-01-30T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("2024.01.31", "2024-01-30T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("2024/01/31 10:15", "2024-01-31T01:15:00.000Z", "2024-01-31T01:16:00.000Z"),
        ("2024-01-31T10:15 +00:00", "2024-01-31T10:15:00.000Z", "2024-01-31T10:16:00.000Z"),
        ("2024-01-31 10:15:30 -0330", "2024-01-31T13:45:30.000Z", "2024-01-31T13:45:31.000Z"),
        ("2024-01-31Z", "2024-01-31T00:00:00.000Z", "2024-02-01T00:00:00.000Z"),
        ("2024-01-31T10", "2024-01-31T01:00:00.000Z", "2024-01-31T02:00:00.000Z"),
        ("2024-01-31 10:15", "2024-01-31T01:15:00.000Z", "2024-01-31T01:16:00.000Z"),
        ("2024-01-31T10:15:30Z", "2024-01-31T10:15:30.000Z", "2024-01-31T10:15:31.000Z"),
        ("2024-01-31t10:15:30z", "2024-01-31T10:15:30.000Z", "2024-01-31T10:15:31.000Z"),
        ("2024-01-31T10:15:30.5Z", "2024-01-31T10:15:30.500Z", "2024-01-31T10:15:30.501Z"),
        (
            "2024-01-31T10:15:30,123456Z",
            "2024-01-31T10:15:30.123456Z",
            "2024-01-31T10:15:30.123457Z",
        ),
        (
            "2024-01-31T10:15:30.123456789Z",
            "2024-01-31T10:15:30.123456Z",
            "2024-01-31T10:15:30.123457Z",
        ),
        ("2024-01-31T10:15:30+09:00", "2024-01-31T01:15:30.000Z", "2024-01-31T01:15:31.000Z"),
        ("2024-01-31T10:15:30-0330", "2024-01-31T13:45:30.000Z", "2024-01-31T13:45:31.000Z"),
        ("2024-01-31T10:15:30+02", "2024-01-31T08:15:30.000Z", "2024-01-31T08:15:31.000Z"),
        ("2026-11-21T24:00", "2026-11-21T15:00:00.000Z", "2026-11-21T15:01:00.000Z"),
        ("2026-11-21T24:00:00.0Z", "2026-11-22T00:00:00.000Z", "2026-11-22T00:00:00.001Z"),
        ("2026-W47", "2026-11-15T15:00:00.000Z", "2026-11-22T15:00:00.000Z"),
        ("2020-W53-7", "2021-01-02T15:00:00.000Z", "2021-01-03T15:00:00.000Z"),
        ("2026-W47-3", "2026-11-17T15:00:00.000Z", "2026-11-18T15:00:00.000Z"),
        ("2026W473", "2026-11-17T15:00:00.000Z", "2026-11-18T15:00:00.000Z"),
        ("2026-W47-3T10:15Z", "2026-11-18T10:15:00.000Z", "2026-11-18T10:16:00.000Z"),
        ("2026-325", "2026-11-20T15:00:00.000Z", "2026-11-21T15:00:00.000Z"),
        ("2024-366T10+02:00", "2024-12-31T08:00:00.000Z", "2024-12-31T09:00:00.000Z"),
        ("0", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"),
        ("-1", "1969-12-31T23:59:59.000Z", "1970-01-01T00:00:00.000Z"),
        ("1706713200", "2024-01-31T15:00:00.000Z", "2024-01-31T15:00:01.000Z"),
        ("1706713200.25", "2024-01-31T15:00:00.250Z", "2024-01-31T15:00:00.250001Z"),
        ("1706713200123", "2024-01-31T15:00:00.123Z", "2024-01-31T15:00:00.124Z"),
        ("1706713200123456", "2024-01-31T15:00:00.123456Z", "2024-01-31T15:00:00.123457Z"),
        ("1706713200123456789", "2024-01-31T15:00:00.123456Z", "2024-01-31T15:00:00.123457Z"),
        ("15:04", "2026-03-11T06:04:00.000Z", "2026-03-11T06:05:00.000Z"),
        ("15:04:05", "2026-03-11T06:04:05.000Z", "2026-03-11T06:04:06.000Z"),
        ("9999-12-31", "9999-12-30T15:00:00.000Z", "9999-12-31T14:59:59.999999Z"),
    ],
)
def test_a_time_is_the_stretch_it_names(text: str, start: str, end: str) -> None:
    assert span(text) == (start, end)
    assert span(f"  {text} ") == (start, end)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("now", "2026-03-11T01:30:15.123456Z"),
        ("now-1h", "2026-03-11T00:30:15.123456Z"),
        ("now-1H", "2026-03-11T00:30:15.123456Z"),
        ("now-90m", "2026-03-11T00:00:15.123456Z"),
        ("now-h", "2026-03-11T00:30:15.123456Z"),
        ("now+1d-1h", "2026-03-12T00:30:15.123456Z"),
        ("now-1M", "2026-02-11T01:30:15.123456Z"),
        ("now-1y", "2025-03-11T01:30:15.123456Z"),
        ("1h", "2026-03-11T00:30:15.123456Z"),
        ("-1h", "2026-03-11T00:30:15.123456Z"),
        ("1h30m", "2026-03-11T00:00:15.123456Z"),
        ("1h 30m", "2026-03-11T00:00:15.123456Z"),
        ("1.5h", "2026-03-11T00:00:15.123456Z"),
        ("1.5d", "2026-03-09T13:30:15.123456Z"),
        ("0.5w", "2026-03-07T13:30:15.123456Z"),
        ("250ms", "2026-03-11T01:30:14.873456Z"),
        ("2w", "2026-02-25T01:30:15.123456Z"),
    ],
)
def test_an_instant_has_no_width(text: str, start: str) -> None:
    assert span(text) == (start, start)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("now/d", "2026-03-10T15:00:00.000Z", "2026-03-11T15:00:00.000Z"),
        ("now-1h/h", "2026-03-11T00:00:00.000Z", "2026-03-11T01:00:00.000Z"),
        ("now-1d/d", "2026-03-09T15:00:00.000Z", "2026-03-10T15:00:00.000Z"),
        ("now/w", "2026-03-08T15:00:00.000Z", "2026-03-15T15:00:00.000Z"),
        ("now/M", "2026-02-28T15:00:00.000Z", "2026-03-31T15:00:00.000Z"),
        ("now/y", "2025-12-31T15:00:00.000Z", "2026-12-31T15:00:00.000Z"),
        ("now/m", "2026-03-11T01:30:00.000Z", "2026-03-11T01:31:00.000Z"),
        ("now/s", "2026-03-11T01:30:15.000Z", "2026-03-11T01:30:16.000Z"),
        ("now/d+9h", "2026-03-11T00:00:00.000Z", "2026-03-12T00:00:00.000Z"),
        ("2024-01-31||+1M", "2024-02-28T15:00:00.000Z", "2024-02-29T15:00:00.000Z"),
        ("2024-01-15||/M", "2023-12-31T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("2024-01-01||+1d/d", "2024-01-01T15:00:00.000Z", "2024-01-02T15:00:00.000Z"),
    ],
)
def test_date_math_counts_on_the_callers_calendar(text: str, start: str, end: str) -> None:
    assert span(text) == (start, end)


def test_a_day_of_23_hours_is_one_day() -> None:
    assert span("2024-03-31", BERLIN) == ("2024-03-30T23:00:00.000Z", "2024-03-31T22:00:00.000Z")
    assert span("2024-04-01||-1d", BERLIN)[0] == "2024-03-30T23:00:00.000Z"
    assert span("2024-04-01||-24h", BERLIN)[0] == "2024-03-30T22:00:00.000Z"


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert span("2024-10-27T02:30", BERLIN)[0] == "2024-10-27T00:30:00.000Z"


def test_rounding_in_the_second_of_two_equal_hours_stays_in_it() -> None:
    now = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    found = parse_span("now/h", now_ns=int(now.timestamp()) * 10**9, zone=BERLIN)
    assert iso_text(found.start_us) == "2024-10-27T01:00:00.000Z"


def test_rounding_up_gives_the_last_microsecond() -> None:
    assert (
        iso_text(parse_time("2024-01-31", now_ns=NOW_NS, zone=UTC, round_up=True))
        == "2024-01-31T23:59:59.999999Z"
    )
    instant = parse_time("now", now_ns=NOW_NS, zone=UTC)
    assert parse_time("now", now_ns=NOW_NS, zone=UTC, round_up=True) == instant


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2024-01-31", "2024-01-31T15:00:00.000Z"),
        ("2024-01", "2024-01-31T15:00:00.000Z"),
        ("now/d", "2026-03-11T15:00:00.000Z"),
        ("now-1h/h", "2026-03-11T01:00:00.000Z"),
        ("2024-01-31T10:15||/h", "2024-01-31T02:00:00.000Z"),
        ("yesterday", "2026-03-10T15:00:00.000Z"),
        ("now", "2026-03-11T01:30:15.123456Z"),
        ("1h", "2026-03-11T00:30:15.123456Z"),
        ("15:04", "2026-03-11T06:04:00.000Z"),
        ("2024-01-31T10:15:30", "2024-01-31T01:15:30.000Z"),
        ("어제 오후 3시", "2026-03-10T06:00:00.000Z"),
        ("last hour", "2026-03-11T01:30:15.123456Z"),
        ("last 15 minutes", "2026-03-11T01:30:15.123456Z"),
        ("last 24h", "2026-03-11T01:30:15.123456Z"),
        ("this hour", "2026-03-11T02:00:00.000Z"),
        ("어젯밤", "2026-03-10T15:00:00.000Z"),
        ("yesterday 3pm", "2026-03-10T06:00:00.000Z"),
        ("2 hours ago", "2026-03-10T23:30:15.123456Z"),
        ("la semaine dernière", "2026-03-08T15:00:00.000Z"),
    ],
)
def test_until_a_day_includes_it_and_until_a_minute_does_not(text: str, end: str) -> None:
    assert iso_text(parse_until(text, now_ns=NOW_NS, zone=SEOUL)) == end


def test_a_zone_may_be_a_plain_offset() -> None:
    zone = timezone(timedelta(hours=-3, minutes=-30))
    assert span("2024-01-31", zone)[0] == "2024-01-31T03:30:00.000Z"


@pytest.mark.parametrize(
    "text",
    ["", " ", "foo", "now-", "now/x", "now 1h", "2024-13-01", "2024-02-30", "2024-1-1",
     "2024-01-01T25:00",
     "2024-01-01T24:01", "2026-W54", "2026-W47-8", "2026-W47T10:00", "2026-000", "2026-366",
     "2024-01-01T10:60", "2024-01-01||x", "now-99999999y", "1x",
     "99999999999999999999", "1e9", "2024-01-31T10:15:30+25:00", "x" * 101, "٣", "1706713200x"],
)  # fmt: skip
def test_what_is_no_time_is_an_error_that_says_what_is(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=UTC)
    assert "2024-01-31" in str(caught.value.suggestion)
    assert len(str(caught.value)) < 500


def test_the_ends_of_the_calendar_are_times() -> None:
    assert span("0001-01-01", UTC)[0] == "0001-01-01T00:00:00.000Z"
    assert span("9999-12-31", UTC)[1] == "9999-12-31T23:59:59.999999Z"
    assert span("0001-01-01", ZoneInfo("Asia/Tokyo"))[0] == "0001-01-01T00:00:00.000Z"


def test_a_plus_that_a_url_turned_into_a_space_is_told() -> None:
    with pytest.raises(QueryError, match="%2B"):
        parse_span("2024-01-01T10:00:00 09:00", now_ns=NOW_NS, zone=UTC)


@pytest.mark.parametrize(
    ("text", "width_us"),
    [("1ms", 1_000), ("30s", 30_000_000), ("5m", 300_000_000), ("1h30m", 5_400_000_000),
     ("1d", 86_400_000_000), ("1w", 604_800_000_000), (" 1m ", 60_000_000)],
)  # fmt: skip
def test_an_interval_is_a_width(text: str, width_us: int) -> None:
    assert parse_interval(text) == width_us


@pytest.mark.parametrize("text", ["", "1", "m", "0s", "-1m", "1M", "1y", "1.5h", "1 h", "auto"])
def test_what_is_no_interval_is_an_error(text: str) -> None:
    with pytest.raises(QueryError):
        parse_interval(text)


def test_usual_times_do_not_load_the_library_for_plain_words() -> None:
    code = (
        "import sys, datetime\n"
        "from logboom.query.times import parse_time\n"
        "for text in ('now-1h/d', '2024-01-31', '1h', 'yesterday 3pm', '어제 오후 3시',\n"
        "             'last week', '3일 전 오후 2시', 'friday last week', 'march 3'):\n"
        "    parse_time(text, now_ns=0, zone=datetime.UTC)\n"
        "sys.exit('dateparser' in sys.modules)\n"
    )
    assert run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
