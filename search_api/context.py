"""Which events stand before and after one in its source?

A source's events are in the order of their offsets, whatever their times say, and lie in as many days
as they like. Where a file's content begins, what was read before it from the same path goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logboom.event import MAX_OFFSET, Event, epoch_us, value_at
from logboom.query.model import And, MatchAll, Not, Query, Range, Term
from logboom.store import SearchRequest, SortOrder, Store, TimeRange

MOST = 500
"""Events on either side, at most."""

_SOURCE, _OFFSET, _PATH, _HOST = "log.source", "log.offset", "log.file.path", "host.name"
_CREATED = "event.created"
_FIRST_BYTES = 1 << 16
_WIDER = 8
_FULL = 2_000

TOO_LATE = "it took too long and was stopped: there may be more neighbours"

TOO_LARGE = "the events are too large for one answer: there may be more neighbours"


@dataclass(frozen=True, slots=True)
class Context:
    """Neighbours of an event: both sides in the order of the source.

    Attributes:
        before: The nearest ones before it.
        after: The nearest ones after it.
        warnings: Why some may be missing, a sentence each.
    """

    before: Sequence[Event]
    after: Sequence[Event]
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    run: str
    offset: int


async def context_of(
    store: Store, event: Event, *, before: int, after: int, only: Query, is_late: Callable[[], bool]
) -> Context:  # fmt: skip
    """Finds an event's neighbours.

    Args:
        store: Has the events.
        event: As stored.
        before: How many of those before it.
        after: How many of those after it.
        only: What neighbours must match.
        is_late: True once it has taken too long; then there is what was found.

    Raises:
        QueryError: The store cannot use the query.
        StoreUnavailable: Ask again later.
    """
    place = _place_of(event)
    if place is None:
        return Context((), ())
    looking = _Looking(store, only, is_late)
    earlier = await looking.before(place, before)
    if len(earlier) < before:
        missing = before - len(earlier)
        earlier = [*await looking.of_path(event, place, missing, SortOrder.DESC), *earlier]
    later = await looking.after(place, after)
    if len(later) < after:
        missing = after - len(later)
        later = [*later, *await looking.of_path(event, place, missing, SortOrder.ASC)]
    return Context(earlier, later, list(looking.warnings))


def _place_of(event: Event) -> _Place | None:
    run, offset = value_at(event, _SOURCE), value_at(event, _OFFSET)
    return _Place(run, offset) if isinstance(run, str) and isinstance(offset, int) else None


class _Looking:
    """Looks for the neighbours of one event."""

    def __init__(self, store: Store, only: Query, is_late: Callable[[], bool]) -> None:
        self._store = store
        self._only = only
        self._is_late = is_late
        self.warnings: dict[str, None] = {}

    async def before(self, place: _Place, count: int) -> list[Event]:
        """The last ones of the source before a place."""
        found: list[Event] = []
        width, end = _FIRST_BYTES, place.offset
        while len(found) < count and end > 0 and self._has_time():
            begin = max(0, end - width)
            some = await self._between(place.run, begin, end)
            if some is None:
                width = max(1, width // _WIDER)
                continue
            found, end = [*some, *found], begin
            width *= _WIDER
        return found[len(found) - min(count, len(found)) :]

    async def after(self, place: _Place, count: int) -> list[Event]:
        """The first ones of the source after a place."""
        found: list[Event] = []
        width, begin = _FIRST_BYTES, place.offset + 1
        while len(found) < count and begin <= MAX_OFFSET and self._has_time():
            some = await self._between(place.run, begin, begin + width)
            if some is None:
                width = max(1, width // _WIDER)
                continue
            found, begin = [*found, *some], begin + width
            width *= _WIDER
        return found[:count]

    async def of_path(
        self, event: Event, place: _Place, count: int, order: SortOrder
    ) -> list[Event]:
        """What was read from the same path, before or after this content of it, by event time."""
        path, host = value_at(event, _PATH), value_at(event, _HOST)
        if not isinstance(path, str) or count <= 0 or not self._has_time():
            return []
        where: list[Query] = [Term(_PATH, path), self._only]
        if isinstance(host, str):
            where.append(Term(_HOST, host))
        at_us, descending = epoch_us(str(event["@timestamp"])), order is SortOrder.DESC
        instant = await self._search(where, TimeRange(at_us, at_us + 1), SortOrder.ASC, _FULL)
        near = _contents_beside(event, place, instant, before=descending)
        where.append(Not(Term(_SOURCE, place.run)))
        times = TimeRange(None, at_us) if descending else TimeRange(at_us + 1, None)
        far = await self._search(where, times, order, count)
        return [*far[::-1], *near][-count:] if descending else [*near, *far][:count]

    async def _search(
        self, where: Sequence[Query], times: TimeRange, order: SortOrder, limit: int
    ) -> Sequence[Event]:
        page = await self._store.search(
            SearchRequest(_all_of(*where), times=times, limit=limit, order=order, count_limit=1)
        )
        self._note(page.warnings)
        if page.cursor is not None and len(page.events) < limit and not page.warnings:
            self._note([TOO_LARGE])
        return page.events

    async def _between(self, run: str, least: int, end: int) -> list[Event] | None:
        """The events of a stretch of a source by their offsets; None when they are too many."""
        stretch = Range(_OFFSET, str(least), str(end), include_lower=True, include_upper=False)
        request = SearchRequest(_all_of(Term(_SOURCE, run), stretch, self._only), limit=_FULL)
        page = await self._store.search(request)
        if page.cursor is not None:
            return None
        self._note(page.warnings)
        return sorted(page.events, key=lambda event: int(str(value_at(event, _OFFSET))))

    def _has_time(self) -> bool:
        if self._is_late():
            self._note([TOO_LATE])
            return False
        return True

    def _note(self, warnings: Sequence[str]) -> None:
        self.warnings |= dict.fromkeys(warnings)


def _contents_beside(
    event: Event, place: _Place, instant: Sequence[Event], *, before: bool
) -> list[Event]:
    """What a rotation has parted from an event within its instant, in order.

    Of two contents the one that was read first is the older; of two that were read at once, the one
    that is farther on when the instant begins.

    Args:
        event: Whose neighbours are looked for.
        place: Of the event.
        instant: What was read from its path and happened in its instant.
        before: Of older contents, or else of newer ones.
    """
    contents: dict[str, list[tuple[int, Event]]] = {place.run: [(place.offset, event)]}
    for one in instant:
        found = _place_of(one)
        if found is not None:
            contents.setdefault(found.run, []).append((found.offset, one))
    age = {
        run: (min(str(value_at(one, _CREATED)) for _, one in some), -min(at for at, _ in some), run)
        for run, some in contents.items()
    }
    beside = [
        run
        for run in contents
        if (age[run] < age[place.run] if before else age[run] > age[place.run])
    ]
    return [
        one
        for run in sorted(beside, key=age.__getitem__)
        for _, one in sorted(contents[run], key=lambda found: found[0])
    ]


def _all_of(*parts: Query) -> Query:
    some = tuple(part for part in parts if not isinstance(part, MatchAll))
    return some[0] if len(some) == 1 else And(some)
