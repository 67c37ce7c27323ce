"""What is told every few seconds, measured once for all who listen?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from logboom.clock import Clock, utc_text
from logboom.errors import LogboomError
from search_api.access.channels import STATUS, STATUS_IN_FULL
from search_api.live.analysis import last_minutes
from search_api.live.firing import firing_now
from search_api.live.host import HostMeter
from search_api.parts import Parts

log = logging.getLogger("logboom.api")

EVERY_S = 5.0

Measure = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What a channel says at a moment.

    Attributes:
        number: Rises with each.
        json: `at`, and `data` or `problem`.
    """

    number: int
    json: bytes


class Channel:
    """One kind of measurement, made as long as anybody listens.

    Args:
        measure: Makes it.
        clock: For `at`.
        every_s: How often.
    """

    def __init__(self, measure: Measure, clock: Clock, every_s: float = EVERY_S) -> None:
        self._measure = measure
        self._clock = clock
        self._every_s = every_s
        self._latest = Bulletin(0, b"")
        self._next: asyncio.Future[None]
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0

    async def follow(self) -> AsyncGenerator[bytes, None]:
        """The latest measurement, and every new one; who is slow gets fewer of them.

        Raises:
            LogboomError: The measuring has failed for good.
        """
        self.listeners += 1
        try:
            task = self._measuring()
            seen = 0
            while True:
                latest = self._latest
                if latest.number > seen:
                    seen = latest.number
                    yield latest.json
                    continue
                await asyncio.wait([task, self._next], return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    why = None if task.cancelled() else task.exception()
                    raise LogboomError(
                        "the channel has ended; the log of the API says why"
                    ) from why
        finally:
            self.listeners -= 1

    def _measuring(self) -> asyncio.Task[None]:
        """The task that measures; a new one makes all older measurements void."""
        if self._task is None or self._task.done():
            self._latest = Bulletin(0, b"")
            self._next = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(), name="channel")
        return self._task

    async def _run(self) -> None:
        while self.listeners:
            try:
                content = await self._content()
            except Exception:
                log.exception("a channel has failed")
                raise
            self._latest = Bulletin(self._latest.number + 1, orjson.dumps(content))
            new, self._next = self._next, asyncio.get_running_loop().create_future()
            new.set_result(None)
            await asyncio.sleep(self._every_s)

    async def _content(self) -> dict[str, Any]:
        at = utc_text(self._clock.now_ns() // 1_000_000 * 1_000_000)
        try:
            return {"at": at, "data": await self._measure()}
        except LogboomError as error:
            return {"at": at, "problem": str(error)}


def make_channels(parts: Parts) -> Mapping[str, Channel]:
    """All channels but the tail, by their names."""
    store, clock, memory = parts.store, parts.clock, parts.memory
    measures: dict[str, Measure] = {
        "server-metrics": HostMeter(parts.config.data, clock).measure,
        STATUS: partial(parts.pipeline.health, with_reasons=False),
        STATUS_IN_FULL: partial(parts.pipeline.health, with_reasons=True),
        "analysis": lambda: last_minutes(store, clock),
        "alerts": lambda: firing_now(memory),
    }
    return {name: Channel(measure, clock) for name, measure in measures.items()}
