"""Whose batch is next in a partition? In the order in which turns were taken.

The client's own queue lets a batch that comes just then overtake those that wait for a place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Turn:
    """One batch's turn in one partition.

    Args:
        before: Ends with the turn before it.
    """

    def __init__(self, before: asyncio.Future[None] | None) -> None:
        self._before = before
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def come(self) -> None:
        """Waits until the turns before it have ended."""
        if self._before is not None:
            await asyncio.wait([self._before])
            self._before = None

    def end(self) -> None:
        """Lets the next one begin; no effect the second time."""
        if not self.ended.done():
            self.ended.set_result(None)


class Turns:
    """The turns in all partitions of a topic."""

    def __init__(self) -> None:
        self._last: dict[int, asyncio.Future[None]] = {}

    def take(self, partitions: Iterable[int]) -> dict[int, Turn]:
        """A turn in each of these partitions, behind all that were taken before."""
        turns = {partition: Turn(self._last.get(partition)) for partition in partitions}
        self._last |= {partition: turn.ended for partition, turn in turns.items()}
        return turns
