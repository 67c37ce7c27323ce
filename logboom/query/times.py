"""Which stretch of time does a text such as ``now-1h/d``, ``2024-01-31`` or ``yesterday 3pm`` mean?

A text means a stretch, not a point: ``2024-01-31`` is the whole day, ``10:15`` the whole minute,
``now/d`` today. Its start and its end are what the callers choose from. Times without an offset
are read in the caller's zone; days, weeks, months and years are counted on that zone's calendar,
smaller units on the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

from logboom.errors import QueryError
from logboom.query.moments import Reading, add, after, before, floor
from logboom.query.spellings import instead, respelt
from logboom.query.spoken import read_words

MAX_TIME_LENGTH = 100
"""Longer texts are no times."""

FORMS = (
    "write for example 2024-01-31T15:00:00Z, 2024-01-31, now-1h, now/d, 1h (an hour ago), "
    "1706713200 (seconds or milliseconds since 1970) or yesterday 3pm"
)
"""What to write instead of a time that was not understood."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_IN_UTC = _EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

_ISO = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?|-(?P<of_year>\d{3})|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?P<clock>[Tt ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<offset> ?[Zz]| ?[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_DAYS_END = re.compile(r"[Tt ]24(?::00(?::00(?:[.,]0+)?)?)?")
_OTHER_DAY = re.compile(r"\A(\d{4})([/.])(\d\d)\2(\d\d)(?!\d)", re.ASCII)
_BASIC_DAY = re.compile(r"(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?", re.ASCII)
_CLOCK = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d{0,3})?)?(?: ?(Z|z|UTC|GMT|\+\d\d:?\d\d))?",
    re.ASCII,
)
_DURATION = re.compile(r"-?(?:\d{1,9}(?:ms|[smhdwMy]))+", re.ASCII)
_AGO = re.compile(r"-?(?:\d{1,9}(?:\.\d{1,6})?(?:ms|[smhdwMy])\s*)+", re.ASCII)
_AGO_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])", re.ASCII)
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwMy])", re.ASCII)
_MATH = re.compile(r"(?:[+-]\d{0,9}[yMwdhHms]|/[yMwdhHms])+", re.ASCII)
_MATH_STEP = re.compile(r"([+-])(\d*)([yMwdhHms])|/([yMwdhHms])", re.ASCII)

_MINUTE_US = 60_000_000
_MINUTES_OF_A_DAY = 1440
_SHORTEST_DAY_US = 22 * 3_600_000_000

