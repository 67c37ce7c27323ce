"""Which events are on a page, and where does the next one begin?

The order is event time, then event id. Within a day the search goes through windows of time, from
the near end of the range to the far one, so that a page of the newest events costs no more on a full
day than on an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tantivy import Order, Query

from logboom.errors import StoreDamaged
from logboom.store.local.asking import Hit, Matches, first
from logboom.store.local.combine import all_of, between
from logboom.store.local.cursors import Key
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.instants import Instant
from logboom.store.local.schema import SCHEMA, STRAY, TIME
from logboom.store.local.serial import id_of, unreadable
from logboom.store.values import SortOrder, TimeRange

_WINDOW_GROWTH = 16
_MOST_EVENTS = 2**40
"""No day has more: a window for so many is a whole day."""

_MORE = 32
"""Hits asked for beyond those that are missing: they show where the last one's instant ends."""

_LOADED_AT_ONCE = 256
_END_OF_TIME_US = 2**62

_MOST_WARNINGS = 20
_MORE_WARNINGS = "more events of the same days cannot be read"


@dataclass(frozen=True, slots=True)
class Found:
    """An event as it is stored, with its place in the order: its time and its id."""

    key: Key
    line: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Event times from `start_us` (included) to `end_us` (excluded)."""

    start_us: int
    end_us: int

    def cut(self, width_us: int, *, descending: bool) -> tuple[Span, Span]:
        """A window where the order begins, and what is left without it."""
        if descending:
            middle = max(self.start_us, self.end_us - width_us)
            return Span(middle, self.end_us), Span(self.start_us, middle)
        middle = min(self.end_us, self.start_us + width_us)
        return Span(self.start_us, middle), Span(middle, self.end_us)

    def behind(self, instant_us: int, *, descending: bool) -> Span:
        """What follows an instant."""
        if descending:
            return Span(self.start_us, instant_us)
        return Span(instant_us + 1, self.end_us)

    def first_us(self, *, descending: bool) -> int:
        """The end where the order begins."""
        return self.end_us if descending else self.start_us

    def within(self, start_us: int, end_us: int) -> Span:
        """What of it lies between two times."""
        return Span(max(self.start_us, start_us), min(self.end_us, end_us))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every day.

    Attributes:
        limit: Matches to find, at most.
        max_bytes: Of all of them together; but one is found in any case.
        after: Where the page before ended.
        count_beyond: Go on counting until there are more matches than this; None: do not count.
        first_events: Look first through as much time as has about so many events; then ever more.
        first_window_us: But through so much time at least.
        is_late: True once the search has taken too long.
    """

    query: Query
    times: TimeRange
    order: SortOrder
    limit: int
    max_bytes: int
    after: Key | None
    count_beyond: int | None
    first_events: int
    first_window_us: int
    is_late: Callable[[], bool]

    @property
    def all_times(self) -> Span:
        """The times that are asked for."""
        start = self.times.start_us if self.times.start_us is not None else -_END_OF_TIME_US
        end = self.times.end_us if self.times.end_us is not None else _END_OF_TIME_US
        return Span(start, end)

    @property
    def begun(self) -> Key | None:
        """`after`, if more of its instant may follow: a page may have ended at the end of all times."""
        times = self.all_times
        if self.after is None or not times.start_us <= self.after[0] < times.end_us:
            return None
        return self.after

    @property
    def span(self) -> Span:
        """The times that remain behind `after`, the instant itself left out."""
        times = self.all_times
        if self.after is None:
            return times
        rest = times.behind(self.after[0], descending=self.order is SortOrder.DESC)
        return rest.within(times.start_us, times.end_us)


