"""How late is the pipeline: how old is the oldest that has not been stored yet?

Silence means something only when everything that was said has arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Final

from logboom.broker import PartitionLag
from logboom.status import STALE_AFTER_S, ServiceStatus, SourceStatus
from search_api.pipeline.state import Snapshot

_MOST_NOTED: Final = 500
_MOST_SOURCES: Final = 20_000
_UNUSUALLY_SILENT_S: Final = 3.0
"""A service tells of itself each second."""

_Run = tuple[str, int]
"""A shipper, and when it began."""


@dataclass(frozen=True, slots=True)
class Late:
    """How late the pipeline is.

    Attributes:
        known_s: At least so many seconds.
        most_s: At most so many; infinite while there waits what may be of any age.
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
    """

    def __init__(self, most: int = _MOST_NOTED) -> None:
        self._most = most
        self._ends: deque[_End] = deque()
        self._end: int | None = None

    def note(self, done: int, end: int, now_s: float, since_s: float) -> Late:
        """Takes in how far it has come.

        Args:
            done: Up to where all of it is dealt with.
            end: Its end.
            now_s: Seconds since the epoch.
            since_s: What is new now was not written before then.
        """
        if self._end is not None and end < self._end:  # it was made anew
            self._ends.clear()
        if done > end:  # said of the one before
            done = 0
        self._end = end
        if self._ends and self._ends[-1].at_s > now_s:  # the clock was set back
            self._ends = deque(one.by(now_s) for one in self._ends)
        while self._ends and self._ends[0].until <= done:
            self._ends.popleft()
        if end > done and (not self._ends or self._ends[-1].until < end):
            self._ends.append(_End(now_s, min(since_s, now_s), end))
            if len(self._ends) > self._most:
                self._join()
        if not self._ends:
            return Late()
        since_s = min(one.since_s for one in self._ends)
        return Late(now_s - self._ends[0].at_s, now_s - since_s)

    def _join(self) -> None:
        """Makes one of the two moments that are nearest to each other."""
        times = [one.at_s for one in self._ends]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        place = gaps.index(min(gaps))
        one, next_one = self._ends[place], self._ends[place + 1]
        since_s = min(one.since_s, next_one.since_s)
        self._ends[place] = replace(one, since_s=since_s, until=next_one.until)
        del self._ends[place + 1]


def _committed(lag: PartitionLag) -> int:
    return lag.committed


class Lateness:
    """Remembers how far partitions and files had come, and since when a service is in trouble.

    Args:
        visible: Up to where searches see a partition's messages.
        settle_s: What searches do not see for so long at most is waited for anyway, by whoever asks.
    """

    def __init__(
        self, visible: Callable[[PartitionLag], int] = _committed, settle_s: float = 0.0
    ) -> None:
        self._visible = visible
        self._settle_s = settle_s
        self._messages: dict[int, Waiting] = {}
        self._unseen: dict[int, Waiting] = {}
        self._bytes: dict[Hashable, Waiting] = {}
        self._since: dict[str, float] = {}
        self._looked_s: float | None = None
        self._seen: Snapshot | None = None
        self._read_s: dict[_Run, float] = {}
        self._shipped_s = -inf

    def note(self, snapshot: Snapshot, now_s: float) -> Late:
        """Takes in what is known of the pipeline now.

        Args:
            snapshot: Of the pipeline.
            now_s: Seconds since the epoch.

        Returns:
            How late it is: a message or a line of a file waits for so long, or searches do not see
            it yet, or a service has been silent or waiting, or a shipper has missed its looks at its files.
        """
        troubled = snapshot.broker_trouble is not None
        known_s = self._of_trouble("broker", now_s, there_is=troubled)
        services = _concerned(snapshot.services, now_s)
        shippers = [one for one in services if one.service == "shipper"]
        shipping = _worst(
            [*self._of_services(shippers, now_s), *self._of_sources(snapshot, shippers, now_s)]
        )
        found = [shipping]
        found += self._of_services((one for one in services if one not in shippers), now_s)
        found += self._of_messages(snapshot.lag, shippers, now_s)
        if troubled:
            found.append(Late(known_s, self._unseen_s(now_s)))
        elif snapshot is not self._seen:  # of the same one again nothing is learnt
            self._seen, self._looked_s = snapshot, now_s
            self._read_s = {_run_of(one): _read_s(one) for one in shippers}
            self._shipped_s = now_s - shipping.most_s
        return _worst(found)

    def _unseen_s(self, now_s: float) -> float:
        """So long ago we have looked last."""
        return inf if self._looked_s is None else max(0.0, now_s - self._looked_s)

    def _of_messages(
        self, lags: Iterable[PartitionLag], shippers: Iterable[ServiceStatus], now_s: float
    ) -> Iterable[Late]:
        """New messages tell of what was not shipped when we looked before."""
        is_known = all(_run_of(one) in self._read_s for one in shippers)
        for lag in lags:
            since_s = self._shipped_s if is_known and lag.partition in self._messages else -inf
            waiting = self._messages.setdefault(lag.partition, Waiting())
            yield waiting.note(lag.committed, lag.end, now_s, since_s)
            unseen = self._unseen.setdefault(lag.partition, Waiting())
            hidden = unseen.note(self._visible(lag), lag.end, now_s, since_s)
            if hidden.most_s > self._settle_s:
                yield hidden

    def _of_services(self, services: Iterable[ServiceStatus], now_s: float) -> Iterable[Late]:
        for one in services:
            silent_s = _silent_s(one, now_s)
            unread_s = now_s - _read_s(one)
            waits_s = self._of_trouble(one.key, now_s, there_is=one.state == "waiting")
            known_s = max(waits_s, silent_s if silent_s > STALE_AFTER_S else 0.0)
            yield Late(known_s, max(known_s, unread_s if unread_s > _UNUSUALLY_SILENT_S else 0.0))

    def _of_sources(
        self, snapshot: Snapshot, shippers: Iterable[ServiceStatus], now_s: float
    ) -> Iterable[Late]:
        """Files of which not everything is acknowledged, as after a downtime of their shippers."""
        runs = {one.instance: _run_of(one) for one in shippers}
        waiting: dict[Hashable, Waiting] = {}
        for source in snapshot.sources:
            run = runs.get(source.shipper)
            if run is None or not _is_behind(source) or len(waiting) >= _MOST_SOURCES:
                continue
            key = (*run, source.source, source.run)
            waiting[key] = self._bytes.get(key) or Waiting(most=20)
            since_s = self._read_s.get(run, -inf)
            yield waiting[key].note(source.acked_offset, _end_of(source), now_s, since_s)
        self._bytes = waiting

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


def _read_s(service: ServiceStatus) -> float:
    """Everything that was written before then was read, and what waits of it is told of."""
    looked_ns = service.at_ns if service.looked_ns is None else service.looked_ns
    return looked_ns / 1e9 if looked_ns else -inf


def _run_of(shipper: ServiceStatus) -> _Run:
    return shipper.instance, shipper.started_ns


def _is_behind(source: SourceStatus) -> bool:
    """Whether its end was not reached, or whole lines of it are not acknowledged."""
    is_read = source.state == "reading" or (source.state == "idle" and source.lines_pending > 0)
    return is_read and _end_of(source) > source.acked_offset


def _end_of(source: SourceStatus) -> int:
    """Its end, in bytes; of a compressed one, which size is not known, that of what was read."""
    return max(source.size or 0, source.read_offset)


def _worst(found: Collection[Late]) -> Late:
    return Late(
        max((one.known_s for one in found), default=0.0),
        max((one.most_s for one in found), default=0.0),
    )
