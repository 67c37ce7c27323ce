"""How is time cut into the buckets of a date_histogram?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from logboom.errors import QueryError
from logboom.query.moments import add, floor
from logboom.query.times import parse_interval
from search_api.counting.local_steps import MONDAY_US, LocalSteps, Rule, local_steps
from search_api.elasticsearch_api.moments import zone_of
from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

MOST_EDGES = 20_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {
    "minute": "m", "1m": "m", "hour": "h", "1h": "h", "day": "d", "1d": "d", "week": "w", "1w": "w",
    "month": "M", "1M": "M", "quarter": "q", "1q": "q", "year": "y", "1y": "y",
}  # fmt: skip
_WIDTHS_US = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_RULES = {"": Rule.AGAIN, "m": Rule.SHOWN, "h": Rule.SHOWN}
_OFFSET = re.compile(r"([+-]?)(.+)")
_MONTHS_OF_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut time.

    Attributes:
        width_us: Of buckets, but where clocks are changed; None: no two need be alike.
        offset_us: By how much edges are moved.
        unit: Of the calendar: m, h, d, w, M, q or y; empty for an interval that is fixed.
        zone: Whose clocks and calendar these are.
    """

    width_us: int | None
    offset_us: int
    unit: str
    zone: tzinfo

    def evenly(self, ends: tuple[int, int] | None) -> int | None:
        """Where buckets begin behind multiples of the width, if they do so over a stretch of time.

        Args:
            ends: Of that stretch; None: it is not known.
        """
        if self.width_us is None or (ends is None and not isinstance(self.zone, timezone)):
            return None
        steps = self._steps(self.width_us, *(ends or (0, 0)))
        if len(steps.periods) > 1:
            return None
        period = steps.periods[0]
        return (period.label_us - period.ahead_us + self.offset_us) % self.width_us

    def edges(self, start_us: int, end_us: int) -> list[int]:
        """Where the buckets begin that reach over a stretch of time, and where the last ends.

        Raises:
            Refused: There are too many.
        """
        if self.width_us is not None:
            return self._step_edges(self.width_us, start_us, end_us)
        edges = [self._floor(start_us)]
        while edges[-1] <= end_us:
            edges.append(self._next(edges[-1]))
            if len(edges) > MOST_EDGES:
                raise too_many_buckets(MOST_EDGES)
        return edges

    def shown_from(self, bound_us: int) -> int:
        """The begin of the bucket that a bound of empty ones names: as if they were not moved."""
        return replace(self, offset_us=0).edges(bound_us, bound_us)[0] + self.offset_us

    def _step_edges(self, width_us: int, start_us: int, end_us: int) -> list[int]:
        steps = self._steps(width_us, start_us, end_us + 2 * width_us)
        first = steps.place(start_us - self.offset_us)
        end = steps.place(end_us - self.offset_us) + 2
        if end - first > MOST_EDGES:
            raise too_many_buckets(MOST_EDGES)
        return [begin + self.offset_us for begin in steps.begins(first, end)]

    def _steps(self, width_us: int, start_us: int, end_us: int) -> LocalSteps:
        return local_steps(
            start_us - self.offset_us, end_us - self.offset_us, width_us, self.zone,
            shift_us=MONDAY_US if self.unit == "w" else 0,
            rule=_RULES.get(self.unit, Rule.ONCE),
        )  # fmt: skip

    def _floor(self, time_us: int) -> int:
        moment = self._local(time_us - self.offset_us)
        return _us(self._start(moment)) + self.offset_us

    def _start(self, moment: datetime) -> datetime:
        if self.unit != "q":
            return floor(moment, self.unit)
        month = floor(moment, "M")
        return add(month, -((month.month - 1) % _MONTHS_OF_QUARTER), "M")

    def _next(self, edge_us: int) -> int:
        moment = self._local(edge_us - self.offset_us)
        later = add(moment, 3, "M") if self.unit == "q" else add(moment, 1, self.unit)
        return _us(later) + self.offset_us

    def _local(self, time_us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=time_us)).astimezone(self.zone)


def cut_of(options: Mapping[str, Any]) -> Cut:
    """What the options of a date_histogram say of its buckets.

    Raises:
        Refused: They say nothing, or what is not known.
        QueryError: The interval is none.
    """
    zone = zone_of(options.get("time_zone"))
    offset_us = _offset_us(str(options.get("offset") or "0s"))
    name = options.get("calendar_interval")
    fixed = options.get("fixed_interval", options.get("interval"))
    if name is not None and fixed is not None:
        raise Refused("date_histogram has either a fixed_interval or a calendar_interval")
    if name is None and fixed in _UNITS and "fixed_interval" not in options:
        name = fixed
    if name is None and fixed is None:
        raise Refused("date_histogram needs a fixed_interval or a calendar_interval", kind=PARSING)
    if name is None:
        return Cut(parse_interval(str(fixed)), offset_us, "", zone)
    unit = _UNITS.get(str(name))
    if unit is None:
        raise unsupported(f"the calendar_interval {name!r}", f"it has {', '.join(_UNITS)}")
    return Cut(_WIDTHS_US.get(unit), offset_us, unit, zone)


def too_many_buckets(most: int) -> Refused:
    """The refusal of an answer that would have too many buckets."""
    return Refused(
        f"there would be more than {most} buckets; choose a longer interval or a shorter range",
        kind="too_many_buckets_exception",
    )


def _offset_us(text: str) -> int:
    match = _OFFSET.fullmatch(text)
    sign, width = ("", text) if match is None else (match[1], match[2])
    if width in {"0", "0s", "0ms"}:
        return 0
    try:
        width_us = parse_interval(width)
    except QueryError as error:
        raise Refused(f"the offset {text!r} is none: {error}", kind=PARSING) from error
    return -width_us if sign == "-" else width_us


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