class Collection:
    """What was found so far."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._descending = wanted.order is SortOrder.DESC
        self._events_at_once = wanted.first_events
        self.found: list[Found] = []
        self.count = 0
        self.warnings: dict[str, None] = {}
        self.is_cut_short = False
        self.is_full = False
        self._bytes = 0
        self._damaged = 0
        self._rest_us: int | None = None

    @property
    def rest(self) -> Key | None:
        """The place behind everything that was looked at; None when nothing is left to look at."""
        if self.is_full and self.found:  # else what filled it lies behind what was looked at
            return self.found[-1].key
        if not self.is_cut_short or self._rest_us is None:
            return None
        return self._rest_us, ""  # ids of the instant come behind it, or, descending, before it

    def is_complete(self) -> bool:
        """True when nothing more needs to be looked at, or there is no more time for it."""
        if self._missing() == 0 and not self._is_counting():
            return True
        if self._rest_us is not None and not self.is_cut_short:  # each search gets on a bit
            self.is_cut_short = self._wanted.is_late()
        return self.is_cut_short

    def add_day(self, day: Snapshot) -> None:
        """Searches a day's events that lie within the day."""
        wanted, begun = self._wanted, self._wanted.begun
        if begun is not None and day.start_us <= begun[0] < day.end_us:
            instant = Instant(day, wanted.query, begun[0], self._descending)
            self._add_instant(instant, begun[1])
        extent = day.extent()
        if extent is None:
            return
        span = wanted.span.within(max(day.start_us, extent[0]), min(day.end_us, extent[1] + 1))
        us_per_event = (extent[1] - extent[0]) / day.searcher.num_docs
        while span.start_us < span.end_us and not self.is_complete():
            width_us = max(1, wanted.first_window_us, int(self._events_at_once * us_per_event))
            window, span = span.cut(width_us, descending=self._descending)
            before = self.count
            self._add_span(day, wanted.query, window)
            if not self.is_cut_short:
                self._rest_us = span.first_us(descending=self._descending)
            growth = self._growth(self.count - before)
            self._events_at_once = min(_MOST_EVENTS, self._events_at_once * growth)

    def add_strays(self, day: Snapshot) -> None:
        """Searches a day's events whose time lies outside of the day, wherever they belong."""
        strays = Collection(replace(self._wanted, is_late=lambda: False))
        query = all_of(self._wanted.query, Query.term_query(SCHEMA, STRAY, "t"))
        if (begun := self._wanted.begun) is not None:
            strays._add_instant(Instant(day, query, begun[0], self._descending), begun[1])
        strays._add_span(day, query, self._wanted.span)
        rests = [rest for rest in (self.rest, strays.rest) if rest is not None]
        self.found = [
            one
            for one in (*self.found, *strays.found)
            if not any(self._is_behind(one.key, rest) for rest in rests)
        ]
        self.is_full |= strays.is_full
        self.count += strays.count
        self.warnings |= strays.warnings
        self.found.sort(key=lambda one: one.key, reverse=self._descending)
        del self.found[self._wanted.limit :]

    def _growth(self, matches: int) -> int:
        """How much longer the next window is to be, after one with so many matches."""
        beyond = self._wanted.count_beyond
        missing = self._missing() if beyond is None else max(self._missing(), beyond - self.count)
        return min(_WINDOW_GROWTH, 1 + (missing + missing // 4) // max(1, matches))

    def _missing(self) -> int:
        return 0 if self.is_full else self._wanted.limit - len(self.found)

    def _is_counting(self) -> bool:
        beyond = self._wanted.count_beyond
        return beyond is not None and self.count <= beyond

    def _add_span(self, day: Snapshot, query: Query, span: Span) -> None:
        """Counts the matches of a window, and takes as many of the first as are missing."""
        matches = self._first(day, query, span)
        self.count += matches.count
        while self._missing() and matches.hits:
            damaged = self._damaged
            last_us = self._take(day, query, matches)
            if self._damaged == damaged:
                break
            # Others of the window take the places of those that cannot be read.
            span = span.behind(last_us, descending=self._descending)
            self._rest_us = span.first_us(descending=self._descending)
            if self.is_complete():
                break
            matches = self._first(day, query, span)

    def _first(self, day: Snapshot, query: Query, span: Span) -> Matches:
        matching = all_of(query, between(span.start_us, span.end_us))
        order = Order.Desc if self._descending else Order.Asc
        return first(day.searcher, matching, self._missing() + _MORE, by=TIME, order=order)

    def _take(self, day: Snapshot, query: Query, matches: Matches) -> int:
        """Adds the first ones, and says at which instant they end."""
        limit, hits = self._missing(), matches.hits
        last_us = hits[min(limit, len(hits)) - 1][0]
        if matches.count > len(hits) and hits[-1][0] == last_us:  # it may have more of them
            self._add_hits(day, [hit for hit in hits if hit[0] != last_us])
            if self._missing():
                self._add_instant(Instant(day, query, last_us, self._descending), None)
        else:
            self._add_hits(
                day, [hit for at, hit in enumerate(hits) if at < limit or hit[0] == last_us]
            )
        return last_us

    def _add_hits(self, day: Snapshot, hits: Sequence[Hit]) -> None:
        """Adds events some at a time, whole instants each: they may be large."""
        for some in _parted(hits):
            if self._missing():
                self._add(self._load(day, some))

    def _add_instant(self, instant: Instant, after: str | None) -> None:
        """Adds the next ones of an instant; asks for more while some of them cannot be read."""
        missing = wanted = self._missing()
        seen = -1
        while True:
            damaged = self._damaged
            addresses = instant.next_after(after, wanted)
            found = self._load(instant.day, [(instant.time_us, one) for one in addresses])
            if wanted - (self._damaged - damaged) >= missing or len(addresses) == seen:
                break
            wanted, seen = 2 * wanted, len(addresses)
        key = None if after is None else (instant.time_us, after)
        self._add([one for one in found if key is None or self._is_behind(one.key, key)])

    def _is_behind(self, key: Key, after: Key) -> bool:
        return key < after if self._descending else key > after

    def _add(self, found: Sequence[Found]) -> None:
        for one in found[: self._missing()]:
            self._bytes += len(one.line)
            if self._bytes > self._wanted.max_bytes and self.found:
                self.is_full = True
                return
            self.found.append(one)

    def _load(self, day: Snapshot, hits: Sequence[Hit]) -> list[Found]:
        found: list[Found] = []
        for (time_us, _), line in zip(
            hits, day.lines([address for _, address in hits]), strict=True
        ):
            name = line if isinstance(line, StoreDamaged) else _name_of(line, day)
            if isinstance(line, StoreDamaged) or isinstance(name, StoreDamaged):
                self._damaged += 1
                self._warn(str(name))
            else:
                found.append(Found((time_us, name), line))
        return sorted(found, key=lambda one: one.key, reverse=self._descending)

    def _warn(self, sentence: str) -> None:
        if len(self.warnings) < _MOST_WARNINGS:
            self.warnings[sentence] = None
        elif sentence not in self.warnings:
            self.warnings[_MORE_WARNINGS] = None


def _name_of(line: bytes, day: Snapshot) -> str | StoreDamaged:
    try:
        return id_of(line)
    except ValueError as error:
        return unreadable(error, day.folder.path)


def _parted(hits: Sequence[Hit]) -> Iterator[Sequence[Hit]]:
    """Some hits after the other; those of one instant stay together."""
    begin = 0
    while begin < len(hits):
        end = begin + _LOADED_AT_ONCE
        while end < len(hits) and hits[end][0] == hits[end - 1][0]:
            end += 1
        yield hits[begin:end]
        begin = end
