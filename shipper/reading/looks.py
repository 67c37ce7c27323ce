"""Which sources are to be looked at next? Thousands rest, a few are due."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Looked(Protocol):
    """What is looked at from time to time."""

    @property
    def next_look(self) -> float:
        """Monotonic time of the next look."""
        ...


_Looked = TypeVar("_Looked", bound=Looked)


class Looks(Generic[_Looked]):
    """Those to be looked at, the next one first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Looked]] = []
        self._count = 0

    def put(self, looked: _Looked) -> None:
        """The time of its next look was set or changed."""
        self._count += 1
        heapq.heappush(self._heap, (looked.next_look, self._count, looked))

    def next(self) -> float | None:
        """Monotonic time of the next look; None when nothing is to be looked at."""
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].next_look:
            heapq.heappop(heap)  # its time was changed since
        return heap[0][0] if heap else None

    def due(self, now: float) -> Iterator[_Looked]:
        """Takes those out whose time has come, each of them once."""
        taken: list[_Looked] = []
        seen: set[int] = set()
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, looked = heapq.heappop(heap)
            if when == looked.next_look and id(looked) not in seen:
                seen.add(id(looked))
                taken.append(looked)
        return iter(taken)
