"""When does the store hold other events of some times than before? See docs/adr/0020."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from logboom.clock import Clock
from logboom.query.model import MatchAll
from logboom.store import Store, TimeRange

_KNOWN_FOR_S = 2.0
"""A day that was dropped and came again is noticed after so long."""


class Version(NamedTuple):
    """As long as it is the same, so are the events.

    Attributes:
        events: How many there are; they are only ever added, and go only with their whole day.
        editions: Of the day indices: one that was dropped may have come again, with as many others.
    """

    events: int
    editions: Mapping[str, str]


class Versions:
    """Asks the store for the version of its events.

    Args:
        store: Has them; as far as whoever asks may see them.
        clock: For how long it is known which day indices there are.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._editions: Mapping[str, str] = {}
        self._until_s = float("-inf")
        self._turn = asyncio.Lock()

    async def of(self, times: TimeRange) -> Version | None:
        """The version of the events of some times; None when their number is not known exactly.

        Raises:
            StoreUnavailable: Ask again later.
        """
        count = await self._store.count(MatchAll(), times)
        if not count.exact:
            return None
        return Version(count.value, await self._known_editions())

    async def _known_editions(self) -> Mapping[str, str]:
        """Asked for once, however many want to know."""
        async with self._turn:
            if self._clock.monotonic() >= self._until_s:
                self._editions = await self._store.editions()
                self._until_s = self._clock.monotonic() + _KNOWN_FOR_S
            return self._editions
