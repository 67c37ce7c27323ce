"""Which events stand before and after one in its source?

A source's events are in the order of their offsets, whatever their times say, and lie in as many days
as they like. Where a file's content begins, the content that was read before it from the same path goes on, in
the order of its offsets, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logboom.event import MAX_OFFSET, Event, epoch_us, value_at
from logboom.query.model import And, MatchAll, Not, Query, Range, Term
from logboom.query.times import iso_text
from logboom.store import SearchRequest, Store

MOST = 500
"""Events on either side, at most."""

_SOURCE, _OFFSET, _PATH, _HOST = "log.source", "log.offset", "log.file.path", "host.name"
_CREATED = "event.created"
_FIRST_BYTES = 1 << 16
_FIRST_US, _LEAST_US, _LAST_US = 60_000_000, 1_000, 4_102_444_800_000_000  # the year 2100
_WIDER = 8
_FULL = 2_000
_CONTENTS = 8

TOO_LATE = "it took too long and was stopped: there may be more neighbours"


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


@dataclass(frozen=True, slots=True, order=True)
class _Content:
    """A content of a path. Less is what was begun to be read first; of two at once, the older one.

    Attributes:
        read_us: When its first line was read.
        at_us: The time of that line.
        behind: Its offset, negative: of two contents of one instant the one that is farther on.
        run: Its source.
    """

    read_us: int
    at_us: int
    behind: int
    run: str


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
        earlier = [*await looking.of_path(event, place, missing, before=True), *earlier]
    later = await looking.after(place, after)
    if len(later) < after:
        missing = after - len(later)
        later = [*later, *await looking.of_path(event, place, missing, before=False)]
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
        self, event: Event, place: _Place, count: int, *, before: bool
    ) -> list[Event]:
        """What was read from the same path of the same host, in the contents before or after this one."""
        path, host = value_at(event, _PATH), value_at(event, _HOST)
        if not isinstance(path, str) or count <= 0 or not self._has_time():
            return []
        where: list[Query] = [Term(_PATH, path), self._only]
        if isinstance(host, str):
            where.append(Term(_HOST, host))
        found: list[Event] = []
        content = await self._content_of(place.run)
        while content is not None and len(found) < count and self._has_time():
            beside = await self._beside(where, content, before=before)
            if beside is None:
                break
            content, seen = beside
            missing = count - len(found)
            if before:
                end = await self._end_of(_Place(content.run, seen))
                found = [*await self.before(end, missing), *found]
            else:
                found += await self.after(_Place(content.run, -1), missing)
        return found

    async def _beside(
        self, where: Sequence[Query], of: _Content, *, before: bool
    ) -> tuple[_Content, int] | None:
        """The content next to one, and the offset of its farthest line that was come upon.

        It is looked for by when lines were read, which goes on where their times jump.
        """
        among = [*where, Not(Term(_SOURCE, of.run))]
        width, edge = _FIRST_US, of.read_us + (_LEAST_US if before else 0)
        while 0 < edge < _LAST_US and self._has_time():
            begin, end = max(0, edge - width), min(edge + width, _LAST_US)
            least, most = (begin, edge) if before else (edge, end)
            read = Range(
                _CREATED, iso_text(least), iso_text(most), include_lower=True, include_upper=False
            )
            page = await self._store.search(SearchRequest(_all_of(*among, read), limit=_FULL))
            if page.cursor is not None and width > _LEAST_US:
                width = max(_LEAST_US, width // _WIDER)
                continue
            self._note(page.warnings)
            chosen = await self._nearest(page.events, of, before=before)
            if chosen is not None:
                return chosen
            edge = begin if before else end
            width *= _WIDER
        return None

    async def _nearest(
        self, lines: Sequence[Event], of: _Content, *, before: bool
    ) -> tuple[_Content, int] | None:
        """Of the contents of some lines the one next to a content, and its farthest line of these."""
        farthest: dict[str, int] = {}
        for line in sorted(lines, key=_read_us, reverse=before):
            place = _place_of(line)
            if place is not None:
                farthest[place.run] = max(place.offset, farthest.get(place.run, 0))
        runs = list(farthest)
        for first in range(0, len(runs), _CONTENTS):
            some = runs[first : first + _CONTENTS]
            contents = [one for run in some if (one := await self._content_of(run)) is not None]
            if before and (older := [one for one in contents if one < of]):
                return max(older), farthest[max(older).run]
            if not before and (newer := [one for one in contents if one > of]):
                return min(newer), farthest[min(newer).run]
        return None

    async def _content_of(self, run: str) -> _Content | None:
        """A content by its first line, which need not match."""
        lines = await _Looking(self._store, MatchAll(), self._is_late).after(_Place(run, -1), 1)
        if not lines:
            return None
        offset = int(str(value_at(lines[0], _OFFSET)))
        return _Content(_read_us(lines[0]), epoch_us(str(lines[0]["@timestamp"])), -offset, run)

    async def _end_of(self, place: _Place) -> _Place:
        """Behind the last line of a source, given one of its lines."""
        while lines := await self.after(place, _FULL):
            place = _Place(place.run, int(str(value_at(lines[-1], _OFFSET))))
        return _Place(place.run, place.offset + 1)

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


def _read_us(event: Event) -> int:
    """When it was read."""
    return epoch_us(str(value_at(event, _CREATED) or event["@timestamp"]))


def _all_of(*parts: Query) -> Query:
    some = tuple(part for part in parts if not isinstance(part, MatchAll))
    return some[0] if len(some) == 1 else And(some)
