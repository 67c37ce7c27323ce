"""How do the rollups follow the events? Marked minutes are worked out anew, a bounded part of the time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime

from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.errors import LogboomError, StoreDamaged, TooManyRows
from logboom.rollups import Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Mark, Marks
from logboom.state.lease import Lease
from logboom.store import Store
from processor.rolling.lost_rows import LostRows
from processor.rolling.summing import Progress, Summing

log = logging.getLogger("logboom.rollups")

LEASE = "rollups"
"""The lease under which one of several processors rolls up."""

_LEAST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 20.0
"""Also where there is a backlog, of which the next write would make most of the work worthless."""

_TROUBLE_PAUSE_S = 5.0
_AT_ONCE = 5_000
"""Marks of other hours that are looked at in one round."""

_ROUND_S = 2.0
"""After so long nothing else is begun, neither of the newest hours nor of the others."""

_EXPIRE_EVERY_S = 600.0
_BEYOND_US = 2**53
_DAY_US = 24 * Tier.HOUR.width_us


class Roller:
    """Works out rollups.

    Args:
        store: Has the events, and keeps the rows.
        marks: Which minutes have changed.
        gone: Is told of days whose events are gone, and of which something is to be worked out.
        lease: Sees to it that one processor does it.
        section: How long rows are kept, and what part of the time may be spent.
        clock: Asked for the time.
        warn: Is told of rows that are lost.
    """

    def __init__(
        self, store: Store, marks: Marks, gone: GoneDays, lease: Lease, section: RollupsSection,
        clock: Clock, warn: Callable[[str], None] = lambda _: None,
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
        self._waits: set[str] = set()
        self.progress = Progress()
        self._lost_rows = LostRows(store, marks, gone, section, clock, warn)
        self._summing = Summing(store, section, clock, self.progress)

    async def run(self, has_backlog: Callable[[], bool] = lambda: False) -> None:
        """Rolls up until it is cancelled; a store that does not answer is asked again.

        Args:
            has_backlog: Whether more events wait than are written at once.
        """
        try:
            while True:
                await _rest(await self._round(), has_backlog)
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
            self.progress.waiting = 0  # whoever has the lease tells what waits for all
            return 0
        await self._lost_rows.look()
        await self._expire()
        now_us = self._clock.now_ns() // 1000
        newest = await self._marks.newest(now_us)
        others = await self._others(newest)
        if newest or others:
            await self._store.refresh()
        done = await self._roll_some(reversed(_by(Tier.HOUR.width_us, newest)), now_us)
        done += await self._roll_some(_by(_DAY_US, others), now_us)
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

    async def _roll_some(self, batches: Iterable[Sequence[Mark]], now_us: int) -> int:
        """Works out marks for a while, at least some of them.

        Args:
            batches: Marks, each time of one day and ascending.
            now_us: The present.
        """
        due = self._clock.monotonic() + _ROUND_S
        waiting = deque(batches)
        done = 0
        while waiting:
            marks = waiting.popleft()
            try:
                taken = await self._summing.work_out(marks, now_us)
                is_settled = True
            except (TooManyRows, StoreDamaged) as error:
                hours = _by(Tier.HOUR.width_us, marks)
                if len(hours) > 1:
                    waiting.extendleft(reversed(hours))  # it is one of them
                    continue
                taken, is_settled = marks, self._is_settled(error)
            if is_settled:
                await self._gone.note_late(_day_of(taken[0]))
                await self._marks.clear(taken)
                done += len(taken)
            if len(taken) < len(marks):
                waiting.appendleft(marks[len(taken) :])
            self._last = taken[-1]
            if self._clock.monotonic() > due:
                break
        return done

    def _is_settled(self, error: TooManyRows | StoreDamaged) -> bool:
        """Tells why an hour is not worked out; False when it waits for its day to be mended."""
        if isinstance(error, TooManyRows):
            self.progress.too_wide += 1
            log.warning("an hour's rollups are not complete: %s", error.sentence())
            return True
        if error.sentence() not in self._waits:
            log.warning("an hour's rollups wait: %s", error.sentence())
        self._waits.add(error.sentence())
        return False

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


async def _rest(least_s: float, has_backlog: Callable[[], bool]) -> None:
    """Rests; longer while there is a backlog, whose minutes would be marked again at once."""
    await asyncio.sleep(least_s)
    rested_s = least_s
    while has_backlog() and rested_s < _LONGEST_PAUSE_S:
        await asyncio.sleep(_LEAST_PAUSE_S)
        rested_s += _LEAST_PAUSE_S


def _day_of(mark: Mark) -> date:
    return datetime.fromtimestamp(mark.start_us // 1_000_000, UTC).date()


def _by(width_us: int, marks: Iterable[Mark]) -> list[list[Mark]]:
    """Marks by the hour or day that they lie in, ascending as they are."""
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.start_us // width_us, []).append(mark)
    return list(found.values())