_INTERVAL_US = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, µs since the epoch.

    Attributes:
        start_us: Its first microsecond.
        end_us: The first microsecond after it. Equal to the start for an instant (`now`).
        is_whole: Whether all of it is meant, not the point where it begins: a day or more, what
            date math rounds, and stretches that words name without a time of day.
    """

    start_us: int
    end_us: int
    is_whole: bool = False


def parse_time(text: str, *, now_ns: int, zone: tzinfo, round_up: bool = False) -> int:
    """Reads a time.

    Args:
        text: ISO 8601 (whole or cut short); seconds, milliseconds, microseconds or nanoseconds
            since the epoch, told apart by their size; date math (``now-1h/d``,
            ``2024-01-01||+1M/d``); a duration (``1h``), which means that long ago; a time of today
            (``15:04``); or plain words (``yesterday 3pm``, ``어제 오후 3시``).
        now_ns: The present, nanoseconds since the epoch.
        zone: In which zone times without an offset are read, and days begin.
        round_up: Give the last microsecond of what the text names instead of the first.

    Returns:
        Microseconds since the epoch.

    Raises:
        QueryError: When the text cannot be understood, with the forms that can.
    """
    span = parse_span(text, now_ns=now_ns, zone=zone)
    return max(span.start_us, span.end_us - 1) if round_up else span.start_us


def parse_span(text: str, *, now_ns: int, zone: tzinfo) -> Span:
    """Reads a time as the stretch that it names; arguments and errors as for `parse_time`."""
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_TIME_LENGTH:
        raise QueryError(f"{_shown(stripped)} is not a time", suggestion=FORMS)
    now = _EPOCH + timedelta(microseconds=now_ns // 1000)
    written = respelt(stripped)
    try:
        read = (
            _read_now(written, now, zone)
            or _read_iso(written, zone)
            or _read_number(written, zone)
            or _read_duration(written, now, zone)
            or _read_clock(written, now, zone)
        )
        if read is None and "||" not in stripped:
            read = read_words(written, now=now, zone=zone)
        if read is not None:
            return _span_us(read)
    except (OverflowError, ValueError) as error:
        raise QueryError(f"{_shown(stripped)} is not a time: {error}", suggestion=FORMS) from None
    raise QueryError(
        f"{_shown(stripped)} is not a time", suggestion=instead(stripped, now.year) or FORMS
    )


def parse_until(text: str, *, now_ns: int, zone: tzinfo) -> int:
    """Reads the end of a range of times, which does not belong to the range itself.

    What is meant as a whole is included: until ``2024-01-31``, ``now/d``, ``last hour`` ends where
    these do. Until ``15:04`` or until ``now`` ends at its start. Arguments and errors as for
    `parse_time`.

    Returns:
        Microseconds since the epoch.
    """
    span = parse_span(text, now_ns=now_ns, zone=zone)
    return span.end_us if span.is_whole else span.start_us


def parse_interval(text: str) -> int:
    """Reads a width of time of fixed length, such as ``30s``, ``5m``, ``1h30m``, ``1d`` or ``1w``.

    Returns:
        Microseconds, at least 1,000.

    Raises:
        QueryError: When the text is none, or names months or years, whose length varies.
    """
    stripped = text.strip()
    if _DURATION.fullmatch(stripped) is None or stripped.startswith("-"):
        raise QueryError(
            f"{_shown(stripped)} is not an interval", suggestion="write for example 30s, 5m or 1d"
        )
    width_us = 0
    for count, unit in _DURATION_PART.findall(stripped):
        if unit not in _INTERVAL_US:
            raise QueryError(
                f"{stripped} has no fixed length: months and years differ",
                suggestion="write it in days, for example 30d",
            )
        width_us += int(count) * _INTERVAL_US[unit]
    if width_us == 0:
        raise QueryError("an interval of 0 holds nothing", suggestion="write for example 1s")
    return width_us


def iso_text(epoch_us: int) -> str:
    """Writes an instant as ISO 8601 in UTC, with milliseconds, or microseconds where needed."""
    minutes, beyond_us = divmod(epoch_us, _MINUTE_US)
    days, minute = divmod(minutes, _MINUTES_OF_A_DAY)
    if not beyond_us:
        return _iso_day(days) + _clock_at(minute)
    s, us = divmod(beyond_us, 1_000_000)
    ms, rest = divmod(us, 1000)
    clock = (minute // 60, minute % 60, s, ms)
    head = "%sT%02d:%02d:%02d.%03d" % (_iso_day(days), *clock)  # noqa: UP031 - in two thirds of the time
    return f"{head}{rest:03d}Z" if rest else f"{head}Z"


@lru_cache(maxsize=_MINUTES_OF_A_DAY)
def _clock_at(minute: int) -> str:
    """The time of a whole minute of a day: stretches of time begin at one as a rule."""
    return f"T{minute // 60:02d}:{minute % 60:02d}:00.000Z"


@lru_cache(maxsize=64)
def _iso_day(days: int) -> str:
    """A day, counted from 1970: the instants of a list share few of them."""
    return (_EPOCH_IN_UTC + timedelta(days)).date().isoformat()


def _read_now(text: str, now: datetime, zone: tzinfo) -> Reading | None:
    if not text.startswith("now"):
        return None
    here = now.astimezone(zone)
    return _apply_math(text[3:], Reading(here, here))


def _read_iso(text: str, zone: tzinfo) -> Reading | None:
    anchor, bars, math = text.partition("||")
    match = _ISO.fullmatch(_OTHER_DAY.sub(r"\1-\3-\4", _with_dashes(anchor)))
    if match is None or (match["clock"] and not _names_day(match)):
        return None
    is_days_end = _DAYS_END.fullmatch(match["clock"] or "") is not None
    moment = datetime.combine(
        _iso_date(match),
        time(
            0 if is_days_end else int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int((match["fraction"] or "0")[:6].ljust(6, "0")),
        ),
        _offset(match["offset"]) or zone,
    )
    start = add(moment, 1, "d") if is_days_end else moment
    read = Reading(start, after(start, _finest_unit(match)))
    return _apply_math(math, read) if bars else read


def _names_day(match: re.Match[str]) -> bool:
    return bool(match["day"] or match["weekday"] or match["of_year"])


def _with_dashes(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if _BASIC_DAY.fullmatch(text) else text


def _iso_date(match: re.Match[str]) -> date:
    """The day that is named, or the first one of what is."""
    year = int(match["year"])
    if match["week"]:
        return date.fromisocalendar(year, int(match["week"]), int(match["weekday"] or 1))
    if match["of_year"]:
        first = date(year, 1, 1)
        found = first + timedelta(days=int(match["of_year"]) - 1)
        if found.year != year:
            raise ValueError(f"{year} has no day {match['of_year']}")
        return found
    return date(year, int(match["month"] or 1), int(match["day"] or 1))


def _finest_unit(match: re.Match[str]) -> str:
    if match["fraction"] is not None:
        return "ms" if len(match["fraction"]) <= 3 else "us"
    named = (
        ("second", "s"), ("minute", "m"), ("hour", "h"), ("day", "d"), ("weekday", "d"),
        ("of_year", "d"), ("week", "w"), ("month", "M"),
    )  # fmt: skip
    return next((unit for name, unit in named if match[name] is not None), "y")


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    text = text.lstrip()
    if text in {"Z", "z"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    width = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-width if text[0] == "-" else width)


def _read_number(text: str, zone: tzinfo) -> Reading | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    whole, _, fraction = text.lstrip("-").partition(".")
    per_second = _ticks_per_second(int(whole))
    ns_per_tick = 1_000_000_000 // per_second
    ns = int(whole) * ns_per_tick + int(fraction.ljust(9, "0")[:9] or "0") // per_second
    start = _EPOCH + timedelta(microseconds=(-ns if text[0] == "-" else ns) // 1000)
    width = timedelta(microseconds=max(1, ns_per_tick // 1000 if not fraction else 1))
    return Reading(start.astimezone(zone), (start + width).astimezone(zone))


def _ticks_per_second(number: int) -> int:
    """Seconds until the year 5138, then milliseconds, microseconds and nanoseconds."""
    if number < 10**11:
        return 1
    if number < 10**14:
        return 1_000
    return 1_000_000 if number < 10**17 else 1_000_000_000


def _read_duration(text: str, now: datetime, zone: tzinfo) -> Reading | None:
    if _AGO.fullmatch(text) is None:
        return None
    moment = now.astimezone(zone)
    for count, unit in _AGO_PART.findall(text):
        moment = before(moment, count, unit)
    return Reading(moment, moment)


def _read_clock(text: str, now: datetime, zone: tzinfo) -> Reading | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    named = match[5]
    its_zone = zone if named is None else UTC if named.isalpha() else _offset(named)
    start = floor(now.astimezone(its_zone), "d").replace(
        hour=hour, minute=minute, second=second, microsecond=int((match[4] or "0").ljust(6, "0"))
    )
    unit = "us" if match[4] else "m" if match[3] is None else "s"
    return Reading(start, add(start, 1, unit))


def _apply_math(math: str, read: Reading) -> Reading | None:
    if not math:
        return read
    start, end, is_whole = read
    if _MATH.fullmatch(math) is None:
        return None
    for sign, count, unit, rounding in _MATH_STEP.findall(math):
        if rounding:
            start = floor(start, rounding)
            end, is_whole = after(start, rounding), True
        else:
            amount = int(f"{sign}{count or 1}")
            start, end = add(start, amount, unit), add(end, amount, unit)
    return Reading(start, end, is_whole)


def _span_us(read: Reading) -> Span:
    start_us, end_us = _us(read.start), _us(read.end)
    return Span(start_us, end_us, read.is_whole or end_us - start_us >= _SHORTEST_DAY_US)


def _us(moment: datetime) -> int:
    return min(max((moment - _EPOCH) // _MICROSECOND, _FIRST_US), _LAST_US)


def _shown(text: str) -> str:
    return repr(text if len(text) <= MAX_TIME_LENGTH else text[:MAX_TIME_LENGTH] + "…")
