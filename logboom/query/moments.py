"""How is a moment moved by years, days or seconds, and where does its year, day or second begin?"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Reading(NamedTuple):
    """A stretch of time as it was named.

    Attributes:
        start: Its first moment, with a zone.
        end: The first moment after it. Equal to the start for an instant.
        is_whole: Whether all of it is meant also where it is shorter than a day: ``last hour`` and
            ``now/h`` are, ``15:04`` is the point where its minute begins.
    """

    start: datetime
    end: datetime
    is_whole: bool = False


_EXACT_UNITS = {
    "us": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "H": timedelta(hours=1),
}
_LENGTHS = _EXACT_UNITS | {"d": timedelta(days=1), "w": timedelta(weeks=1)}
_KEPT_PARTS = {"y": 1, "M": 2, "d": 3, "h": 4, "H": 4, "m": 5, "s": 6}
_FIRST_PARTS = (1, 1, 1, 0, 0, 0)


def add(moment: datetime, amount: int, unit: str) -> datetime:
    """Moves a moment: y, M, w and d on its zone's calendar, h, m, s, ms and us on the clock.

    A day that the target month lacks becomes that month's last one.

    Raises:
        ValueError, OverflowError: When the result lies outside of the years 1 to 9999.
    """
    exact = _EXACT_UNITS.get(unit)
    if exact is not None:
        return (moment.astimezone(UTC) + amount * exact).astimezone(moment.tzinfo)
    if unit in {"d", "w"}:
        return moment + timedelta(days=amount * (7 if unit == "w" else 1))
    months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def before(moment: datetime, count: str, unit: str) -> datetime:
    """Moves a moment back by a number of units, which may have a fraction: ``1.5`` ``h``.

    Raises:
        ValueError, OverflowError: When months or years are cut, whose length varies, or when the result
            lies outside of the years 1 to 9999.
    """
    whole, _, fraction = count.partition(".")
    moved = add(moment, -int(whole), unit)
    if not fraction.strip("0"):
        return moved
    if unit not in _LENGTHS:
        raise ValueError("months and years have no fractions")
    return (moved.astimezone(UTC) - float(f"0.{fraction}") * _LENGTHS[unit]).astimezone(
        moment.tzinfo
    )


def after(start: datetime, unit: str) -> datetime:
    """The end of the unit that begins at `start`; the last instant of all for 9999-12-31."""
    try:
        return add(start, 1, unit)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=start.tzinfo)


def floor(moment: datetime, unit: str) -> datetime:
    """The start of the year, month, week (Monday), day, hour, minute or second of a moment."""
    if unit == "w":
        return floor(moment, "d") - timedelta(days=moment.weekday())
    kept = _KEPT_PARTS[unit]
    parts = moment.timetuple()[:kept] + _FIRST_PARTS[kept:]
    year, month, day, hour, minute, second = parts
    fold = moment.fold if kept > _KEPT_PARTS["d"] else 0
    return datetime(year, month, day, hour, minute, second, tzinfo=moment.tzinfo, fold=fold)
