"""What the services may ask of a store, whichever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal, Protocol

from msgspec import UNSET, UnsetType

from logboom.event import Event, decode_json, encode_event, is_slow
from logboom.head import Head, head_of
from logboom.query.model import Query
from logboom.rollups import Rollups
from logboom.store.arrivals import Arrivals
from logboom.store.cells import Cell, CellsRequest
from logboom.store.limits import Limit


@dataclass(slots=True)
class Document:
    """An event that is ready to be stored.

    Attributes:
        id: Its `event.id`; a store never holds two documents with one id in one day.
        day: The UTC day whose index it goes to.
        value: The normalised event as one line of JSON in UTF-8, as `encode_event` writes it.
    """

    id: str
    day: date
    value: bytes
    _head: Head | UnsetType | None = field(default=UNSET, compare=False, repr=False)

    @classmethod
    def of(cls, name: str, day: date, event: Event) -> Document:
        """Makes one of a decoded event.

        Raises:
            ValueError: The event is not JSON.
        """
        return cls(name, day, encode_event(event))

    @property
    def head(self) -> Head | None:
        """The event's head; None when it has fields of unusual types."""
        if self._head is UNSET:
            self._head = None if is_slow(self.value) else head_of(self.value)
        return self._head

    @property
    def event(self) -> Event:
        """The event, decoded anew each time."""
        decoded: Event = decode_json(self.value)
        return decoded


class Outcome(Enum):
    """What became of a document that the store has taken."""

    STORED = "stored"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The store will never take this document as it is.

    Attributes:
        reason: The store's own words, in one line.
    """

    reason: str


class SortOrder(Enum):
    """By event time; documents of one instant by their `event.id`, in the same direction."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Event times from `start_us` (included) to `end_us` (excluded), µs since the epoch.

    None leaves that side open.
    """

    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A number of documents; `exact` is False when there are at least that many."""

    value: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page that is asked for.

    Attributes:
        limit: Events on the page, at least 0.
        cursor: What the page before gave, or None for the first one. Query, times and order must
            be the same for all pages.
        count_limit: Count exactly up to this many matches.
    """

    query: Query
    times: TimeRange = TimeRange()
    limit: int = 100
    order: SortOrder = SortOrder.DESC
    cursor: str | None = None
    count_limit: int = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer.

    Attributes:
        events: As stored, in the order asked for.
        total: Matches on all pages together.
        cursor: Opaque; None when this is the last page.
        partial: True when some part of the store did not answer in time.
        warnings: What the reader should know, one sentence each.
    """

    events: Sequence[Event]
    total: Count
    cursor: str | None
    partial: bool = False
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents in one stretch of time.

    Attributes:
        start_us: Begin of the stretch, µs since the epoch.
        by: Count per value of the field that the histogram is split by; empty without one.
    """

    start_us: int
    count: int
    by: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts over time.

    Attributes:
        interval_us: Width of a bucket.
        buckets: Ascending, without gaps from the first to the last match.
        partial: True when not all matches were counted: it took too long.
    """

    interval_us: int
    buckets: Sequence[Bucket]
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Documents that share a value.

    Attributes:
        value: Of the field that they are grouped by.
        count: How many they are.
        first_us: The earliest event time among them, µs since the epoch, in whole ms at least.
        last_us: The latest, likewise.
        by: Count per value of the second field; empty without one.
    """

    value: str
    count: int
    first_us: int
    last_us: int
    by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups by falling count; `complete` is False when rare values may be missing, or counts low."""

    rows: Sequence[Group]
    complete: bool


@dataclass(frozen=True, slots=True)
class ValueCount:
    """How many events have a value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The most frequent values of fields.

    Attributes:
        values: By field: by falling count, equally frequent ones by the alphabet.
        complete: False when counts may be low, or values missing: not all matches were counted.
    """

    values: Mapping[str, Sequence[ValueCount]]
    complete: bool


@dataclass(frozen=True, slots=True)
class FieldUse:
    """How a field is used.

    Attributes:
        name: The stored one.
        type: `text`, `keyword`, `long`, `double`, `boolean`, `date` or `ip`.
        events: Matches that have it.
        examples: Some of its most frequent values, long ones cut.
    """

    name: str
    type: str
    events: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class FieldUses:
    """The fields of matches.

    Attributes:
        rows: By their names.
        total: All matches.
        sampled: Matches that were looked through for names, types and examples.
    """

    rows: Sequence[FieldUse]
    total: int
    sampled: int


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many documents of one source's run (`log.source`) the store holds for one day."""

    run: str
    day: date
    documents: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day index."""

    day: date
    name: str
    documents: int
    size_bytes: int


class StoreWriter(Protocol):
    """The processor's side of a store. At most one per embedded store at a time."""

    async def write(self, documents: Sequence[Document]) -> Sequence[Outcome | Rejected]:
        """Stores documents; returns when each one's fate is durable.

        Args:
            documents: Any mix of days and sources; the same id may occur twice.

        Returns:
            One answer per document, in their order. Temporary refusals of single documents are
            retried inside until they are stored or rejected.

        Raises:
            StoreUnavailable: Any of the documents may or may not be stored; write all of them again.
            StoreRefused: The store will not take this from us at all: credentials, rights.
            DiskFull: Nothing more can be stored for now; write all of them again later.
        """
        ...

    async def close(self) -> None:
        """Lets go of all resources. Idempotent."""
        ...


