"""Where do the numbers, the first sights and the sample events of alerts come from?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from logboom.event import Event, epoch_us, value_at
from logboom.grouping import GROUPS, MERGES
from logboom.query.event_values import text_of, values_of
from logboom.query.memory import compile_query
from logboom.query.model import Query
from logboom.state import State
from logboom.store import SearchRequest, Store, TimeRange
from logboom.store.cells import Cell, CellsRequest, Numbers, sketch_of
from search_api.alerts.rules import FINGERPRINT

_MOST_LOOKED_UP = 1_000
"""Groups of errors of one evaluation whose first sight is looked up; the others follow in the next."""

_MOST_REMEMBERED = 20_000


class Source(Protocol):
    """What alerts are decided on."""

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and numbers; see `Store.cells`."""
        ...

    async def first_seen(self, fingerprints: Collection[str], since_us: int) -> Mapping[str, int]:
        """When groups of errors were seen first, of those that were seen first since a time.

        A group that was merged into another one is no new one: it is left out.

        Args:
            fingerprints: Of the groups.
            since_us: The time, µs since the epoch, as those that are given back.
        """
        ...

    async def lacking(self, query: Query, times: TimeRange, fields: Sequence[str]) -> Sequence[str]:
        """What the cells of a query lack; see `Store.lacking`."""
        ...

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        """The latest events that match."""
        ...


class StoreSource:
    """What the store holds, and the state knows of groups of errors.

    Args:
        store: Has the events.
        state: Has the groups.
        sees: Whether whoever asks may know of errors of a service.
    """

    def __init__(
        self, store: Store, state: State, sees: Callable[[str], bool] = lambda _service: True
    ) -> None:
        self._store = store
        self._state = state
        self._sees = sees
        self._first_seen: dict[str, tuple[int, str]] = {}  # and where; which never changes

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and numbers; see `Store.cells`."""
        return await self._store.cells(request)

    async def first_seen(self, fingerprints: Collection[str], since_us: int) -> Mapping[str, int]:
        """When groups of errors were seen first; see `Source.first_seen`."""
        unknown = sorted(set(fingerprints) - self._first_seen.keys())[:_MOST_LOOKED_UP]
        for fingerprint in unknown:
            record = await self._state.get(GROUPS, fingerprint)
            if record is not None and record.value.get("first_seen"):
                first_us = epoch_us(record.value["first_seen"])
                self._first_seen[fingerprint] = first_us, record.value.get("service", "")
        known = {name: self._first_seen[name] for name in fingerprints if name in self._first_seen}
        found = {
            name: first_us
            for name, (first_us, service) in known.items()
            if first_us >= since_us and self._sees(service)
        }
        while len(self._first_seen) > _MOST_REMEMBERED:
            del self._first_seen[next(iter(self._first_seen))]
        merged = [name for name in found if await self._state.get(MERGES, name) is not None]
        return {name: at_us for name, at_us in found.items() if name not in merged}

    async def lacking(self, query: Query, times: TimeRange, fields: Sequence[str]) -> Sequence[str]:
        """What cells lack; see `Store.lacking`."""
        return await self._store.lacking(query, times, fields)

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        """The latest events that match."""
        page = await self._store.search(SearchRequest(query, times, limit=limit, count_limit=1))
        return page.events


class MemorySource:
    """Events that are given; for the tests of rules.

    Args:
        events: As stored, in any order.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: list[tuple[int, Event]] = []
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Takes one more."""
        self._events.append((epoch_us(event["@timestamp"]), event))

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and numbers; see `Store.cells`."""
        groups: defaultdict[tuple[int, tuple[str, ...]], list[Event]] = defaultdict(list)
        fields = [values_of(name) for name in request.by]
        for at_us, event in self._matching(request.query, request.start_us, request.end_us):
            start_us = at_us - (at_us - request.start_us) % request.width_us
            for values in _combinations(event, fields):
                groups[start_us, values].append(event)
        return [
            Cell(start_us, values, len(events), _numbers(events, request))
            for (start_us, values), events in sorted(groups.items())
        ]

    async def first_seen(self, fingerprints: Collection[str], since_us: int) -> Mapping[str, int]:
        """When groups of errors were seen first, among the events that are given."""
        found: dict[str, int] = {}
        for at_us, event in self._events:
            name = value_at(event, FINGERPRINT)
            if name in fingerprints:
                found[name] = min(at_us, found.get(name, at_us))
        return {name: at_us for name, at_us in found.items() if at_us >= since_us}

    async def lacking(
        self, _query: Query, _times: TimeRange, _fields: Sequence[str]
    ) -> Sequence[str]:
        """Nothing."""
        return ()

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        """The latest events that match."""
        found = self._matching(query, times.start_us or 0, times.end_us or 2**62)
        found.sort(key=lambda one: -one[0])
        return [event for _, event in found[:limit]]

    def _matching(self, query: Query, start_us: int, end_us: int) -> list[tuple[int, Event]]:
        matches = compile_query(query)
        return [
            (at_us, event)
            for at_us, event in self._events
            if start_us <= at_us < end_us and matches(event)
        ]


def _combinations(event: Event, fields: Sequence[Any]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for values in fields:
        texts = [text for value in values(event) if (text := text_of(value)) is not None] or [""]
        found = [(*before, text) for before in found for text in dict.fromkeys(texts)]
    return found


def _numbers(events: Sequence[Event], request: CellsRequest) -> Numbers | None:
    if request.of is None:
        return None
    values = values_of(request.of)
    found = [
        float(value)
        for event in events
        for value in values(event)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if not found:
        return None
    sketch = {"sketch": sketch_of(found)} if request.percentiles else {}
    return Numbers(len(found), sum(found), min(found), max(found), **sketch)
