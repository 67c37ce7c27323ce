"""How is time cut into buckets for people in a time zone?

A bucket of an hour or longer begins when the clocks of the zone say so: a day at its midnight, a week
with its Monday. Where the clocks are changed a day has 23 or 25 hours. So the range of times is cut
where the zone's distance from UTC changes, and buckets on either side of it whose clocks show the same
begin are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from logboom.errors import QueryError
from logboom.store import Bucket, TimeRange

MOST_BUCKETS = 20_000

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_WEEK_US = 7 * _DAY_US
_MONDAY_US = 4 * _DAY_US  # the first one since the epoch
_LOOK_US = _WEEK_US
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

    def assembled(self, found: Iterable[Sequence[Bucket]], filled: TimeRange) -> list[Bucket]:
        """One row of buckets, without gaps.

        Args:
            found: Of each piece.
            filled: Which times have buckets in any case.

        Raises:
            QueryError: There would be too many.
        """
        sums = self._sums(found)
        labels = set(sums)
        if filled.start_us is not None:
            labels.add(self._label(filled.start_us))
        if filled.end_us is not None:
            labels.add(self._label(filled.end_us - 1))
        if not labels:
            return []
        first, last = min(labels), max(labels)
        if (last - first) // self.width_us >= MOST_BUCKETS:
            raise QueryError(
                f"there would be more than {MOST_BUCKETS} buckets",
                suggestion="choose a longer interval or a shorter range of time",
            )
        row = range(first, last + 1, self.width_us)
        if len(self.pieces) == 1:
            ahead_us = self.pieces[0].ahead_us
            return [sums.get(label) or Bucket(label - ahead_us, 0) for label in row]
        return [_beginning(sums.get(label), _instant(label, self.zone)) for label in row]

    def _sums(self, found: Iterable[Sequence[Bucket]]) -> dict[int, Bucket]:
        """The buckets of each label as one."""
        sums: dict[int, Bucket] = {}
        for piece, buckets in zip(self.pieces, found, strict=True):
            labelled = {bucket.start_us + piece.ahead_us: bucket for bucket in buckets}
            for label in sums.keys() & labelled.keys():
                labelled[label] = _sum(sums[label], labelled[label])
            sums |= labelled
        return sums

    def _label(self, time_us: int) -> int:
        is_one = len(self.pieces) == 1
        ahead_us = self.pieces[0].ahead_us if is_one else _ahead_us(time_us, self.zone)
        shown_us = time_us + ahead_us
        return shown_us - (shown_us - _shift(self.width_us)) % self.width_us


def _sum(one: Bucket, other: Bucket) -> Bucket:
    return Bucket(one.start_us, one.count + other.count, Counter(one.by) + Counter(other.by))


def _beginning(bucket: Bucket | None, start_us: int) -> Bucket:
    """A bucket that begins at a time; an empty one in place of none."""
    if bucket is None:
        return Bucket(start_us, 0, {})
    return bucket if bucket.start_us == start_us else Bucket(start_us, bucket.count, bucket.by)


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
