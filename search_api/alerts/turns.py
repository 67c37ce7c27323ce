"""Who asks the store when? A few questions at once; those that take long are not counted."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from logboom.event import Event
from logboom.query.model import Query
from logboom.store import TimeRange
from logboom.store.cells import Cell, CellsRequest
from search_api.alerts.source import Source

_AT_ONCE: Final = 8
_MOST: Final = 16
_SLOW_S: Final = 1.0

_Answer = TypeVar("_Answer")


class InTurns:
    """A source that is asked a few questions at once, whoever asks.

    A question that takes long gives its turn to others after a while, and goes on: what is slow holds up
    only those who asked it, until there are many of these.

    Args:
        source: Is asked.
        at_once: So many questions, those that take long not counted.
        most: So many in all.
        slow_s: What takes longer takes long.
    """

    def __init__(
        self, source: Source, *, at_once: int = _AT_ONCE, most: int = _MOST, slow_s: float = _SLOW_S
    ) -> None:
        self._source = source
        self._room = asyncio.Semaphore(most)
        self._free = asyncio.Semaphore(at_once)
        self._slow_s = slow_s

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and numbers; see `Store.cells`."""
        return await self._in_turn(self._source.cells(request))

    async def first_seen(self, fingerprints: Collection[str], since_us: int) -> Mapping[str, int]:
        """When groups of errors were seen first; see `Source.first_seen`."""
        return await self._in_turn(self._source.first_seen(fingerprints, since_us))

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        """The latest events that match."""
        return await self._in_turn(self._source.samples(query, times, limit))

    async def lacking(self, query: Query, times: TimeRange, fields: Sequence[str]) -> Sequence[str]:
        """What cells lack; see `Store.lacking`."""
        return await self._in_turn(self._source.lacking(query, times, fields))

    async def _in_turn(self, question: Coroutine[Any, Any, _Answer]) -> _Answer:
        try:
            await self._room.acquire()
        except asyncio.CancelledError:
            question.close()
            raise
        try:
            return await self._within_room(question)
        finally:
            self._room.release()

    async def _within_room(self, question: Coroutine[Any, Any, _Answer]) -> _Answer:
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            question.close()
            raise
        asking = asyncio.ensure_future(question)
        try:
            await asyncio.wait({asking}, timeout=self._slow_s)
        except asyncio.CancelledError:
            asking.cancel()
            raise
        finally:
            self._free.release()
        return await asking
