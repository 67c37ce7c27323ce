"""What may be asked of a store about rollups?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from logboom.rollups.row import Row
from logboom.rollups.tiers import Tier

MOST_ROWS: Final = 200_000
"""Rows in one answer; whoever needs more asks for a shorter stretch, or for one service."""


@dataclass(frozen=True, slots=True)
class Room:
    """A part of a store in which rows are kept: a file, an index.

    Attributes:
        name: Which one.
        id: Another one when it was made anew: what was in it before is lost.
        start_us: Begin of the stretch of time whose rows are in it, µs since the epoch.
        end_us: The stretch's end.
        tier: Of these rows, the one that is kept longest.
    """

    name: str
    id: str
    start_us: int
    end_us: int
    tier: Tier


class Rollups(Protocol):
    """A store's rollups: worked out of its events, kept, and read.

    What was kept only ever grows: a row with fewer events never replaces one with more. So rows of a
    dropped day stay as they are, and of two processes that work out the same minute at once, the one
    that has seen less does no harm.
    """

    async def summarise(self, start_us: int, end_us: int) -> Sequence[Row]:
        """Works out the rows of minutes from the events that searches can see.

        An event counts in the minute of its time; one whose time lies outside of its index's day
        counts in the minute it was read in. So a minute depends on the index of its own day alone.

        Args:
            start_us: Begin of the first minute, µs since the epoch.
            end_us: End of the last minute, of the same UTC day.

        Returns:
            Rows of minutes, in no order.

        Raises:
            TooManyRows: There would be more than `MOST_ROWS`.
            StoreDamaged: That day cannot be read; others can.
            StoreUnavailable: Ask again later.
        """
        ...

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        """Keeps rows; durable, and seen by `rows`, when it returns. Idempotent.

        Raises:
            StoreUnavailable: Some may be kept; keep all of them again later.
            StoreRefused: The store will not keep them: credentials, rights.
            DiskFull: There is no room.
        """
        ...

    async def rows(
        self, tier: Tier, start_us: int, end_us: int, *, service: str | None = None
    ) -> Sequence[Row]:
        """The rows that are kept of stretches that begin within a time, ascending by it.

        Args:
            tier: Width of the stretches.
            start_us: Included, µs since the epoch.
            end_us: Excluded.
            service: Only this one's; empty for events without a service.

        Raises:
            TooManyRows: There are more than `MOST_ROWS`.
            StoreUnavailable: Ask again later.
        """
        ...

    async def rooms(self) -> Sequence[Room]:
        """Where rows are kept now. One that is missing was lost, or has expired.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def expire(self, tier: Tier, before_us: int) -> None:
        """Forgets rows of stretches that begin before a time, as soon as the store can.

        Raises:
            StoreUnavailable: Ask again later.
            StoreRefused: We may not.
        """
        ...
