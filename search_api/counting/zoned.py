"""How is time cut into buckets for people in a time zone?

A bucket of an hour or longer begins when the clocks of the zone first say so: a day at its midnight, a
week with its Monday. It has what happened until the next one begins: where the clocks are changed a day
has 23 or 25 hours. The range of times is cut there to be counted, since a store's stretches are all of
one length.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo

from logboom.store import Histogram, TimeRange
from logboom.store.columns import added, check_stretches, no_counts
from search_api.counting.local_steps import (
    MONDAY_US,
    WEEK_US,
    LocalSteps,
    Period,
    Rule,
    ahead_us,
    local_steps,
)

_HOUR_US = 3_600_000_000
Columns = Mapping[str | None, "array[int]"]
"""Counts of each stretch: in all, by None, and of each value."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Times between two changes of the clocks.

    Attributes:
        times: As the store is asked.
        period: Of the zone's clocks.
        offset_us: By how much stretches start later than at multiples of their width in UTC.
    """

    times: TimeRange
    period: Period
    offset_us: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A range of times, cut.

    Attributes:
        pieces: To be counted one by one.
        steps: The buckets.
    """

    pieces: Sequence[Piece]
    steps: LocalSteps

    def assembled(
        self, found: Sequence[Histogram], filled: TimeRange
    ) -> tuple[Sequence[int], Columns]:
        """One row of stretches, without gaps.

        Args:
            found: Of each piece.
            filled: Which times have stretches in any case.

        Returns:
            Where each begins, µs since the epoch; and its counts in all, by None, and of each value.

        Raises:
            QueryError: There would be too many.
        """
        first, end = self._ends(found, filled)
        check_stretches(end - first)
        columns: dict[str | None, array[int]] = {None: no_counts(end - first)}
        for piece, histogram in zip(self.pieces, found, strict=True):
            if not histogram.counts:
                continue
            at, early = self._place(piece, histogram.starts_us[0])
            for value, counts in ((None, histogram.counts), *histogram.by.items()):
                column = columns.setdefault(value, no_counts(end - first))
                _add(column, at - first, counts, early)
        return self.steps.begins(first, end), columns

    def _ends(self, found: Sequence[Histogram], filled: TimeRange) -> tuple[int, int]:
        """The first place, and the one behind the last."""
        places = [
            self._place(piece, start_us)[0]
            for piece, histogram in zip(self.pieces, found, strict=True)
            if histogram.counts
            for start_us in (histogram.starts_us[0], histogram.starts_us[-1])
        ]
        if filled.start_us is None or filled.end_us is None or filled.start_us < filled.end_us:
            if filled.start_us is not None:
                places.append(self.steps.place(filled.start_us))
            if filled.end_us is not None:
                places.append(self.steps.place(filled.end_us - 1))
        return (min(places), max(places) + 1) if places else (0, 0)

    def _place(self, piece: Piece, start_us: int) -> tuple[int, int]:
        """Of a stretch of a piece; and how many from it on are shown again after the clocks are set back.

        Those belong to the bucket that was begun before.
        """
        period, width_us = piece.period, self.steps.width_us
        past = (start_us + period.ahead_us - period.label_us) // width_us
        if past >= 0 or period is self.steps.periods[0]:
            return period.place + past, 0
        return period.place - 1, -past


def _add(column: array[int], at: int, counts: array[int], early: int) -> None:
    """Adds counts to those of the stretches from one on, the early ones to that one."""
    if early > 1:
        counts = array("Q", [sum(counts[:early]), *counts[early:]])
    end = at + len(counts)
    both = column[at:end]
    column[at:end] = added(both, counts) if any(both) else counts


def cut(times: TimeRange, known: tuple[int, int], width_us: int, zone: tzinfo) -> Cut:
    """Cuts a range of times where the clocks of a zone are changed.

    Args:
        times: Either end may be open.
        known: First and last time that there are events of.
        width_us: Of a bucket.
        zone: Whose clocks count.
    """
    first_us = known[0] if times.start_us is None else times.start_us
    last_us = known[1] if times.end_us is None else times.end_us
    shift_us = MONDAY_US if width_us % WEEK_US == 0 else 0
    clocks = zone if width_us >= _HOUR_US else _unchanged(first_us, zone)
    steps = local_steps(first_us, last_us - 1, width_us, clocks, shift_us=shift_us, rule=Rule.ONCE)
    asked = steps.periods[steps.period(first_us) :]
    ends = [times.start_us, *(one.start_us for one in asked[1:]), times.end_us]
    pieces = [
        Piece(TimeRange(start, end), period, (shift_us - period.ahead_us) % width_us)
        for start, end, period in zip(ends, ends[1:], asked, strict=False)
    ]
    return Cut(pieces, steps)


def _unchanged(time_us: int, zone: tzinfo) -> tzinfo:
    """Clocks that stay as those of a zone are at a time."""
    return timezone(timedelta(microseconds=ahead_us(time_us, zone)))
