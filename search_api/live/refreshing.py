"""How do searches come to see sooner what was stored, while somebody waits for it?

Elasticsearch shows what was written when it refreshes its indices, once a second by default. Those who
follow a tail would wait for that, too; so they have it refresh, all of them together, a few times a
second at most, and only as long as that is cheap. Each looks as soon as it is done.
"""

from __future__ import annotations

import asyncio
import logging
from math import inf
from typing import Final

from logboom.clock import Clock
from logboom.errors import LogboomError, StoreRefused
from logboom.store import Store
from search_api.live.pacing import Usual

log = logging.getLogger("logboom.api")

_EVERY_S: Final = 0.25
_IDLE_SHARE: Final = 4
"""From one begin to the next there are at least this many times as long as it usually takes."""
_PATIENCE_S = 0.5
"""Nobody waits longer for one to begin, nor for one that began so long ago."""
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
        self._usual = Usual()
        self._begun_s = 0.0
        self._next_s = 0.0
        self._is_refused = False
        self._task: asyncio.Task[None] | None = None

    async def shown(self) -> None:
        """Returns when searches have just come to see what was written before.

        All who wait share a refresh, also one that is under way. Where there is none for them, since it
        failed, costs too much or hangs, they are not held up: they see what the store shows by itself.
        """
        now = self._clock.monotonic()
        if self._task is None or self._task.done():
            due_s = max(0.0, self._next_s - now)
            if due_s > _PATIENCE_S:
                return
            self._begun_s = now + due_s
            self._task = asyncio.create_task(self._refresh(due_s), name="refresh")
        patience_s = self._begun_s + _PATIENCE_S - now
        if patience_s > 0:
            await asyncio.wait([self._task], timeout=patience_s)

    def close(self) -> None:
        """Gives up what is under way. Idempotent."""
        self._next_s = inf
        if self._task is not None:
            self._task.cancel()

    async def _refresh(self, due_s: float) -> None:
        await asyncio.sleep(due_s)
        begun = self._clock.monotonic()
        try:
            await self._store.refresh()
            self._usual.took(self._clock.monotonic() - begun)
            self._next_s = begun + max(_EVERY_S, _IDLE_SHARE * self._usual.seconds)
            self._is_refused = False
        except StoreRefused as error:
            self._next_s = begun + _REFUSED_REST_S
            if not self._is_refused:
                log.info("tails show what is stored at the store's own pace: %s", error)
            self._is_refused = True
        except LogboomError:
            self._next_s = begun + _REST_S  # whoever looks now learns why
