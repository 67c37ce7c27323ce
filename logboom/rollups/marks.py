"""Which stretches of time have events that their rollups do not know yet?

A mark is a record of the state: an hour (`2026-11-21T14`) or a minute (`2026-11-21T14:15`). Whoever
has changed what the store holds marks it; whoever has worked out its rows takes the mark away, unless
it was marked again meanwhile, which its version tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Final

from logboom.event import epoch_us
from logboom.rollups.port import Room
from logboom.rollups.tiers import Tier
from logboom.state import Record, State, Write

_KIND: Final = "rollup-marks"
_MINUTE_LENGTH: Final = len("2026-11-21T14:15")
_HOUR_LENGTH: Final = len("2026-11-21T14")
_ROOMS: Final = ("rollups", "rooms")
_AT_ONCE: Final = 5_000
_MOST_MINUTES: Final = 200
"""Minutes that are marked one by one; of more, the hours are marked."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked stretch.

    Attributes:
        start_us: Its begin, µs since the epoch.
        tier: Its width: a minute or an hour.
        version: Of the mark.
    """

    start_us: int
    tier: Tier
    version: str

    @property
    def end_us(self) -> int:
        """The begin of the stretch behind it."""
        return self.start_us + self.tier.width_us


class Marks:
    """The marks of one store.

    Args:
        state: Keeps them.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def mark(self, minutes_us: Iterable[int]) -> None:
        """Marks minutes; durable when it returns. A minute that is marked is marked again.

        Args:
            minutes_us: Their begins, µs since the epoch.

        Raises:
            StateUnavailable: Some may be marked; mark all of them again.
        """
        minutes = set(minutes_us)
        if len(minutes) > _MOST_MINUTES:
            hours = {Tier.HOUR.start_us(minute) for minute in minutes}
            await self._put(_text(hour)[:_HOUR_LENGTH] for hour in sorted(hours))
        else:
            await self._put(_text(minute) for minute in sorted(minutes))

    async def mark_day(self, day: date) -> None:
        """Marks a whole day, after a change that is not told minute by minute.

        Raises:
            StateUnavailable: Some hours may be marked; mark the day again.
        """
        await self._put(f"{day}T{hour:02}" for hour in range(24))

    async def rooms(self) -> Sequence[Room] | None:
        """The rooms of which all is worked out but what is marked; None before there were rollups.

        Raises:
            StateUnavailable: Ask again later.
        """
        record = await self._state.get(*_ROOMS)
        if record is None:
            return None
        return [Room(**{**one, "tier": Tier(one["tier"])}) for one in record.value["rooms"]]

    async def note_rooms(self, rooms: Iterable[Room]) -> None:
        """Remembers that of these rooms all is worked out but what is marked.

        Raises:
            StateUnavailable: Note it again.
        """
        found = [{**asdict(room), "tier": room.tier.value} for room in rooms]
        await self._state.put(*_ROOMS, {"rooms": found})

    async def newest(self, now_us: int) -> Sequence[Mark]:
        """The marks of this hour and of the one before, ascending.

        Raises:
            StateUnavailable: Ask again later.
        """
        found: list[Mark] = []
        for hour_us in (now_us - Tier.HOUR.width_us, now_us):
            prefix = _text(hour_us)[:_HOUR_LENGTH]
            records = await self._state.list(_KIND, prefix=prefix, limit=_AT_ONCE)
            found += [_mark(record) for record in records]
        return found

    async def behind(self, mark: Mark | None, limit: int) -> Sequence[Mark]:
        """The marks that follow another one, ascending.

        Args:
            mark: None for the first ones.
            limit: At most so many.

        Raises:
            StateUnavailable: Ask again later.
        """
        after = "" if mark is None else _key(mark)
        records = await self._state.list(_KIND, after=after, limit=limit)
        return [_mark(record) for record in records]

    async def waiting(self, start_us: int, end_us: int) -> int:
        """How many minutes of a stretch of time are marked; of very many, the first ones.

        Args:
            start_us: Included, µs since the epoch.
            end_us: Excluded.

        Raises:
            StateUnavailable: Ask again later.
        """
        hour_us = Tier.HOUR.start_us(start_us)
        after = _text(hour_us - Tier.MINUTE.width_us) if hour_us > 0 else ""
        records = await self._state.list(_KIND, after=after, limit=_AT_ONCE)
        minutes = {
            minute_us
            for mark in map(_mark, records)
            for minute_us in range(mark.start_us, mark.end_us, Tier.MINUTE.width_us)
            if start_us <= minute_us < end_us
        }
        return len(minutes)

    async def clear(self, marks: Iterable[Mark]) -> None:
        """Takes marks away together, but those that were marked again since.

        Args:
            marks: At most 10,000.

        Raises:
            StateUnavailable: Some may be left.
        """
        versions = {_key(mark): mark.version for mark in marks}
        await self._state.delete_many(_KIND, versions)

    async def _put(self, keys: Iterable[str]) -> None:
        writes = [Write(_KIND, key, {}) for key in keys]
        for start in range(0, len(writes), _AT_ONCE):
            await self._state.put_many(writes[start : start + _AT_ONCE])


def _mark(record: Record) -> Mark:
    is_minute = len(record.key) == _MINUTE_LENGTH
    start = f"{record.key}:00Z" if is_minute else f"{record.key}:00:00Z"
    return Mark(epoch_us(start), Tier.MINUTE if is_minute else Tier.HOUR, record.version)


def _key(mark: Mark) -> str:
    length = _MINUTE_LENGTH if mark.tier is Tier.MINUTE else _HOUR_LENGTH
    return _text(mark.start_us)[:length]


def _text(time_us: int) -> str:
    """A minute's name."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M")
