"""How do searches come to see sooner what was stored, while somebody waits for it?

Elasticsearch shows what was written when it refreshes its indices, once a second by default. Those who
follow a tail would wait for that, too; so they have it refresh, all of them together, a few times a
second at most, and only as long as that is cheap.
"""

from __future__ import annotations

import asyncio
import logging
from math import inf
from typing import Final

from logboom.clock import Clock
from logboom.errors import LogboomError, StoreRefused
from logboom.store import Store

log = logging.getLogger("logboom.api")

_EVERY_S: Final = 0.3
_IDLE_SHARE: Final = 4
"""From one begin to the next there are at least this many times as long as it took."""
_REST_S: Final = 10.0
"""After a failure nobody has it refresh for so long."""

_REFUSED_REST_S: Final = 300.0
"""The same after it was refused: rights that lack seldom come by themselves, but a key is changed for another one."""


class Refreshes:
    """Refreshes a store for those who follow it.

    Args:
        store: Has the events.
        clock: For how long it takes.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next_s = 0.0
        self._is_refused = False
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """Has searches see soon what was written before, unless that was done just now, or costs too much.

        Nobody waits for it: what it shows is seen by the next look.
        """
        is_under_way = self._task is not None and not self._task.done()
        if not is_under_way and self._clock.monotonic() >= self._next_s:
            self._task = asyncio.create_task(self._refresh(), name="refresh")

    def close(self) -> None:
        """Gives up what is under way. Idempotent."""
        self._next_s = inf
        if self._task is not None:
            self._task.cancel()

    async def _refresh(self) -> None:
        begun = self._clock.monotonic()
        try:
            await self._store.refresh()
            took_s = self._clock.monotonic() - begun
            self._next_s = begun + max(_EVERY_S, _IDLE_SHARE * took_s)
            self._is_refused = False
        except StoreRefused as error:
            self._next_s = begun + _REFUSED_REST_S
            if not self._is_refused:
                log.info("tails show what is stored at the store's own pace: %s", error)
            self._is_refused = True
        except LogboomError:
            self._next_s = begun + _REST_S  # whoever looks now learns why
