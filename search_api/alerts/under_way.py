"""Which groups of rules are being evaluated now? A slow one never keeps the others waiting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine

from logboom.errors import LogboomError

log = logging.getLogger("logboom.alerts")


class UnderWay:
    """Evaluations that go on beside each other, one for each group."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def has(self, name: str) -> bool:
        """Whether that of a group goes on."""
        return name in self._tasks

    def begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Begins that of a group that has none."""
        self._tasks[name] = asyncio.ensure_future(work)

    def reap(self) -> None:
        """Lets go of those that have ended.

        Raises:
            Exception: What the first of them ended with, if it was that; a mistake of ours comes before
                what may be better the next time. The others are logged.
        """
        done = [name for name, task in self._tasks.items() if task.done()]
        failures = [
            error for name in done if (error := self._tasks.pop(name).exception()) is not None
        ]
        failures.sort(key=lambda error: isinstance(error, LogboomError))
        for error in failures[1:]:
            log.error("an evaluation ended with an error", exc_info=error)
        if failures:
            raise failures[0]

    async def wait(self) -> None:
        """Waits until all have ended."""
        if self._tasks:
            await asyncio.wait([*self._tasks.values()])

    async def stop(self, names: Collection[str] | None = None) -> None:
        """Cancels some, or all, and waits for their end; what they ended with is logged."""
        stopped = [
            self._tasks.pop(name) for name in [*self._tasks] if names is None or name in names
        ]
        for task in stopped:
            task.cancel()
        if stopped:
            await asyncio.wait(stopped)
        for task in stopped:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("an evaluation that was stopped ended with an error", exc_info=error)
