"""Which processors does this machine run, and what do they use?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil

from logboom.clock import Clock
from logboom.supervising import Child, Ended, worker_environment

_DRAIN_S = 20.0


class Workers:
    """Processors as child processes. The one that came last goes first.

    Args:
        settings: The configuration of each of them, as a mapping.
        environment: Of this process.
        clock: For their restarts, and for what they use.
        tasks: Keep them running.
        ended: Told of each that ends unasked.
    """

    def __init__(
        self, settings: Mapping[str, Any], environment: Mapping[str, str], clock: Clock,
        tasks: asyncio.TaskGroup, ended: Callable[[Ended], None],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._tasks = tasks
        self._ended = ended
        self._children: list[Child] = []
        self._leaving: list[Child] = []
        self._used_s: dict[int, float] = {}
        self._looked_s: float | None = None

    @property
    def pids(self) -> Sequence[int]:
        """Of those that run now."""
        return [child.pid for child in self._children if child.pid is not None]

    async def resize(self, wanted: int) -> None:
        """Starts as many as are missing; stops as many as are too many once they are drained.

        When it is cancelled meanwhile, those that are being stopped are left to the next call.
        """
        for number in range(len(self._children) + 1, wanted + 1):
            child = Child(
                f"processor {number}", ("process",), self._settings, self._clock, self._ended,
                environment=worker_environment(number, self._environment), patience_s=_DRAIN_S,
            )  # fmt: skip
            self._children.append(child)
            child.keep(self._tasks)
        self._leaving += reversed(self._children[wanted:])
        del self._children[wanted:]
        await asyncio.gather(*(child.stop() for child in self._leaving))
        self._leaving.clear()

    def cpu(self) -> float | None:
        """Part of a core that each used since the last call, on average.

        Returns:
            None the first time, and while none of them is known from the last time.
        """
        now_s, last_s = self._clock.monotonic(), self._looked_s
        used_s = {pid: used for pid in self.pids if (used := _cpu_seconds(pid)) is not None}
        known = used_s.keys() & self._used_s.keys()
        spent_s = sum(used_s[pid] - self._used_s[pid] for pid in known)
        self._used_s, self._looked_s = used_s, now_s
        if last_s is None or not known or now_s <= last_s:
            return None
        return spent_s / len(known) / (now_s - last_s)


def _cpu_seconds(pid: int) -> float | None:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
