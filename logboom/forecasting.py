"""How many processors will be needed, and when will the disk be full?

Pure functions of what was counted, of what is planned, and of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

PARTICIPANTS_PER_PROCESSOR = 1000
FULL = 0.9
"""A disk that is used to this part counts as full."""

_HOUR = timedelta(hours=1)
_HOUR_S = 3600.0
_DAYS_LOOKED_AT = 7


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that will bring more events than usual.

    Attributes:
        name: For people.
        begin: When it begins.
        end: When it is over.
        participants: So many people.
    """

    name: str
    begin: datetime
    end: datetime
    participants: int

    @property
    def processors(self) -> int:
        """One more for every thousand participants that are begun."""
        return -(-self.participants // PARTICIPANTS_PER_PROCESSOR)


@dataclass(frozen=True, slots=True)
class Hour:
    """What is expected of one hour.

    Attributes:
        begin: Its begin, in UTC.
        per_second: Events per second as usual at this hour of the day.
        planned: Names of what is planned for it.
        processors: So many are recommended.
    """

    begin: datetime
    per_second: float
    planned: tuple[str, ...]
    processors: int


@dataclass(frozen=True, slots=True)
class Disk:
    """What becomes of the disk.

    Attributes:
        daily_bytes: The days take so much more with every day.
        weeks: Until it counts as full; None when it does not get there.
        days: So many whole days it was worked out from; none: nothing is known yet.
    """

    daily_bytes: float
    weeks: float | None
    days: int

    def sentence(self) -> str:
        """In words for people."""
        if not self.days:
            return "disk: not known yet: no whole day is stored"
        if self.weeks is None:
            return f"disk: it does not get {FULL:.0%} full: as much is deleted as comes"
        if not self.weeks:
            return f"disk: it is {FULL:.0%} full already"
        return f"disk: {FULL:.0%} full in {self.weeks:.1f} weeks, if every day is like the last {self.days}"


def hourly_pattern(counts: Iterable[tuple[datetime, int]]) -> dict[int, float]:
    """Events per second by hour of the day in UTC: the mean of the days that are there.

    Args:
        counts: Begin of an hour, and its events. Hours that are not there count for nothing, so
            give those without events, too.
    """
    found: defaultdict[int, list[int]] = defaultdict(list)
    for begin, count in counts:
        found[begin.astimezone(UTC).hour].append(count)
    return {hour: sum(all_) / len(all_) / _HOUR_S for hour, all_ in found.items()}


def recommend(
    pattern: Mapping[int, float], planned: Sequence[Planned], now: datetime, *, hours: int,
    per_processor: float,
) -> list[Hour]:  # fmt: skip
    """The processors that the coming hours need: for what is usual, and for what is planned.

    Args:
        pattern: Events per second by hour of the day in UTC; a missing hour has none.
        planned: What is planned, in any order.
        now: The first hour is the one that this is in.
        hours: So many of them.
        per_processor: Events per second that one processor takes.

    Raises:
        ValueError: A processor that takes nothing cannot be enough.
    """
    if per_processor <= 0:
        raise ValueError("a processor takes more than 0 events per second")
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [
        _hour(first + number * _HOUR, pattern, planned, per_processor) for number in range(hours)
    ]


def _hour(
    begin: datetime, pattern: Mapping[int, float], planned: Sequence[Planned], per_processor: float
) -> Hour:
    per_second = pattern.get(begin.hour, 0.0)
    then = [one for one in planned if one.begin < begin + _HOUR and one.end > begin]
    usual = max(1, -int(-per_second // per_processor))
    processors = usual + sum(one.processors for one in then)
    return Hour(begin, per_second, tuple(one.name for one in then), processors)


def disk_forecast(
    sizes: Mapping[date, int], today: date, *, keep_days: int, used: int, total: int
) -> Disk:
    """When the disk is full, if the coming days are like the last ones.

    The mean of the last seven whole days comes with every day. Once the oldest day is as old as days
    get, the mean of the seven oldest days goes with every day.

    Args:
        sizes: Bytes by day; today's is not whole, and is left out.
        today: In UTC.
        keep_days: So many days are kept.
        used: Bytes of the disk that are used by whatever.
        total: Bytes of the disk.
    """
    whole = sorted(day for day in sizes if day < today)
    if not whole:
        return Disk(0.0, None, 0)
    newest, oldest = whole[-_DAYS_LOOKED_AT:], whole[:_DAYS_LOOKED_AT]
    daily = sum(sizes[day] for day in newest) / len(newest)
    if (today - whole[0]).days >= keep_days:
        daily -= sum(sizes[day] for day in oldest) / len(oldest)
    room = FULL * total - used
    if room <= 0:
        return Disk(daily, 0.0, len(newest))
    return Disk(daily, room / daily / 7 if daily > 0 else None, len(newest))