class Store(Protocol):
    """An Elasticsearch cluster, or the embedded store; all of it but writing."""

    @property
    def kind(self) -> Literal["local", "elasticsearch"]:
        """Which of the two it is."""
        ...

    @property
    def address(self) -> str:
        """Where it is, for messages to people; without secrets."""
        ...

    @property
    def rollups(self) -> Rollups:
        """The rates per minute, five minutes and hour."""
        ...

    @property
    def arrivals(self) -> Arrivals | None:
        """Everything in the order in which it was stored; None when the store keeps none."""
        ...

    async def writer(self) -> StoreWriter:
        """Opens the store for writing and installs what it needs (templates, folders).

        Raises:
            AlreadyRunning: Another process writes to this embedded store.
            StoreUnavailable: Try again later.
            StoreRefused: Credentials, rights or the version of the server are wrong.
        """
        ...

    async def search(self, request: SearchRequest) -> Page:
        """Finds events.

        Raises:
            QueryError: The query or the cursor cannot be used with this store.
            StoreUnavailable: Ask again later.
        """
        ...

    async def count(self, query: Query, times: TimeRange) -> Count:
        """Counts matches, exactly where the store can.

        Raises:
            QueryError: The query cannot be used with this store.
            StoreUnavailable: Ask again later.
        """
        ...

    async def histogram(
        self, query: Query, times: TimeRange, *, interval_us: int, by: str | None,
        by_size: int = 10, offset_us: int = 0,
    ) -> Histogram:  # fmt: skip
        """Counts matches over time, in stretches that start at multiples of the interval.

        Args:
            interval_us: Width of a stretch, µs.
            by: Stored name of a keyword field to split by, or None.
            by_size: Keep the most frequent values, this many over the whole range.
            offset_us: By how much stretches start later than at multiples; less than the interval.

        Raises:
            QueryError: The query or the field cannot be used, or there would be too many buckets.
            StoreUnavailable: Ask again later.
        """
        ...

    async def groups(
        self, query: Query, times: TimeRange, *, field: str, by: str | None = None,
        size: int = 1000, by_size: int = 10,
    ) -> Groups:  # fmt: skip
        """Groups matches by the values of a field; those without one are in no group.

        Args:
            query: Which events.
            times: Of which times.
            field: Stored name of a keyword field.
            by: Stored name of a second one to split each group by, or None.
            size: Keep the most frequent values, at most 1,000.
            by_size: The same for the second field, at most 20.

        Raises:
            QueryError: The query or a field cannot be used, or there would be too many groups.
            StoreUnavailable: Ask again later.
        """
        ...

    async def facets(
        self, query: Query, times: TimeRange, *, fields: Sequence[str], size: int = 10
    ) -> Facets:
        """Counts the most frequent values of fields over all matches.

        Args:
            query: Which events.
            times: Of which times.
            fields: Stored names of keyword, number or address fields, at most 20.
            size: So many values of each, at most 1,000.

        Raises:
            QueryError: The query or a field cannot be used.
            StoreUnavailable: Ask again later.
        """
        ...

    async def fields(
        self, query: Query, times: TimeRange, *, prefix: str = "", size: int = 200
    ) -> FieldUses:
        """The fields that some matches have, and how many matches have each.

        Args:
            query: Which events.
            times: Of which times.
            prefix: How names begin: of fields, of their aliases, or of attributes without
                `attributes.`.
            size: The most used ones, at most 500.

        Raises:
            QueryError: The query cannot be used.
            StoreUnavailable: Ask again later.
        """
        ...

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts matches over time and by values, and measures their numbers; ascending.

        Events count at their own time. Cells without events are left out.

        Raises:
            QueryError: The query or a field cannot be used, or there would be more than `MOST_CELLS`.
            StoreUnavailable: Ask again later.
        """
        ...

    async def get(self, event_id: str) -> Event | None:
        """One event by its id, or None.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def count_by_source(self, day: date | None = None) -> Sequence[SourceCount]:
        """What the store holds, by run of a source and by day: the ledger's other side.

        Args:
            day: Only this one.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def days(self) -> Sequence[Day]:
        """The day indices, ascending.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    def read_day(self, day: date) -> AsyncIterator[Sequence[Document]]:
        """All documents of a day, in an order that does not change, a bounded number at a time.

        What is written after the first of them was asked for may be among them or not. A day that is
        not there has none.

        Raises:
            StoreDamaged: A document cannot be read.
            StoreUnavailable: Ask again, from the beginning.
        """
        ...

    async def drop_day(self, day: date, *, expected: int | None = None) -> bool:
        """Deletes a day; searches that read it meanwhile come to their end.

        Args:
            day: Which one.
            expected: Documents that it must have: a day that has others was written to meanwhile.

        Returns:
            False when there is no such day.

        Raises:
            DayChanged: It does not have as many documents as were expected; nothing was deleted.
            AlreadyRunning: Another process writes to this embedded store: only that one may.
            StoreUnavailable: It may or may not be deleted; try again.
        """
        ...

    async def troubles(self) -> Sequence[str]:
        """What is wrong with single days while the others are served, a sentence each.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def limits(self) -> Sequence[Limit]:
        """What the store takes only so much of; empty when there is nothing to watch.

        Raises:
            StoreUnavailable: Ask again later.
            StoreRefused: We may not know.
        """
        ...

    async def refresh(self) -> None:
        """Makes everything written so far visible to searches. For tests and for the ledger.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def check(self) -> str:
        """Returns a sentence about the store when it answers and serves.

        Raises:
            StoreUnavailable: It does not.
            StoreRefused: It does, and refuses us, or is of a kind or version we cannot use.
        """
        ...

    async def close(self) -> None:
        """Lets go of all resources. Idempotent."""
        ...
