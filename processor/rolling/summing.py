"""How are the rows of marked stretches of one day worked out and kept: many of them together?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial

from logboom.clock import Clock
from logboom.config import RollupsSection
from logboom.errors import TooManyRows
from logboom.rollups import Row, Tier, added_up
from logboom.rollups.marks import Mark
from logboom.store import Store

_A_WHILE_S = 0.5
"""After so long no other stretch is asked for: what was worked out is kept first."""

_MANY_ROWS = 20_000
"""The same after so many rows."""

_CHEAP_S = 0.1
"""When a stretch took less, one of twice its length is asked for next."""

_MINUTE_US = Tier.MINUTE.width_us


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


class Summing:
    """Works out rows of all tiers.

    Each tier is kept as a whole before the next coarser one is added up of what is kept then. So
    whoever is killed in between has kept nothing wrong: the marks are still there, and the same is
    worked out again.

    Args:
        store: Has the events, and keeps the rows.
        section: How long rows are kept.
        clock: Tells how long something took.
        progress: Is added to.
    """

    def __init__(
        self, store: Store, section: RollupsSection, clock: Clock, progress: Progress
    ) -> None:  # fmt: skip
        self._store = store
        self._section = section
        self._clock = clock
        self._progress = progress

    async def work_out(self, marks: Sequence[Mark], now_us: int) -> Sequence[Mark]:
        """Works out the first ones of marked stretches, and what is added up of them.

        Args:
            marks: Of one day, ascending.
            now_us: The present.

        Returns:
            Those that were worked out: as many as fit into a while, at least one.

        Raises:
            TooManyRows: There are, in one of them.
            StoreDamaged: The day cannot be read now.
            StoreUnavailable: Some of it may be kept already; work it out again.
        """
        minutes, done = await self._minutes(marks)
        await self._keep(Tier.MINUTE, minutes, now_us)
        await self._add_up(Tier.FIVE_MINUTES, Tier.MINUTE, done, now_us)
        await self._add_up(Tier.HOUR, Tier.FIVE_MINUTES, done, now_us)
        self._progress.minutes += len(_starts(done, Tier.MINUTE))
        self._progress.rows += len(minutes)
        return done

    async def _minutes(self, marks: Sequence[Mark]) -> tuple[list[Row], Sequence[Mark]]:
        """The rows of the first marked minutes, and the marks of these.

        Where little has happened, one question goes over many of them and what is between; where
        much has, it is one for each of them.
        """
        begun = self._clock.monotonic()
        rows: list[Row] = []
        taken = reach_us = 0
        while taken < len(marks):
            asked_at = self._clock.monotonic()
            asked = _next(marks[taken:], reach_us)
            start_us, end_us = asked[0].start_us, max(mark.end_us for mark in asked)
            wanted = _starts(asked, Tier.MINUTE)
            try:
                ask = self._store.rollups.summarise
                found = await (ask if reach_us else partial(_in_parts, ask))(start_us, end_us)
            except TooManyRows:
                if not reach_us:
                    raise
                reach_us = 0  # not so many of them at once, and what there is by now is kept first
                if rows:
                    break
                continue
            rows += [row for row in found if row.start_us in wanted]
            taken += len(asked)
            now = self._clock.monotonic()
            reach_us = 2 * (end_us - start_us) if now - asked_at < _CHEAP_S else 0
            if now - begun > _A_WHILE_S or len(rows) >= _MANY_ROWS:
                break
        return rows, marks[:taken]

    async def _add_up(self, tier: Tier, below: Tier, marks: Iterable[Mark], now_us: int) -> None:
        """Works out stretches of a coarser tier from the next finer one, while that is kept."""

        def rows_below(start_us: int, end_us: int) -> Awaitable[Sequence[Row]]:
            return self._store.rollups.rows(below, start_us, end_us)

        changed = {one for one in _starts(marks, tier) if self._is_kept(tier, one, now_us)}
        is_there = {one for one in changed if self._is_kept(below, one, now_us)}
        parts: list[Row] = []
        for start_us, end_us in _runs(is_there, tier.width_us):
            parts += await _in_parts(rows_below, start_us, end_us)
        for start_us, end_us in _runs(changed - is_there, tier.width_us):
            parts += await _in_parts(self._store.rollups.summarise, start_us, end_us)
        await self._keep(tier, added_up(parts, tier.width_us), now_us)

    async def _keep(self, tier: Tier, rows: Sequence[Row], now_us: int) -> None:
        kept = [row for row in rows if self._is_kept(tier, row.start_us, now_us)]
        if kept:
            await self._store.rollups.keep(tier, kept)

    def _is_kept(self, tier: Tier, start_us: int, now_us: int) -> bool:
        return tier.is_kept(self._section, start_us, now_us)


async def _in_parts(
    ask: Callable[[int, int], Awaitable[Sequence[Row]]], start_us: int, end_us: int
) -> Sequence[Row]:
    """Rows of a stretch, with fewer minutes at once where there are too many rows.

    Raises:
        TooManyRows: There are, in a single minute.
    """
    try:
        return await ask(start_us, end_us)
    except TooManyRows:
        minutes = (end_us - start_us) // _MINUTE_US
        if minutes < 2:
            raise
        middle_us = start_us + minutes // 2 * _MINUTE_US
        first = await _in_parts(ask, start_us, middle_us)
        return [*first, *await _in_parts(ask, middle_us, end_us)]


def _next(marks: Sequence[Mark], reach_us: int) -> Sequence[Mark]:
    """The first one and those that are asked for with it: up to a gap, and within an hour or the reach."""
    start_us, end_us = marks[0].start_us, marks[0].end_us
    hour_us = Tier.HOUR.start_us(start_us)
    for count, mark in enumerate(marks[1:], 1):
        is_near = mark.start_us <= end_us and Tier.HOUR.start_us(mark.start_us) == hour_us
        if not is_near and mark.end_us - start_us > reach_us:
            return marks[:count]
        end_us = max(end_us, mark.end_us)
    return marks


def _starts(marks: Iterable[Mark], tier: Tier) -> set[int]:
    """The begins of a tier's stretches that marks touch."""
    return {
        start_us
        for mark in marks
        for start_us in range(tier.start_us(mark.start_us), mark.end_us, tier.width_us)
    }


def _runs(starts_us: Set[int], width_us: int) -> Iterator[tuple[int, int]]:
    """Stretches of one width as few longer ones without gaps."""
    ascending = sorted(starts_us)
    begins = [one for one in ascending if one - width_us not in starts_us]
    ends = [one + width_us for one in ascending if one + width_us not in starts_us]
    return zip(begins, ends, strict=True)
