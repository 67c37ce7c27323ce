"""What has been stored lately, as a store tells that can only be asked for index times?

Events become visible a little out of the order of their index times: other processors, other shards,
a store that did not answer for a while. So each look overlaps the one before it, and what was seen is
remembered. What lies further back is counted again and again for some minutes: a count that has grown
says that something came late, and where.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.event import Event, epoch_us
from logboom.query.model import And, MatchAll, Query, Range
from logboom.query.times import iso_text
from logboom.store import SearchRequest, Store, TimeRange

MOST_AT_ONCE = 1_000
"""Events of one look; of more than these the newest are shown, and the others counted."""

_OVERLAP_US = 5_000_000
_LATEST_US = 600_000_000
_SWEEP_US = 3_000_000
_MOST_REMEMBERED = 20_000
_INGESTED = "event.ingested"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has found.

    Attributes:
        events: New ones, by their index times.
        dropped: How many more there are.
    """

    events: Sequence[Event]
    dropped: int = 0


@dataclass(slots=True)
class _Slice:
    """Index times from `start_us` to `end_us`, and how many matches are known of."""

    start_us: int
    end_us: int
    known: int


class Looks:
    """One question, asked again and again.

    Args:
        store: Answers it.
        query: The question.
        clock: For the present.
    """

    def __init__(self, store: Store, query: Query, clock: Clock) -> None:
        self._store = store
        self._query = query
        self._clock = clock
        self._open_us = self._now_us() - _OVERLAP_US
        self._known = 0
        self._slices: deque[_Slice] = deque()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._forgotten_us = 0
        self._swept_us = self._now_us()

    async def begin(self) -> tuple[int, str]:
        """Takes what is there already for seen.

        Returns:
            Index time, µs since the epoch, and id: no event that is told later stands before them,
            but for those that become visible late.
        """
        since_us = self._open_us
        found = await self._look()
        stands = [(ingested_us(event), event["event"]["id"]) for event in found.events]
        return max(stands, default=(since_us, ""))

    async def next(self) -> Found:
        """What has become visible since the last time."""
        found = await self._look()
        if self._now_us() < self._swept_us - _OVERLAP_US:
            again = await self._begin_anew()
            return Found([*found.events, *again], found.dropped)
        await self._close_slice()
        if self._now_us() - self._swept_us < _SWEEP_US:
            return found
        self._swept_us = self._now_us()
        late = await self._sweep()
        return Found([*late.events, *found.events], late.dropped + found.dropped)

    async def _look(self) -> Found:
        events, is_all = await newest(self._store, self._query, self._open_us)
        new = self._unseen(events)
        total = len(events) if is_all else await self._count(self._open_us, None)
        dropped = max(0, total - self._known - len(new))
        self._known = max(total, self._known)
        return Found(new, dropped)

    async def _begin_anew(self) -> Sequence[Event]:
        """After the clock was set back: what is stored now stands before what was looked at last.

        What stands behind the present was stored before; so were some that stand shortly before it, if
        they were never seen.
        """
        now_us = self._now_us()
        self._open_us, self._swept_us = now_us - _OVERLAP_US, now_us
        self._slices.clear()
        events, _ = await newest(self._store, self._query, self._open_us, now_us + 1)
        before, _ = await newest(self._store, self._query, now_us + 1)
        self._known = await self._count(self._open_us, None)
        self._unseen(before)
        return self._unseen(events)

    async def _close_slice(self) -> None:
        """What is older than the overlap is looked at no more, only counted."""
        end_us = self._now_us() - _OVERLAP_US
        if end_us - self._open_us < _OVERLAP_US:
            return
        known = await self._count(self._open_us, end_us)
        self._slices.append(_Slice(self._open_us, end_us, min(known, self._known)))
        self._known = max(0, self._known - known)
        self._open_us = end_us
        while self._slices[0].end_us < end_us - _LATEST_US:
            self._slices.popleft()

    async def _sweep(self) -> Found:
        """Looks for what came late."""
        events: list[Event] = []
        dropped = 0
        if not self._slices:
            return Found(events)
        total = await self._count(self._slices[0].start_us, self._open_us)
        if total <= sum(one.known for one in self._slices):
            return Found(events)
        for one in self._slices:
            count = await self._count(one.start_us, one.end_us)
            if count > one.known:
                late = await self._late(one, count - one.known)
                events += late.events
                dropped += late.dropped
                one.known = count
        return Found(events, dropped)

    async def _late(self, one: _Slice, count: int) -> Found:
        """What has come late into a slice; only a number where it is not known what was there."""
        if one.start_us <= self._forgotten_us:
            return Found([], count)
        events, _ = await newest(self._store, self._query, one.start_us, one.end_us)
        new = self._unseen(events)
        return Found(new, max(0, count - len(new)))

    def _unseen(self, events: Sequence[Event]) -> list[Event]:
        new = [event for event in events if event["event"]["id"] not in self._seen]
        for event in new:
            self._seen[event["event"]["id"]] = ingested_us(event)
        while len(self._seen) > _MOST_REMEMBERED:
            self._forgotten_us = max(self._forgotten_us, self._seen.popitem(last=False)[1])
        return new

    async def _count(self, start_us: int, end_us: int | None) -> int:
        asked = stored_within(self._query, start_us, end_us)
        return (await self._store.count(asked, TimeRange())).value

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1000


def ingested_us(event: Event) -> int:
    """When an event was indexed, µs since the epoch."""
    return epoch_us(str(event["event"]["ingested"]))


async def newest(
    store: Store, query: Query, start_us: int, end_us: int | None = None
) -> tuple[list[Event], bool]:
    """The newest events of a stretch of index times, in their order, and whether that is all."""
    asked = stored_within(query, start_us, end_us)
    page = await store.search(SearchRequest(asked, limit=MOST_AT_ONCE, count_limit=1))
    events = sorted(page.events, key=lambda one: (ingested_us(one), one["event"]["id"]))
    return events, page.cursor is None


def stored_within(query: Query, start_us: int, end_us: int | None) -> Query:
    """The same question about a stretch of index times, its end excluded."""
    end = None if end_us is None else iso_text(end_us)
    within = Range(_INGESTED, iso_text(start_us), end, include_lower=True, include_upper=False)
    return within if isinstance(query, MatchAll) else And((query, within))
