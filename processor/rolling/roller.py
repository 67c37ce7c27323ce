"""How do the rollups follow the events? Marked minutes are worked out anew, a bounded part of the time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime

from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.errors import LogboomError, StoreDamaged, TooManyRows
from logboom.rollups import Row, Tier, added_up
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Mark, Marks
from logboom.state.lease import Lease
from logboom.store import Store

log = logging.getLogger("logboom.rollups")

LEASE = "rollups"
"""The lease under which one of several processors rolls up."""

_LEAST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 20.0
_TROUBLE_PAUSE_S = 5.0
_AT_ONCE = 500
"""Marks of other hours that are looked at in one round."""

_ROUND_S = 2.0
"""After so long no other hour is begun, neither of the newest nor of the others."""

_EXPIRE_EVERY_S = 600.0
_BEYOND_US = 2**53


@dataclass(slots=True)
class Progress:
    """What was done since the start, for the metrics.

    Attributes:
        minutes: Minutes that were worked out.
        rows: Their rows.
        too_wide: Stretches that were given up since they had too many rows.
        busy_s: Time spent.
        waiting: Minutes that are marked now; of very many, the first ones.
    """

    minutes: int = 0
    rows: int = 0
    too_wide: int = 0
    busy_s: float = 0.0
    waiting: int = 0


class Roller:
    """Works out rollups.

    Args:
        store: Has the events, and keeps the rows.
        marks: Which minutes have changed.
        gone: Is told of days whose events are gone, and of which something is to be worked out.
        lease: Sees to it that one processor does it.
        section: How long rows are kept, and what part of the time may be spent.
        clock: Asked for the time.
    """

    def __init__(
        self, store: Store, marks: Marks, gone: GoneDays, lease: Lease, section: RollupsSection,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._store = store
        self._marks = marks
        self._gone = gone
        self._lease = lease
        self._section = section
        self._clock = clock
        self._expire_at = clock.monotonic()
        self._told: str | None = None
        self._last: Mark | None = None
        self._has_begun = False
        self._waits: set[str] = set()
        self.progress = Progress()

    async def run(self) -> None:
        """Rolls up until it is cancelled; a store that does not answer is asked again."""
        try:
            while True:
                rest_s = await self._round()
                await asyncio.sleep(rest_s)
        finally:
            await self._give_back()

    async def _round(self) -> float:
        """One round; returns for how long to rest."""
        begun = self._clock.monotonic()
        try:
            await self.roll()
        except LogboomError as error:
            if self._told != error.sentence():
                log.warning("the rollups wait: %s", error.sentence())
            self._told = error.sentence()
            return _TROUBLE_PAUSE_S
        if self._told is not None:
            log.info("the rollups go on")
            self._told = None
        took_s = self._clock.monotonic() - begun
        self.progress.busy_s += took_s
        rest_s = took_s * (1 / self._section.cpu_share - 1)
        return min(max(_LEAST_PAUSE_S, rest_s), _LONGEST_PAUSE_S)

    async def roll(self) -> int:
        """Works out what is marked, the newest hours first, then some of the oldest.

        Returns:
            How many marks were dealt with.

        Raises:
            StoreUnavailable: Roll again later; nothing is lost.
            StateUnavailable: The same.
        """
        if not await self._lease.take():
            return 0
        await self._begin()
        await self._expire()
        now_us = self._clock.now_ns() // 1000
        newest = await self._marks.newest(now_us)
        others = await self._others(newest)
        if newest or others:
            await self._store.refresh()
        done = await self._roll_some(reversed(_by_hour(newest)), now_us)
        done += await self._roll_some(_by_hour(others), now_us)
        self.progress.waiting = await self._marks.waiting(0, _BEYOND_US)
        return done

    async def _others(self, newest: Sequence[Mark]) -> list[Mark]:
        """Marks of other hours, in turn: one that is marked again and again holds up no other."""
        found = await self._marks.behind(self._last, _AT_ONCE)
        if not found and self._last is not None:
            self._last = None
            found = await self._marks.behind(None, _AT_ONCE)
        recent = {(mark.start_us, mark.tier) for mark in newest}
        others = [mark for mark in found if (mark.start_us, mark.tier) not in recent]
        if found and not others:
            self._last = found[-1]
        return others

    async def _roll_some(self, hours: Iterable[Sequence[Mark]], now_us: int) -> int:
        """Works out hours for a while, at least one of them."""
        due = self._clock.monotonic() + _ROUND_S
        done = 0
        for marks in hours:
            if await self._roll_hour(marks, now_us):
                await self._gone.note_late(_day_of(marks[0]))
                await self._marks.clear(marks)
                done += len(marks)
            self._last = marks[-1]
            if self._clock.monotonic() > due:
                break
        return done

    async def _roll_hour(self, marks: Sequence[Mark], now_us: int) -> bool:
        """Works out marked stretches of one hour, and what is added up of them.

        Returns:
            False when the hour's day cannot be read now.
        """
        hour_us = Tier.HOUR.start_us(marks[0].start_us)
        try:
            for start_us, end_us in _stretches(marks):
                rows = await self._summarised(start_us, end_us)
                await self._keep(Tier.MINUTE, rows, now_us)
                self.progress.minutes += (end_us - start_us) // Tier.MINUTE.width_us
                self.progress.rows += len(rows)
            width_us = Tier.FIVE_MINUTES.width_us
            changed = {
                start_us
                for mark in marks
                for start_us in range(
                    Tier.FIVE_MINUTES.start_us(mark.start_us), mark.end_us, width_us
                )
            }
            await self._add_up(Tier.FIVE_MINUTES, changed, now_us)
            await self._add_up(Tier.HOUR, {hour_us}, now_us)
        except TooManyRows as error:
            self.progress.too_wide += 1
            log.warning("an hour's rollups are not complete: %s", error.sentence())
        except StoreDamaged as error:
            if error.sentence() not in self._waits:
                log.warning("an hour's rollups wait: %s", error.sentence())
            self._waits.add(error.sentence())
            return False
        return True

    async def _add_up(self, tier: Tier, starts_us: Set[int], now_us: int) -> None:
        """Works out stretches of a coarser tier from the next finer one, while that is kept.

        Args:
            tier: The coarser one.
            starts_us: Begins of the stretches, all of one hour.
            now_us: The present.
        """
        first_us, end_us = min(starts_us), max(starts_us) + tier.width_us
        if not tier.is_kept(self._section, max(starts_us), now_us):
            return
        below = tier.below
        if below is not None and below.is_kept(self._section, first_us, now_us):
            parts = await self._store.rollups.rows(below, first_us, end_us)
        else:
            parts = await self._summarised(first_us, end_us)
        rows = added_up(parts, tier.width_us)
        await self._keep(tier, [row for row in rows if row.start_us in starts_us], now_us)

    async def _summarised(self, start_us: int, end_us: int) -> Sequence[Row]:
        """Rows of minutes, with fewer minutes at once where there are too many rows.

        Raises:
            TooManyRows: There are, in a single minute.
        """
        try:
            return await self._store.rollups.summarise(start_us, end_us)
        except TooManyRows:
            minutes = (end_us - start_us) // Tier.MINUTE.width_us
            if minutes < 2:
                raise
            middle_us = start_us + minutes // 2 * Tier.MINUTE.width_us
            first = await self._summarised(start_us, middle_us)
            return [*first, *await self._summarised(middle_us, end_us)]

    async def _keep(self, tier: Tier, rows: Sequence[Row], now_us: int) -> None:
        kept = [row for row in rows if tier.is_kept(self._section, row.start_us, now_us)]
        if kept:
            await self._store.rollups.keep(tier, kept)

    async def _begin(self) -> None:
        if not self._has_begun:
            await self._marks.begin([day.day for day in await self._store.days()])
            self._has_begun = True

    async def _expire(self) -> None:
        if self._clock.monotonic() < self._expire_at:
            return
        now_us = self._clock.now_ns() // 1000
        for tier in Tier:
            since_us = tier.kept_since_us(self._section, now_us)
            await self._store.rollups.expire(tier, tier.start_us(since_us))
        self._expire_at = self._clock.monotonic() + _EXPIRE_EVERY_S

    async def _give_back(self) -> None:
        try:
            await self._lease.give_back()
        except LogboomError as error:
            log.debug("the lease of the rollups ends by itself: %s", error.sentence())


def _day_of(mark: Mark) -> date:
    return datetime.fromtimestamp(mark.start_us // 1_000_000, UTC).date()


def _by_hour(marks: Iterable[Mark]) -> list[list[Mark]]:
    """Marks by hour, ascending as they are."""
    hours: dict[int, list[Mark]] = {}
    for mark in marks:
        hours.setdefault(Tier.HOUR.start_us(mark.start_us), []).append(mark)
    return list(hours.values())


def _stretches(marks: Iterable[Mark]) -> Iterator[tuple[int, int]]:
    """The marked minutes of an hour as few stretches without gaps."""
    begin = end = -1
    for mark in sorted(marks, key=lambda mark: mark.start_us):
        if mark.start_us > end:
            if begin >= 0:
                yield begin, end
            begin, end = mark.start_us, mark.end_us
        end = max(end, mark.end_us)
    if begin >= 0:
        yield begin, end
