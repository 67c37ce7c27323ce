"""Which sources are to be looked at next? Thousands rest, a few are due."""

from __future__ import annotations

import heapq
from typing import Generic, Protocol, TypeVar


class Looked(Protocol):
    """What is looked at from time to time."""

    @property
    def next_look(self) -> float:
        """Monotonic time of the next look."""
        ...


_Looked = TypeVar("_Looked", bound=Looked)


class Looks(Generic[_Looked]):
    """Those to be looked at, the next one first; those of the same time are kept together."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._at: dict[float, dict[_Looked, None]] = {}

    def put(self, looked: _Looked) -> None:
        """The time of its next look was set or changed."""
        when = looked.next_look
        those = self._at.get(when)
        if those is None:
            those = self._at[when] = {}
            heapq.heappush(self._times, when)
        those[looked] = None

    def next(self) -> float | None:
        """Monotonic time of the next look; None when nothing is to be looked at."""
        times = self._times
        while times:
            when = times[0]
            those = self._at[when]
            while those:
                looked, _ = those.popitem()  # it stays out when its time was changed since
                if looked.next_look == when:
                    those[looked] = None
                    return when
            del self._at[heapq.heappop(times)]
        return None

    def due(self, now: float) -> list[_Looked]:
        """Takes those out whose time has come, each of them once."""
        taken: list[_Looked] = []
        times = self._times
        while times and times[0] <= now:
            when = heapq.heappop(times)
            taken += [looked for looked in self._at.pop(when) if looked.next_look == when]
        return taken
