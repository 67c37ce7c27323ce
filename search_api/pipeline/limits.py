"""How near is the store to what it takes at most? Asked once a minute, however many want to know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from logboom.clock import Clock
from logboom.errors import LogboomError
from logboom.store import Store
from logboom.store.limits import Limit

_FRESH_S = 60.0


class StoreLimits:
    """The store's limits, as they were told last.

    Args:
        store: Knows them.
        clock: For their age.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turn = asyncio.Lock()
        self._due: float | None = None
        self._limits: Sequence[Limit] = ()

    async def known(self) -> Sequence[Limit]:
        """The limits, at most a minute old; none that cannot be known."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._due is None or now >= self._due:
                self._due = now + _FRESH_S
                try:
                    self._limits = await self._store.limits()
                except LogboomError:
                    self._limits = ()  # a store that does not answer, or no right to ask, is told of elsewhere
            return self._limits

    async def parts(self) -> list[dict[str, str]]:
        """Those that are near, as parts of the health."""
        return [
            {"name": f"store's {limit.kind}", "state": "near", "detail": limit.sentence()}
            for limit in await self.known()
            if limit.is_near
        ]
