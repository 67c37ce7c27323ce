"""How much memory do some processes have together, at the most?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType

import psutil

_LOOK_S = 0.2
_LOOKS_AT_THE_SAME = 10
"""Which processes there are is asked that seldom: it takes a look at all of the machine's."""


class MemoryWatch:
    """Looks at resident memory again and again, in a thread, until it is left.

    Pages of files that are mapped count, as in what `ps` says; those that several processes share
    count for each.

    Attributes:
        most: MB of each process by name, at the moment when all of them together had most.
    """

    def __init__(self, processes: Callable[[], Mapping[str, psutil.Process]]) -> None:
        """Names what is looked at.

        Args:
            processes: Those that live, by name; they may change.
        """
        self.most: Mapping[str, float] = {}
        self._processes = processes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    @property
    def most_mb(self) -> float:
        """What all of them together had at the most."""
        return sum(self.most.values())

    def __enter__(self) -> MemoryWatch:
        """Begins to look."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        """Ends it."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        looks = 0
        processes: Mapping[str, psutil.Process] = {}
        while not self._ended.wait(_LOOK_S):
            if looks % _LOOKS_AT_THE_SAME == 0:
                processes = self._processes()
            looks += 1
            found = {name: _resident_mb(one) for name, one in processes.items()}
            if sum(found.values()) > self.most_mb:
                self.most = found


def _resident_mb(process: psutil.Process) -> float:
    """None is left of one that has ended."""
    try:
        rss: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0.0
    return rss / 2**20
