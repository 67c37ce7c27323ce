"""How is time cut into buckets for people in a time zone?

A bucket of an hour or longer begins when the clocks of the zone say so: a day at its midnight, a week
with its Monday. Where the clocks are changed a day has 23 or 25 hours. So the range of times is cut
where the zone's distance from UTC changes, and buckets on either side of it whose clocks show the same
begin are one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import add
from zoneinfo import ZoneInfo

from logboom.errors import QueryError
from logboom.store import Histogram, TimeRange

MOST_BUCKETS = 20_000

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_WEEK_US = 7 * _DAY_US
_MONDAY_US = 4 * _DAY_US  # the first one since the epoch
_LOOK_US = _WEEK_US
Columns = Mapping[str | None, "array[int]"]
"""Counts of each stretch: in all, by None, and of each value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """Times between two changes of the clocks.

    Attributes:
        times: As the store is asked.
        ahead_us: How far the zone's clocks are ahead of UTC.
        offset_us: By how much buckets start later than at multiples of their width in UTC.
    """

    times: TimeRange
    ahead_us: int
    offset_us: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A range of times, cut. What the clocks show when a bucket begins is the bucket's label.

    Attributes:
        pieces: To be counted one by one.
        width_us: Of a bucket.
        zone: Whose clocks tell where a bucket begins.
    """

    pieces: Sequence[Piece]
    width_us: int
    zone: ZoneInfo

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
        labels = self._labels(found, filled)
        if len(labels) > MOST_BUCKETS:
            raise QueryError(
                f"there would be more than {MOST_BUCKETS} buckets",
                suggestion="choose a longer interval or a shorter range of time",
            )
        columns: dict[str | None, array[int]] = {None: array("Q", bytes(8 * len(labels)))}
        for piece, histogram in zip(self.pieces, found, strict=True):
            if not histogram.counts:
                continue
            at = labels.index(histogram.starts_us[0] + piece.ahead_us)
            for value, counts in ((None, histogram.counts), *histogram.by.items()):
                column = columns.setdefault(value, array("Q", bytes(8 * len(labels))))
                _add(column, at, counts)
        return self._starts(labels), columns

    def _labels(self, found: Sequence[Histogram], filled: TimeRange) -> range:
        """What the clocks show when the stretches begin."""
        ends = [
            start_us + piece.ahead_us
            for piece, histogram in zip(self.pieces, found, strict=True)
            if histogram.counts
            for start_us in (histogram.starts_us[0], histogram.starts_us[-1])
        ]
        if filled.start_us is not None:
            ends.append(self._label(filled.start_us))
        if filled.end_us is not None:
            ends.append(self._label(filled.end_us - 1))
        return range(min(ends), max(ends) + 1, self.width_us) if ends else range(0)

    def _starts(self, labels: range) -> Sequence[int]:
        if len(self.pieces) > 1:
            return [_instant(label, self.zone) for label in labels]
        ahead_us = self.pieces[0].ahead_us
        return range(labels.start - ahead_us, labels.stop - ahead_us, labels.step)

    def _label(self, time_us: int) -> int:
        is_one = len(self.pieces) == 1
        ahead_us = self.pieces[0].ahead_us if is_one else _ahead_us(time_us, self.zone)
        shown_us = time_us + ahead_us
        return shown_us - (shown_us - _shift(self.width_us)) % self.width_us


def _add(column: array[int], at: int, counts: array[int]) -> None:
    """Adds counts to those of the stretches from one on."""
    end = at + len(counts)
    both = column[at:end]
    column[at:end] = array("Q", map(add, both, counts)) if any(both) else counts


def cut(times: TimeRange, known: tuple[int, int], width_us: int, zone: ZoneInfo) -> Cut:
    """Cuts a range of times where the clocks of a zone are changed.

    Args:
        times: Either end may be open.
        known: First and last time that there are events of.
        width_us: Of a bucket.
        zone: Whose clocks count.
    """
    first_us = known[0] if times.start_us is None else times.start_us
    last_us = known[1] if times.end_us is None else times.end_us
    changes = list(_changes(first_us, last_us, zone)) if width_us >= _HOUR_US else []
    aheads = [_ahead_us(at_us, zone) for at_us in (first_us, *changes)]
    shift_us = _shift(width_us)
    if len({ahead_us % width_us for ahead_us in aheads}) == 1:
        return Cut([Piece(times, aheads[0], (shift_us - aheads[0]) % width_us)], width_us, zone)
    ends = [times.start_us, *changes, times.end_us]
    pieces = [
        Piece(TimeRange(start, end), ahead_us, (shift_us - ahead_us) % width_us)
        for start, end, ahead_us in zip(ends, ends[1:], aheads, strict=False)
    ]
    return Cut(pieces, width_us, zone)


def _shift(width_us: int) -> int:
    """Weeks begin with Monday; everything else at a multiple since the epoch."""
    return _MONDAY_US if width_us % _WEEK_US == 0 else 0


def _changes(first_us: int, last_us: int, zone: ZoneInfo) -> Iterator[int]:
    """When the zone's distance from UTC changes, between two times."""
    before_us, ahead_us = first_us, _ahead_us(first_us, zone)
    while before_us < last_us:
        after_us = min(before_us + _LOOK_US, last_us)
        if _ahead_us(after_us, zone) != ahead_us:
            low_us, high_us = before_us, after_us
            while high_us - low_us > 1:
                middle_us = (low_us + high_us) // 2
                if _ahead_us(middle_us, zone) == ahead_us:
                    low_us = middle_us
                else:
                    high_us = middle_us
            yield high_us
            after_us, ahead_us = high_us, _ahead_us(high_us, zone)
        before_us = after_us


def _ahead_us(time_us: int, zone: ZoneInfo) -> int:
    """How far the zone's clocks are ahead of UTC; times beyond the calendar count as its ends."""
    try:
        moment = (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    except OverflowError:
        return 0
    ahead = moment.utcoffset()
    return 0 if ahead is None else ahead // _US


def _instant(label_us: int, zone: ZoneInfo) -> int:
    """The first moment at which a zone's clocks show a time; or at which they leap over it."""
    try:
        shown = (_EPOCH + timedelta(microseconds=label_us)).replace(tzinfo=zone)
        return label_us - (shown.utcoffset() or timedelta()) // _US
    except OverflowError:
        return label_us
