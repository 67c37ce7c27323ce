"""How late is the pipeline: how old is the oldest that has not been stored yet?

Silence means something only when everything that was said has arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Final

from logboom.broker import PartitionLag
from logboom.status import STALE_AFTER_S, ServiceStatus, SourceStatus
from search_api.state import Snapshot

_MOST_NOTED: Final = 500
_MOST_SOURCES: Final = 20_000
_UNUSUALLY_SILENT_S: Final = 3.0
"""A service tells of itself each second."""

_LOOKED_ROUND_S: Final = 60.0
"""A shipper has looked at all of its files so long after it began."""

_BEGUN_S: Final = 5.0
"""A shipper that began less long ago has looked at none of them, perhaps."""


@dataclass(frozen=True, slots=True)
class Late:
    """How late the pipeline is.

    Attributes:
        known_s: At least so many seconds.
        most_s: At most so many; infinite while there waits what was there when we first looked.
    """

    known_s: float = 0.0
    most_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _End:
    """An end that was seen.

    Attributes:
        at_s: When it was seen first.
        since_s: Not before then it became the end.
        until: Up to where there was something.
    """

    at_s: float
    since_s: float
    until: int

    def by(self, now_s: float) -> _End:
        """The same, where nothing lies behind the present."""
        return replace(self, at_s=min(self.at_s, now_s), since_s=min(self.since_s, now_s))


class Waiting:
    """What waits in one stream of bytes or messages, and since when.

    Args:
        most: Moments that are remembered. When there are more, neighbours become one: what came
            in the second counts as old as the first of it, so nothing is taken for younger than it is.
        is_old: What waits already may have waited for any time.
    """

    def __init__(self, most: int = _MOST_NOTED, *, is_old: bool = True) -> None:
        self._most = most
        self._is_old = is_old
        self._ends: deque[_End] = deque()
        self._end: int | None = None
        self._first_end: int | None = None

    def note(self, done: int, end: int, now_s: float, looked_s: float | None = None) -> Late:
        """Takes in how far it has come.

        Args:
            done: Up to where all of it is dealt with.
            end: Its end.
            now_s: Seconds since the epoch.
            looked_s: When somebody looked before: what is new may have come right after that; None:
                it came now.
        """
        if self._end is not None and end < self._end:  # it was made anew
            self._ends.clear()
            self._first_end = None
        if done > end:  # said of the one before
            done = 0
        if self._end is None and self._is_old and end > done:
            self._first_end = end
        if self._first_end is not None and done >= self._first_end:
            self._first_end = None
        self._end = end
        if self._ends and self._ends[-1].at_s > now_s:  # the clock was set back
            self._ends = deque(one.by(now_s) for one in self._ends)
        while self._ends and self._ends[0].until <= done:
            self._ends.popleft()
        if end > done and (not self._ends or self._ends[-1].until < end):
            since_s = now_s if looked_s is None else min(looked_s, now_s)
            self._ends.append(_End(now_s, since_s, end))
            if len(self._ends) > self._most:
                self._join()
        if not self._ends:
            return Late()
        first = self._ends[0]
        most_s = now_s - first.since_s if self._first_end is None else inf
        return Late(now_s - first.at_s, most_s)

    def _join(self) -> None:
        """Makes one of the two moments that are nearest to each other."""
        times = [one.at_s for one in self._ends]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        place = gaps.index(min(gaps))
        self._ends[place] = replace(self._ends[place], until=self._ends[place + 1].until)
        del self._ends[place + 1]


class Lateness:
    """Remembers how far partitions and files had come, and since when a service is in trouble."""

    def __init__(self) -> None:
        self._messages: dict[int, Waiting] = {}
        self._bytes: dict[Hashable, Waiting] = {}
        self._since: dict[str, float] = {}
        self._has_looked = False
        self._looked_s: float | None = None
        self._seen: Snapshot | None = None

    def note(self, snapshot: Snapshot, now_s: float) -> Late:
        """Takes in what is known of the pipeline now.

        Args:
            snapshot: Of the pipeline.
            now_s: Seconds since the epoch.

        Returns:
            How late it is: a message or a line of a file waits for so long, or a service has been
            silent or waiting.
        """
        troubled = snapshot.broker_trouble is not None
        known_s = self._of_trouble("broker", now_s, there_is=troubled)
        found = [Late(), *self._of_services(snapshot.services, now_s)]
        if troubled:
            found.append(Late(known_s, self._unseen_s(now_s)))
        found += self._of_messages(snapshot.lag, now_s)
        found += self._of_sources(snapshot, now_s)
        if not troubled and snapshot is not self._seen:  # of the same one again nothing is learnt
            self._seen, self._looked_s = snapshot, now_s
        return Late(max(one.known_s for one in found), max(one.most_s for one in found))

    def _unseen_s(self, now_s: float) -> float:
        """So long ago we have looked last."""
        return inf if self._looked_s is None else max(0.0, now_s - self._looked_s)

    def _of_messages(self, lags: Iterable[PartitionLag], now_s: float) -> Iterable[Late]:
        for lag in lags:
            waiting = self._messages.setdefault(lag.partition, Waiting())
            yield waiting.note(lag.committed, lag.end, now_s, self._looked_s)

    def _of_services(self, services: Iterable[ServiceStatus], now_s: float) -> Iterable[Late]:
        for one in _concerned(services, now_s):
            silent_s = _silent_s(one, now_s)
            waits_s = self._of_trouble(one.key, now_s, there_is=one.state == "waiting")
            known_s = max(waits_s, silent_s if silent_s > STALE_AFTER_S else 0.0)
            most_s = max(known_s, silent_s if silent_s > _UNUSUALLY_SILENT_S else 0.0)
            yield Late(known_s, inf if _has_just_begun(one) else most_s)

    def _of_sources(self, snapshot: Snapshot, now_s: float) -> Iterable[Late]:
        """Files that shippers have not read to their ends, as after a downtime of theirs."""
        shippers = {
            one.instance: one
            for one in snapshot.services
            if one.service == "shipper" and one.state != "stopped"
        }
        waiting: dict[Hashable, Waiting] = {}
        for source in snapshot.sources:
            shipper = shippers.get(source.shipper)
            if shipper is None or not _is_behind(source) or len(waiting) >= _MOST_SOURCES:
                continue
            key = (source.shipper, shipper.started_ns, source.source, source.run)
            is_old = not self._has_looked or _age_s(shipper) < _LOOKED_ROUND_S
            waiting[key] = self._bytes.get(key) or Waiting(most=20, is_old=is_old)
            yield waiting[key].note(source.acked_offset, source.size or 0, now_s, self._looked_s)
        self._bytes = waiting
        self._has_looked = self._has_looked or snapshot.broker_trouble is None

    def _of_trouble(self, name: str, now_s: float, *, there_is: bool) -> float:
        if not there_is:
            self._since.pop(name, None)
            return 0.0
        self._since[name] = min(now_s, self._since.get(name, now_s))
        return now_s - self._since[name]


def _concerned(services: Iterable[ServiceStatus], now_s: float) -> list[ServiceStatus]:
    """Those that the pipeline may wait for.

    A processor that has died is none of them while another one works: what it leaves waits in the broker.
    A shipper goes on under the name that it had before.
    """
    those = [one for one in services if one.service != "api" and one.state != "stopped"]
    alive = [one for one in those if _silent_s(one, now_s) <= STALE_AFTER_S]
    if any(one.service == "processor" for one in alive):
        return [one for one in those if one.service != "processor" or one in alive]
    return those


def _silent_s(service: ServiceStatus, now_s: float) -> float:
    return now_s - service.at_ns / 1e9


def _age_s(service: ServiceStatus) -> float:
    return (service.at_ns - service.started_ns) / 1e9


def _has_just_begun(service: ServiceStatus) -> bool:
    """Whether it is not known yet what its files have that was not read."""
    return service.service == "shipper" and _age_s(service) < _BEGUN_S


def _is_behind(source: SourceStatus) -> bool:
    """Whether it is being read, and its end was not reached."""
    return source.state == "reading" and (source.size or 0) > source.acked_offset
