"""What instant does this text, or this number, mean?"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache

import ciso8601

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_APACHE = re.compile(
    r"(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ([+-]\d{4}))?"
)
_SYSLOG = re.compile(r"([A-Za-z]{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_KLOG = re.compile(r"(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,9})")
_ISO_LIKE = re.compile(
    r"(\d{4})[-/.](\d\d)[-/.](\d\d)[T _](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)? ?(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?"
)
_NUMBER = re.compile(r"-?\d{9,19}(?:\.\d{1,9})?")
_SECOND = 1_000_000_000
_YEAR_10000_NS = 253_402_300_800 * _SECOND


def parse_timestamp(value: object, *, zone: tzinfo, reference_ns: int) -> int | None:
    """Reads a time in any of the forms that logs have.

    ISO 8601 and its relatives, Apache's, syslog's and klog's (the year that makes the date nearest
    to the reference), RFC 2822, and numbers: seconds, milliseconds, microseconds or nanoseconds
    since the epoch, told apart by their size.

    Args:
        value: A text or a number.
        zone: Zone of times that do not name theirs.
        reference_ns: About when it was written, ns since the epoch.

    Returns:
        ns since the epoch within the years 1 to 9999, or None when it is no time.
    """
    if isinstance(value, str):
        return _text(value.strip(), zone, reference_ns)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _number(value)


def _number(value: float) -> int | None:
    if not math.isfinite(value) or value <= 0:
        return None
    for below, scale in ((1e11, _SECOND), (1e14, 1_000_000), (1e17, 1000), (1e20, 1)):
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


def _text(text: str, zone: tzinfo, reference_ns: int) -> int | None:
    if not text or len(text) > 64:
        return None
    try:
        return _nanoseconds(ciso8601.parse_datetime(text), zone)
    except ValueError:
        pass  # not strictly ISO 8601: the other forms follow
    if _NUMBER.fullmatch(text):
        return _number(float(text)) if "." in text else _number(int(text))
    return _other(text, zone, reference_ns // (86_400 * _SECOND) * 86_400 * _SECOND)


@lru_cache(maxsize=4096)
def _other(text: str, zone: tzinfo, reference_ns: int) -> int | None:
    for read in (_iso_like, _apache, _syslog, _klog):
        moment = read(text, reference_ns)
        if moment is not None:
            when, fraction_ns = moment
            seconds = _nanoseconds(when, zone)
            return None if seconds is None else seconds + fraction_ns
    try:
        return _nanoseconds(parsedate_to_datetime(text), zone)
    except (ValueError, TypeError, IndexError):
        return None


def _nanoseconds(moment: datetime, zone: tzinfo) -> int | None:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        elapsed = moment - _EPOCH
    except OverflowError:
        return None
    return (elapsed.days * 86_400 + elapsed.seconds) * _SECOND + elapsed.microseconds * 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))


def _iso_like(text: str, _reference_ns: int) -> tuple[datetime, int] | None:
    match = _ISO_LIKE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    moment = _make(int(year), int(month), int(day), (int(hour), int(minute), int(second or 0)))
    return None if moment is None else (_with_offset(moment, offset), _fraction_ns(fraction))


def _apache(text: str, _reference_ns: int) -> tuple[datetime, int] | None:
    match = _APACHE.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    clock = (int(match[4]), int(match[5]), int(match[6]))
    moment = _make(int(match[3]), _MONTHS[match[2].lower()], int(match[1]), clock)
    return None if moment is None else (_with_offset(moment, match[8]), _fraction_ns(match[7]))


def _syslog(text: str, reference_ns: int) -> tuple[datetime, int] | None:
    match = _SYSLOG.fullmatch(text)
    if match is None or match[1].lower() not in _MONTHS:
        return None
    clock = (int(match[3]), int(match[4]), int(match[5]))
    moment = _nearest_year(_MONTHS[match[1].lower()], int(match[2]), clock, reference_ns)
    return None if moment is None else (moment, _fraction_ns(match[6]))


def _klog(text: str, reference_ns: int) -> tuple[datetime, int] | None:
    match = _KLOG.fullmatch(text.lstrip("IWEF"))
    if match is None:
        return None
    clock = (int(match[3]), int(match[4]), int(match[5]))
    moment = _nearest_year(int(match[1]), int(match[2]), clock, reference_ns)
    return None if moment is None else (moment, _fraction_ns(match[6]))


def _nearest_year(
    month: int, day: int, clock: tuple[int, int, int], reference_ns: int
) -> datetime | None:
    reference = datetime.fromtimestamp(reference_ns // _SECOND, UTC).replace(tzinfo=None)
    years = (reference.year - 1, reference.year, reference.year + 1)
    candidates = [moment for year in years if (moment := _make(year, month, day, clock))]
    return min(candidates, key=lambda moment: abs(moment - reference), default=None)


def _make(year: int, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
    try:
        return datetime(year, month, day, *clock)  # noqa: DTZ001 - the zone is added by the caller
    except ValueError:
        return None


def _with_offset(moment: datetime, offset: str | None) -> datetime:
    if not offset:
        return moment
    if offset in {"Z", "UTC"}:
        return moment.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    return datetime.strptime(
        f"{moment:%Y-%m-%d %H:%M:%S} {offset[0]}{digits}", "%Y-%m-%d %H:%M:%S %z"
    )
