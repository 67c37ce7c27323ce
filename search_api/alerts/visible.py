"""Up to where do searches see what came through the broker?

A store answers that events are stored, and the processor commits its position, before searches see them:
the embedded one until its next commit, Elasticsearch until its next refresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

from logboom.broker import PartitionLag
from logboom.errors import LogboomError, StoreRefused

log = logging.getLogger("logboom.alerts")

_LOOK_S: Final = 1.0


class Refreshing(Protocol):
    """What is asked of a store; see `Store.refresh`."""

    async def refresh(self) -> None:
        """Makes everything written so far visible to searches."""
        ...


class Visible:
    """Remembers which positions were committed before the store was refreshed.

    Args:
        store: Has the events.
    """

    def __init__(self, store: Refreshing) -> None:
        self._store = store
        self._positions: Mapping[int, int] = {}
        self._is_told = False

    def position(self, lag: PartitionLag) -> int:
        """Searches see all messages of a partition before this one; 0 while none is known."""
        position = self._positions.get(lag.partition, 0)
        return position if position <= lag.committed else 0  # else the partition was made anew

    async def look(self, lags: Iterable[PartitionLag]) -> None:
        """Waits until searches see what was committed; it stays as it was when the store cannot do that."""
        positions = {lag.partition: lag.committed for lag in lags}
        if positions == self._positions:
            return
        try:
            await self._store.refresh()
        except StoreRefused as error:  # it never will: what the store shows by itself has to do
            self._tell("silence is judged of what searches see by themselves: %s", error)
        except LogboomError as error:
            self._tell("silence is not judged, searches may not see all events: %s", error)
            return
        else:
            self._is_told = False
        self._positions = positions

    def _tell(self, sentence: str, error: LogboomError) -> None:
        if not self._is_told:
            log.warning(sentence, error)
        self._is_told = True

    async def run(self, lags: Callable[[], Awaitable[Iterable[PartitionLag]]]) -> None:
        """Looks again and again, until it is cancelled.

        Args:
            lags: Gives the partitions as they were told last.
        """
        while True:
            await self.look(await lags())
            await asyncio.sleep(_LOOK_S)
