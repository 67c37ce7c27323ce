"""From the parts of a written time to the instant that is meant."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import msgspec

from shipper.parsers.zones import zone_of

SECOND: Final = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it
_STEP_S: Final = 900
_YEAR_1_S, _YEAR_10000_S = -62_135_596_800, 253_402_300_800
_JUST_NOW_NS = 1800 * SECOND
_ENGLISH: Final = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
        )
    }
)
_AFTERNOON = frozenset({"pm", "오후", "午後", "下午"})


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A local time that the clocks showed twice, or never, when they were changed.

    Attributes:
        first_ns: The first of the two instants, ns since the epoch; for a time that never was, what
            the clock would have shown without the change.
        second_ns: The other one.
    """

    first_ns: int
    second_ns: int

    def nearest(self, reference_ns: int) -> int:
        """The second one if it is just now, that is what is being written; else the first."""
        is_now = abs(self.second_ns - reference_ns) < _JUST_NOW_NS
        return self.second_ns if is_now else self.first_ns


Instant = int | Ambiguous
"""ns since the epoch; or two of them."""


def instant(moment: datetime, zone: tzinfo) -> Instant | None:
    """The instant of a time.

    Args:
        moment: With its own zone, or local to `zone`.

    Returns:
        None when it lies outside the years 1 to 9999.
    """
    if moment.tzinfo is None:
        elapsed = moment - _LOCAL_EPOCH
        seconds = elapsed.days * 86_400 + elapsed.seconds
        offset = 0 if zone is UTC else _offset_s(zone, seconds // _STEP_S)
        if offset is None:
            return _of_two(moment, zone)
        seconds -= offset
    else:
        elapsed = moment - _EPOCH
        seconds = elapsed.days * 86_400 + elapsed.seconds
    if not _YEAR_1_S <= seconds < _YEAR_10000_S:
        return None
    return seconds * SECOND + elapsed.microseconds * 1000


@lru_cache(maxsize=4096)
def _offset_s(zone: tzinfo, step: int) -> int | None:
    """The offset from UTC all over a quarter of an hour of local time; None when it changes."""
    offsets: set[timedelta | None] = set()
    for second in (step * _STEP_S, (step + 1) * _STEP_S - 1):
        local = _LOCAL_EPOCH + timedelta(seconds=second)
        offsets |= {local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    offset = offsets.pop()
    return None if offsets or offset is None else round(offset.total_seconds())


def later(found: Instant, extra_ns: int) -> Instant:
    """So much later."""
    if isinstance(found, Ambiguous):
        return Ambiguous(found.first_ns + extra_ns, found.second_ns + extra_ns)
    return found + extra_ns


def _of_two(local: datetime, zone: tzinfo) -> Instant | None:
    try:
        first, second = (local.replace(tzinfo=zone, fold=f) - _EPOCH for f in (0, 1))
    except OverflowError:
        return None
    if first == second:
        return _ns(first)
    return Ambiguous(_ns(first), _ns(second))


def _ns(elapsed: timedelta) -> int:
    return (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds * 1000


def from_parts(parts: Mapping[str, str | None], zone: tzinfo, reference_ns: int) -> Instant | None:
    """The instant of a time that was taken apart.

    Without a year it is the year that makes the date nearest to the reference, without a date the
    day that does. A second 60 is the one after 59.

    Args:
        parts: `y` or `yy` year, `m` month or `b` its name, `d` day, `j` day of the year, `H` hour,
            `p` half of the day, `M` minute, `S` second, `f` fraction, `z` zone, `s` seconds since
            the epoch; what is not there is None or missing.
        zone: Of times that name none.
        reference_ns: About when it was written.

    Returns:
        None when there is no such time.
    """
    get = parts.get
    fraction_ns = int((get("f") or "0")[:9].ljust(9, "0"))
    if (seconds := get("s")) is not None:
        return int(seconds) * SECOND + fraction_ns
    local = _local(parts, zone, reference_ns)
    if local is None:
        return None
    own = None
    if (name := get("z")) is not None:
        own = zone_of(name, local, zone)
        if own is None:
            return None
    found = instant(local if own is None else local.replace(tzinfo=own), zone)
    extra_ns = fraction_ns + (SECOND if get("S") == "60" else 0)
    return None if found is None else later(found, extra_ns)


def _local(parts: Mapping[str, str | None], zone: tzinfo, reference_ns: int) -> datetime | None:
    get = parts.get
    hour = int(get("H") or 0)
    if (half := get("p")) is not None:
        hour = hour % 12 + (12 if half.lower().replace(".", "").strip() in _AFTERNOON else 0)
    clock = (hour, int(get("M") or 0), min(int(get("S") or 0), 59 + (get("S") != "60")))
    month_text, day_text = get("m") or get("b"), get("d")
    year = _year(get("y"), get("yy"))
    if (day_of_year := get("j")) is not None and year is not None:
        return _day_of_year(year, int(day_of_year), clock)
    if month_text is None and day_text is None and year is None:
        return _nearest_day(clock, _local_reference(reference_ns, zone))
    month = 1 if month_text is None else _month(month_text)
    if month is None:
        return None
    day = int(day_text or 1)
    if year is not None:
        return _make(year, month, day, clock)
    return _nearest_year(month, day, clock, _local_reference(reference_ns, zone))


def _day_of_year(year: int, number: int, clock: tuple[int, int, int]) -> datetime | None:
    first = _make(year, 1, 1, clock)
    if first is None or not 1 <= number <= 365 + calendar.isleap(year):
        return None
    return first + timedelta(days=number - 1)


def _year(full: str | None, short: str | None) -> int | None:
    if full is not None:
        return int(full)
    if short is None:
        return None
    return int(short) + (2000 if int(short) < 69 else 1900)


def _month(text: str) -> int | None:
    if text.isdecimal():
        return int(text)
    name = text.lower().rstrip(".")
    return _ENGLISH.get(name) or _month_names().get(unicodedata.normalize("NFC", name))


@lru_cache(maxsize=1)
def _month_names() -> Mapping[str, int]:
    file = resources.files("mappings") / "formats" / "locales" / "months.toml"
    names = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=dict[str, list[str]])
    return {name: int(month) for month, alike in names.items() for name in alike}


def _nearest_year(
    month: int, day: int, clock: tuple[int, int, int], reference: datetime
) -> datetime | None:
    years = (reference.year - 1, reference.year, reference.year + 1)
    candidates = [moment for year in years if (moment := _make(year, month, day, clock))]
    return min(candidates, key=lambda moment: abs(moment - reference), default=None)


def _nearest_day(clock: tuple[int, int, int], reference: datetime) -> datetime | None:
    today = _make(reference.year, reference.month, reference.day, clock)
    if today is None:
        return None
    days = [today + timedelta(days=offset) for offset in (-1, 0, 1)]
    return min(days, key=lambda moment: abs(moment - reference))


def _local_reference(reference_ns: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(reference_ns // SECOND, zone).replace(tzinfo=None)


def _make(year: int, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
    try:
        return datetime(year, month, day, *clock)  # noqa: DTZ001 - the zone is added by the caller
    except ValueError:
        return None
