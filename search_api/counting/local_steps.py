"""Where do steps of one width begin by the clocks of a zone, also where these are changed?

A step begins when the clocks show a multiple of its width, and reaches to where the next one begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum, auto
from functools import lru_cache

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US
MONDAY_US = 4 * DAY_US
"""The first one since the epoch."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_YEAR_US = 52 * WEEK_US
_SECOND_US = 1_000_000
_FIRST_US = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH) // _US
_LAST_US = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _US


class Rule(Enum):
    """What begins a step where clocks leap over a multiple, or show it again after they are set back."""

    ONCE = auto()
    """The leap does; what is shown again does not. Elasticsearch's rule for days and weeks of a calendar."""
    AGAIN = auto()
    """The leap does; so does what is shown again. Its rule for fixed intervals."""
    SHOWN = auto()
    """The leap does not; what is shown again does. Its rule for hours and minutes of a calendar."""


@dataclass(frozen=True, slots=True)
class Period:
    """Times between two changes of the clocks, until the next period.

    Attributes:
        start_us: When it begins.
        ahead_us: How far the zone's clocks are ahead of UTC.
        label_us: What the clocks show when the first step begins that begins in it.
        place: Of that step among all.
    """

    start_us: int
    ahead_us: int
    label_us: int
    place: int


@dataclass(frozen=True, slots=True)
class LocalSteps:
    """Steps over a stretch of time, counted by their places; 0 is the first period's.

    Attributes:
        width_us: Of a step.
        periods: At least one, ascending. With one all steps are of the same length.
    """

    width_us: int
    periods: Sequence[Period]

    def period(self, time_us: int) -> int:
        """In which period a time lies."""
        return max(0, bisect_right(self.periods, time_us, key=lambda one: one.start_us) - 1)

    def place(self, time_us: int) -> int:
        """In which step a time lies."""
        at = self.period(time_us)
        period = self.periods[at]
        past = (time_us + period.ahead_us - period.label_us) // self.width_us
        return period.place + (past if at == 0 else max(past, -1))

    def begins(self, first: int, end: int) -> Sequence[int]:
        """When the steps from one place to before another begin, µs since the epoch."""
        runs = [run for at in range(len(self.periods)) if (run := self._begins(at, first, end))]
        return runs[0] if len(runs) == 1 else [begin for run in runs for begin in run]

    def _begins(self, at: int, first: int, end: int) -> Sequence[int]:
        """Those of one period."""
        period = self.periods[at]
        if at > 0:
            first = max(first, period.place)
        if at + 1 < len(self.periods):
            end = min(end, self.periods[at + 1].place)
        shown_us = period.label_us - period.ahead_us - period.place * self.width_us
        run = range(shown_us + first * self.width_us, shown_us + end * self.width_us, self.width_us)
        if at > 0 and run and run[0] < period.start_us:
            return [period.start_us, *run[1:]]
        return run


def local_steps(
    first_us: int, last_us: int, width_us: int, zone: tzinfo, *, shift_us: int = 0, rule: Rule
) -> LocalSteps:
    """The steps that reach over a stretch of time.

    Args:
        first_us: Where it begins.
        last_us: Where it ends.
        width_us: Of a step.
        zone: Whose clocks count.
        shift_us: By how much multiples are later than those since the epoch.
        rule: For changes of the clocks.
    """
    look_us = first_us - width_us - DAY_US  # a step that begins later may hold the first time
    starts_us = [look_us, *_changes(look_us, last_us, zone)]
    aheads_us = [ahead_us(at_us, zone) for at_us in starts_us]
    clocks = _Clocks(width_us, shift_us, rule)
    if clocks.are_even(starts_us, aheads_us):
        starts_us, aheads_us = [first_us], [ahead_us(first_us, zone)]
    return LocalSteps(width_us, list(clocks.periods(starts_us, aheads_us)))


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Clocks that are changed."""

    width_us: int
    shift_us: int
    rule: Rule

    def are_even(self, starts_us: Sequence[int], aheads_us: Sequence[int]) -> bool:
        """True where the changes make no step longer or shorter."""
        if len({one_us % self.width_us for one_us in aheads_us}) > 1:
            return False
        if self.rule is not Rule.AGAIN:
            return True
        return all(
            after_us < before_us or self._floored(at_us + before_us) == at_us + before_us
            for at_us, before_us, after_us in zip(
                starts_us[1:], aheads_us, aheads_us[1:], strict=False
            )
        )

    def periods(self, starts_us: Sequence[int], aheads_us: Sequence[int]) -> Iterator[Period]:
        """The periods that begin at the changes."""
        last_us = self._floored(starts_us[0] + aheads_us[0])
        period = Period(starts_us[0], aheads_us[0], last_us, 0)
        yield period
        for at_us, after_us in zip(starts_us[1:], aheads_us[1:], strict=True):
            shown_us = at_us - 1 + period.ahead_us
            count = max(0, (shown_us - period.label_us) // self.width_us + 1)
            if count:
                last_us = period.label_us + (count - 1) * self.width_us
            label_us = self._label(self._floored(shown_us), at_us + after_us, last_us)
            period = Period(at_us, after_us, label_us, period.place + count)
            yield period

    def _label(self, before_us: int, shown_us: int, last_us: int) -> int:
        """What begins the first step after a change.

        Args:
            before_us: The last multiple that was shown before.
            shown_us: What the clocks show first.
            last_us: What began the last step before.
        """
        leapt_us = self._floored(shown_us)
        if self.rule is Rule.ONCE:
            return max(leapt_us, last_us + self.width_us)
        if self.rule is Rule.AGAIN and leapt_us > before_us:
            return leapt_us
        return self._floored(shown_us + self.width_us - 1)

    def _floored(self, shown_us: int) -> int:
        return shown_us - (shown_us - self.shift_us) % self.width_us


def _changes(first_us: int, last_us: int, zone: tzinfo) -> Sequence[int]:
    """When the zone's distance from UTC changes, behind a time and until another."""
    if isinstance(zone, timezone):
        return ()
    begin_us, end_us = max(first_us, _FIRST_US), min(last_us, _LAST_US)
    years = range(begin_us // _YEAR_US, end_us // _YEAR_US + 1)
    found = [change for year in years for change in _changes_of_year(zone, year)]
    return found[bisect_right(found, first_us) : bisect_right(found, last_us)]


@lru_cache(maxsize=4_096)
def _changes_of_year(zone: tzinfo, year: int) -> tuple[int, ...]:
    """Those in the 52 weeks that so many times 52 weeks after 1970 begin."""
    begin_us = year * _YEAR_US
    looked_us = range(begin_us, begin_us + _YEAR_US + WEEK_US, WEEK_US)
    aheads = [ahead_us(at_us, zone) for at_us in looked_us]
    return tuple(
        _change(before_us, zone)
        for before_us, ahead, after in zip(looked_us, aheads, aheads[1:], strict=False)
        if ahead != after
    )


def _change(before_us: int, zone: tzinfo) -> int:
    """The one in the week from a time on; clocks are changed at a whole second."""
    ahead, low_s, high_s = ahead_us(before_us, zone), 0, WEEK_US // _SECOND_US
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if ahead_us(before_us + middle_s * _SECOND_US, zone) == ahead:
            low_s = middle_s
        else:
            high_s = middle_s
    return before_us + high_s * _SECOND_US


def ahead_us(time_us: int, zone: tzinfo) -> int:
    """How far the zone's clocks are ahead of UTC; before 1900 and from 2100 on as they are then."""
    moment = _EPOCH + timedelta(microseconds=min(max(time_us, _FIRST_US), _LAST_US))
    ahead = moment.astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _US
