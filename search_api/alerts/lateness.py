"""How late is the pipeline: how old is the oldest that has not been stored yet?

Silence means something only when everything that was said has arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from logboom.broker import PartitionLag
from logboom.status import STALE_AFTER_S, ServiceStatus
from search_api.state import Snapshot

_MOST_NOTED: Final = 5_000


class Lateness:
    """Remembers how far partitions had come, and since when a service is in trouble."""

    def __init__(self) -> None:
        self._ends: dict[int, deque[tuple[float, int]]] = {}
        self._since: dict[str, float] = {}

    def note(self, snapshot: Snapshot, now_s: float) -> float:
        """Takes in what is known of the pipeline now.

        Args:
            snapshot: Of the pipeline.
            now_s: Seconds since the epoch.

        Returns:
            How late it is, in seconds: a message that waits is at least that old, or a service has been
            silent or waiting for so long.
        """
        return max(
            self._of_messages(snapshot.lag, now_s),
            self._of_services(snapshot.services, now_s),
            self._of_trouble("broker", now_s, there_is=snapshot.broker_trouble is not None),
        )

    def _of_messages(self, lags: Iterable[PartitionLag], now_s: float) -> float:
        worst = 0.0
        for lag in lags:
            ends = self._ends.setdefault(lag.partition, deque(maxlen=_MOST_NOTED))
            while ends and ends[0][1] <= lag.committed:
                ends.popleft()
            if lag.messages and (not ends or ends[-1][1] < lag.end):
                ends.append((now_s, lag.end))
            if ends:
                worst = max(worst, now_s - ends[0][0])
        return worst

    def _of_services(self, services: Iterable[ServiceStatus], now_s: float) -> float:
        worst = 0.0
        for one in services:
            if one.service == "api" or one.state == "stopped":
                continue
            silent_s = now_s - one.at_ns / 1e9
            if silent_s > STALE_AFTER_S:
                worst = max(worst, silent_s)
            worst = max(worst, self._of_trouble(one.key, now_s, there_is=one.state == "waiting"))
        return worst

    def _of_trouble(self, name: str, now_s: float, *, there_is: bool) -> float:
        if not there_is:
            self._since.pop(name, None)
            return 0.0
        return now_s - self._since.setdefault(name, now_s)
