"""What instant does this text, or this number, mean?"""

from __future__ import annotations

import math
import re
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import ciso8601

from shipper.parsers.moments import SECOND, Instant, from_parts, instant, later
from shipper.parsers.time_patterns import FormedTime

TIME_AMBIGUOUS: Final = "time_ambiguous"
"""Tags an event whose local time was shown twice, or never, because the clocks were changed."""

_LONGEST = 64
_SECONDS_DIGITS = 11
_CLOCK = r"(?P<H>\d\d?):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9})\d*+)?+)?+"
_HALF = r"(?:[ \u202f]?(?P<p>[AaPp]\.?[Mm]\.?)(?![A-Za-z]))?+"
_ZONE = r"(?: ?(?P<z>Z|(?:GMT|UTC)?[+-]\d\d(?::?\d\d)?|[A-Z]{2,5}|[A-Z][A-Za-z_]{1,30}/[A-Za-z_/+-]{1,40}))?"
_MONTH = r"(?P<b>[^\W\d_]{3,14}+\.?)"
_WEEKDAY = r"(?:[^\W\d_]{2,14}+[.,]{0,2} {1,2})?"
_NUMERIC: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)(?:[T_ :]| - |  ){_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<d>\d\d?)(?:[-/ ]|\. ?)(?:de )?{_MONTH}(?: de)?[-/ ](?P<y>\d{{4}})[: ,] ?{_CLOCK}{_HALF}{_ZONE}",
        rf"(?:(?P<y>\d{{4}})|)(?P<m>\d\d)(?P<d>\d\d)[ T-]{_CLOCK}{_ZONE}",
        rf"{_CLOCK}{_HALF}",
        rf"(?P<yy>\d\d)/(?P<m>\d\d)/(?P<d>\d\d) {_CLOCK}",
        rf"(?P<yy>\d\d)(?P<m>\d\d)(?P<d>\d\d) {{1,2}}{_CLOCK}",
        rf"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{{4}}),? {_CLOCK}{_ZONE}",
        rf"(?P<m>0?[1-9]|1[0-2])/(?P<d>\d\d?)/(?P<y>\d{{4}}),? {_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{{4}}),? {_CLOCK}{_ZONE}",
        rf"(?P<y>\d{{4}})(?:[年년]|\.) ?(?P<m>\d\d?)(?:[月월]|\.) ?(?P<d>\d\d?)(?:[日일]|\.) ?(?P<p>오전|오후|午前|午後|上午|下午)? ?{_CLOCK}",
    )
)
_WORDY: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_WEEKDAY}{_MONTH} {{1,2}}(?P<d>\d\d?)(?:,? (?P<y>\d{{4}}))?,? {_CLOCK}{_HALF}{_ZONE}",
        rf"{_WEEKDAY}{_MONTH} {{1,2}}(?P<d>\d\d?) {_CLOCK}{_ZONE} (?P<y>\d{{4}})",
        rf"{_WEEKDAY}(?P<d>\d\d?)(?:[- ]|\. ?){_MONTH}[- ](?P<y>\d{{4}})[, ] ?{_CLOCK}{_HALF}{_ZONE}",
        rf"[IWEFD](?P<m>\d\d)(?P<d>\d\d) {_CLOCK}",
    )
)
_FRACTION = re.compile(r":\d\d([.,](\d{1,9})\d*+)")
_NUMBER = re.compile(r"(\d{9,19})(?:\.(\d{1,9})\d*+)?")
_BEYOND_MICROSECONDS = re.compile(r"[.,]\d{6}(\d{1,3})")
_HOUR_NS = 3600 * SECOND
_YEAR_10000_NS = 253_402_300_800 * SECOND


def read_time(value: object, *, zone: tzinfo, reference_ns: int) -> Instant | None:
    """Reads a time in any of the forms that logs have.

    ISO 8601 and its relatives, Apache's, syslog's, klog's, a clock without a date, months by their
    names in many languages, and numbers: seconds, milliseconds, microseconds or nanoseconds since
    the epoch, told apart by their size.

    Args:
        value: A text or a number.
        zone: Zone of times that do not name theirs.
        reference_ns: About when it was written, ns since the epoch.

    Returns:
        ns since the epoch within the years 1 to 9999; both instants of a local time that can be two;
        None when it is no time.
    """
    if isinstance(value, str):
        plain = _plain_zone(zone)
        found = value.read(plain, reference_ns) if isinstance(value, FormedTime) else None
        return _text(str(value), plain, reference_ns) if found is None else found
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _number(value)


def _plain_zone(zone: tzinfo) -> tzinfo:
    """The zone; for UTC the standard library's own object, which is quicker."""
    return UTC if isinstance(zone, ZoneInfo) and zone.key == "UTC" else zone


def _number(value: float) -> int | None:
    if not math.isfinite(value) or value <= 0:
        return None
    for below, scale in ((1e11, SECOND), (1e14, 1_000_000), (1e17, 1000), (1e20, 1)):
        if value < below:
            scaled = (
                value * scale
                if isinstance(value, int)
                else round(value * (scale // 1000)) * 1000
                if scale >= 1000
                else int(value)
            )
            return scaled if scaled < _YEAR_10000_NS else None
    return None


def _text(text: str, zone: tzinfo, reference_ns: int) -> Instant | None:
    if len(text) > _LONGEST:
        return None
    try:
        moment = ciso8601.parse_datetime(text)
    except ValueError:
        return _split(text, zone, reference_ns // _HOUR_NS * _HOUR_NS)
    found = instant(moment, zone)
    if len(text) > 26 and type(found) is int and (match := _BEYOND_MICROSECONDS.search(text)):
        return found + int(match[1].ljust(3, "0"))
    return found


def _split(text: str, zone: tzinfo, reference_ns: int) -> Instant | None:
    """The fraction of a second apart: many entries share the rest."""
    match = _FRACTION.search(text)
    if match is None:
        return _other(text, zone, reference_ns)
    found = _other(text[: match.start(1)] + text[match.end() :], zone, reference_ns)
    return None if found is None else later(found, int(match[2].ljust(9, "0")))


@lru_cache(maxsize=4096)
def _other(text: str, zone: tzinfo, reference_ns: int) -> Instant | None:
    text = text.strip()
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return _written_number(*number.groups())
    for form in _NUMERIC if text[:1].isdecimal() else _WORDY:
        match = form.fullmatch(text)
        if match is not None:
            found = from_parts(match.groupdict(), zone, reference_ns)
            if found is not None:
                return found
    return None


def _written_number(whole: str, fraction: str | None) -> int | None:
    found = _number(int(whole))
    if found is None or fraction is None or len(whole) > _SECONDS_DIGITS:
        return found
    return found + int(fraction.ljust(9, "0"))
