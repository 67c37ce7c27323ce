"""Which rows are lost, and can they be worked out anew?

Rows rest in files or indices, which may be damaged, deleted or put back from a copy. Each has an id of
its own, and the state remembers those of which all is worked out but what is marked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.rollups import Room, Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.store import Store

log = logging.getLogger("logboom.rollups")

_EVERY_S: Final = 10.0
_DAY_US: Final = 24 * Tier.HOUR.width_us


class LostRows:
    """Marks the days anew whose rows are lost, as long as the store has their events.

    Args:
        store: Has the events, and keeps the rows.
        marks: Are set, and remember where rows are kept.
        gone: Days whose events are gone: of those, rows are lost for good.
        section: How long rows are kept.
        clock: Asked for the time.
        warn: Is told of what is lost, in words for people.
    """

    def __init__(
        self, store: Store, marks: Marks, gone: GoneDays, section: RollupsSection, clock: Clock,
        warn: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._marks = marks
        self._gone = gone
        self._section = section
        self._clock = clock
        self._warn = warn
        self._due = clock.monotonic()

    async def look(self) -> None:
        """Looks every ten seconds; at the very first time, all days are worked out.

        Raises:
            LogboomError: Look again; nothing is forgotten.
        """
        if self._clock.monotonic() < self._due:
            return
        rooms = await self._store.rollups.rooms()
        known = await self._marks.rooms()
        if known is None:
            await self._mark(await self._stored_days())
        elif lost := self._lost(known, rooms):
            await self._begin_anew(lost)
        if known != rooms:
            await self._marks.note_rooms(rooms)
        self._due = self._clock.monotonic() + _EVERY_S

    def _lost(self, known: Sequence[Room], rooms: Sequence[Room]) -> list[Room]:
        """The rooms that are not what they were, without those that have expired."""
        return [
            room for room in known if room not in rooms and room.end_us > self._since_us(room.tier)
        ]

    async def _begin_anew(self, lost: Sequence[Room]) -> None:
        days = [day for day in await self._stored_days() if any(_has(room, day) for room in lost)]
        await self._mark(days)
        names = ", ".join(room.name for room in lost)
        said = f"rates were lost with {names}; those of {_in_words(days)} are worked out anew"
        gone: set[date] = set()
        for room in lost:
            start_us = max(room.start_us, self._since_us(room.tier))
            gone.update(await self._gone.note_lost(start_us, room.end_us))
        if gone:
            said += f", and those of {_in_words(sorted(gone))}, whose events are gone, cannot be"
        log.warning("%s", said)
        self._warn(said)

    def _since_us(self, tier: Tier) -> int:
        return tier.kept_since_us(self._section, self._clock.now_ns() // 1000)

    async def _stored_days(self) -> list[date]:
        return [day.day for day in await self._store.days()]

    async def _mark(self, days: Iterable[date]) -> None:
        for day in days:
            await self._marks.mark_day(day)


def _has(room: Room, day: date) -> bool:
    start_us = int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
    return room.start_us < start_us + _DAY_US and start_us < room.end_us


def _in_words(days: Sequence[date]) -> str:
    if len(days) < 2:
        return f"the day {days[0]}" if days else "no day"
    return f"{len(days)} days from {days[0]} to {days[-1]}"
