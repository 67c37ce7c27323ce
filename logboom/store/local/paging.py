"""Which events are on a page, and where does the next one begin?

The order is event time, then event id. Within a day the search goes through windows of time, from
the near end of the range to the far one, so that a page of the newest events costs no more on a full
day than on an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tantivy import Order, Query

from logboom.errors import StoreDamaged
from logboom.event import Event
from logboom.store.local.asking import Hit, first
from logboom.store.local.combine import all_of, between
from logboom.store.local.cursors import Key
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.instants import Instant
from logboom.store.local.schema import SCHEMA, STRAY, TIME
from logboom.store.values import SortOrder, TimeRange

_WINDOW_GROWTH = 16
_MORE = 32
"""Hits asked for beyond those that are missing: they show where the last one's instant ends."""

_END_OF_TIME_US = 2**62


@dataclass(frozen=True, slots=True)
class Found:
    """An event with its place in the order: its time and its id."""

    key: Key
    event: Event


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

    def within(self, start_us: int, end_us: int) -> Span:
        """What of it lies between two times."""
        return Span(max(self.start_us, start_us), min(self.end_us, end_us))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every day.

    Attributes:
        limit: Matches to find, at most.
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
    after: Key | None
    count_beyond: int | None
    first_events: int
    first_window_us: int
    is_late: Callable[[], bool]

    @property
    def span(self) -> Span:
        """The times that remain behind `after`, the instant itself left out."""
        start = self.times.start_us if self.times.start_us is not None else -_END_OF_TIME_US
        end = self.times.end_us if self.times.end_us is not None else _END_OF_TIME_US
        if self.after is None:
            return Span(start, end)
        instant = self.after[0]
        if self.order is SortOrder.DESC:
            return Span(start, min(end, instant))
        return Span(max(start, instant + 1), end)


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

    def is_complete(self) -> bool:
        """True when nothing more needs to be looked at, or there is no more time for it."""
        if self._missing() == 0 and not self._is_counting():
            return True
        self.is_cut_short = self.is_cut_short or self._wanted.is_late()
        return self.is_cut_short

    def add_day(self, day: Snapshot) -> None:
        """Searches a day's events that lie within the day."""
        wanted = self._wanted
        if wanted.after is not None and day.start_us <= wanted.after[0] < day.end_us:
            self._add_rest_of_instant(day, wanted.query, wanted.after)
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
            self._events_at_once *= self._growth(self.count - before)

    def add_strays(self, day: Snapshot) -> None:
        """Searches a day's events whose time lies outside of the day, wherever they belong."""
        strays = Collection(self._wanted)
        query = all_of(self._wanted.query, Query.term_query(SCHEMA, STRAY, "t"))
        if self._wanted.after is not None:
            strays._add_rest_of_instant(day, query, self._wanted.after)
        strays._add_span(day, query, self._wanted.span)
        self.found += strays.found
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
        return self._wanted.limit - len(self.found)

    def _is_counting(self) -> bool:
        beyond = self._wanted.count_beyond
        return beyond is not None and self.count <= beyond

    def _add_span(self, day: Snapshot, query: Query, span: Span) -> None:
        matching = all_of(query, between(span.start_us, span.end_us))
        limit = self._missing()
        order = Order.Desc if self._descending else Order.Asc
        matches = first(day.searcher, matching, limit + _MORE, by=TIME, order=order)
        self.count += matches.count
        hits = matches.hits
        if not limit or not hits:
            return
        last_us = hits[min(limit, len(hits)) - 1][0]
        if matches.count > len(hits) and hits[-1][0] == last_us:  # it may have more of them
            hits = [hit for hit in hits if hit[0] != last_us]
            instant = Instant(day, query, last_us, self._descending)
            hits += [(last_us, one) for one in instant.next_after(None, limit - len(hits))]
        else:
            hits = [hit for at, hit in enumerate(hits) if at < limit or hit[0] == last_us]
        self.found += self._load(day, hits)[:limit]

    def _add_rest_of_instant(self, day: Snapshot, query: Query, after: Key) -> None:
        instant = Instant(day, query, after[0], self._descending)
        addresses = instant.next_after(after[1], self._missing())
        found = self._load(day, [(after[0], address) for address in addresses])
        rest = [one for one in found if (one.key < after if self._descending else one.key > after)]
        self.found += rest[: self._missing()]

    def _load(self, day: Snapshot, hits: Sequence[Hit]) -> list[Found]:
        found: list[Found] = []
        for (time_us, _), loaded in zip(
            hits, day.load([address for _, address in hits]), strict=True
        ):
            if isinstance(loaded, StoreDamaged):
                self.warnings[str(loaded)] = None
            else:
                found.append(Found((time_us, loaded[0]), loaded[1]))
        return sorted(found, key=lambda one: one.key, reverse=self._descending)
