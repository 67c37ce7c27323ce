"""Which events stand before and after one in its source?

A source's events are in the order of their offsets, whatever their times say, and lie in as many days
as they like. Where a file's content begins, what was read before it from the same path goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logboom.event import MAX_OFFSET, Event, epoch_us, value_at
from logboom.query.model import And, MatchAll, Not, Query, Range, Term
from logboom.store import SearchRequest, SortOrder, Store, TimeRange

MOST = 500
"""Events on either side, at most."""

_SOURCE, _OFFSET, _PATH, _HOST = "log.source", "log.offset", "log.file.path", "host.name"
_FIRST_BYTES = 1 << 16
_WIDER = 8
_FULL = 2_000
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Context:
    """Neighbours of an event: both sides in the order of the source."""

    before: Sequence[Event]
    after: Sequence[Event]


@dataclass(frozen=True, slots=True)
class _Place:
    run: str
    offset: int


async def context_of(
    store: Store, event: Event, *, before: int, after: int, only: Query
) -> Context:
    """Finds an event's neighbours.

    Args:
        store: Has the events.
        event: As stored.
        before: How many of those before it.
        after: How many of those after it.
        only: What neighbours must match.

    Raises:
        QueryError: The store cannot use the query.
        StoreUnavailable: Ask again later.
    """
    place = _place_of(event)
    if place is None:
        return Context((), ())
    earlier = await _before(store, place, before, only)
    if len(earlier) < before:
        missing = before - len(earlier)
        earlier = [*await _of_path(store, event, place, missing, only, SortOrder.DESC), *earlier]
    later = await _after(store, place, after, only)
    if len(later) < after:
        missing = after - len(later)
        later = [*later, *await _of_path(store, event, place, missing, only, SortOrder.ASC)]
    return Context(earlier, later)


def _place_of(event: Event) -> _Place | None:
    run, offset = value_at(event, _SOURCE), value_at(event, _OFFSET)
    return _Place(run, offset) if isinstance(run, str) and isinstance(offset, int) else None


async def _before(store: Store, place: _Place, count: int, only: Query) -> list[Event]:
    found: list[Event] = []
    width, end = _FIRST_BYTES, place.offset
    for _ in range(_TRIES):
        if len(found) >= count or end == 0:
            break
        begin = max(0, end - width)
        some = await _between(store, place.run, begin, end, only)
        if some is None:
            width = max(1, width // _WIDER)
            continue
        found, end = [*some, *found], begin
        width *= _WIDER
    return found[len(found) - min(count, len(found)) :]


async def _after(store: Store, place: _Place, count: int, only: Query) -> list[Event]:
    found: list[Event] = []
    width, begin = _FIRST_BYTES, place.offset + 1
    for _ in range(_TRIES):
        if len(found) >= count or begin > MAX_OFFSET:
            break
        some = await _between(store, place.run, begin, begin + width, only)
        if some is None:
            width = max(1, width // _WIDER)
            continue
        found, begin = [*found, *some], begin + width
        width *= _WIDER
    return found[:count]


async def _between(store: Store, run: str, least: int, end: int, only: Query) -> list[Event] | None:
    """The events of a stretch of a source by their offsets; None when they are too many."""
    stretch = Range(_OFFSET, str(least), str(end), include_lower=True, include_upper=False)
    request = SearchRequest(_all_of(Term(_SOURCE, run), stretch, only), limit=_FULL)
    page = await store.search(request)
    if page.cursor is not None:
        return None
    return sorted(page.events, key=lambda event: int(str(value_at(event, _OFFSET))))


async def _of_path(
    store: Store, event: Event, place: _Place, count: int, only: Query, order: SortOrder
) -> list[Event]:
    """What was read from the same path, before or after this content of it, by event time."""
    path, host = value_at(event, _PATH), value_at(event, _HOST)
    if not isinstance(path, str) or count <= 0:
        return []
    where: list[Query] = [Term(_PATH, path), Not(Term(_SOURCE, place.run)), only]
    if isinstance(host, str):
        where.append(Term(_HOST, host))
    at_us = epoch_us(str(event["@timestamp"]))
    times = TimeRange(None, at_us) if order is SortOrder.DESC else TimeRange(at_us + 1, None)
    page = await store.search(
        SearchRequest(_all_of(*where), times=times, limit=count, order=order, count_limit=1)
    )
    return list(page.events) if order is SortOrder.ASC else list(reversed(page.events))


def _all_of(*parts: Query) -> Query:
    some = tuple(part for part in parts if not isinstance(part, MatchAll))
    return some[0] if len(some) == 1 else And(some)
