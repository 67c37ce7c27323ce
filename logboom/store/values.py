"""What is a store given, and what does it answer?"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from msgspec import UNSET, Struct, UnsetType

from logboom.event import Event, decode_json, encode_event, is_slow
from logboom.head import Head, head_of
from logboom.query.model import Query


class Document(Struct, eq=False, gc=False):
    """An event that is ready to be stored. A struct: one is made for every event, in a fifth of the time.

    Attributes:
        id: Its `event.id`; a store never holds two documents with one id in one day.
        day: The UTC day whose index it goes to.
        value: The normalised event as one line of JSON in UTF-8, as `encode_event` writes it.
    """

    id: str
    day: date
    value: bytes
    _head: Head | UnsetType | None = UNSET

    __hash__ = None  # type: ignore[assignment] # as any value that may change

    def __eq__(self, other: object) -> bool:
        """Equal to the same event with the same id, on the same day."""
        if not isinstance(other, Document):
            return NotImplemented
        return (self.id, self.day, self.value) == (other.id, other.day, other.value)

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


PAGE_BYTES = 64 * 2**20
"""Of a page's events together: they are in memory until they are sent."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page that is asked for.

    Attributes:
        limit: Events on the page, at least 0.
        cursor: What the page before gave, or None for the first one. Query, times and order must
            be the same for all pages.
        count_limit: Count exactly up to this many matches.
        max_bytes: The page ends before its events are larger than this together, as they are stored;
            but it has one.
    """

    query: Query
    times: TimeRange = TimeRange()
    limit: int = 100
    order: SortOrder = SortOrder.DESC
    cursor: str | None = None
    count_limit: int = 10_000
    max_bytes: int = PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer.

    Attributes:
        events: As stored, in the order asked for.
        total: Matches on all pages together.
        cursor: Opaque; None when this is the last page. A page that took too long may have one, and
            no events.
        partial: True when some part of the store did not answer in time.
        warnings: What the reader should know, one sentence each.
        lost: Those of the warnings that tell of events which no later page has either.
    """

    events: Sequence[Event]
    total: Count
    cursor: str | None
    partial: bool = False
    warnings: Sequence[str] = ()
    lost: Sequence[str] = ()


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
    """Counts over time, a column each: an answer may have thousands of stretches.

    Attributes:
        interval_us: Width of a stretch.
        starts_us: Where each begins, µs since the epoch: ascending, without gaps from the first to the
            last match.
        counts: Of each stretch.
        by: The same of each value of the field that they are split by, the most frequent one first.
        partial: True when not all matches were counted: it took too long.
    """

    interval_us: int
    starts_us: Sequence[int]
    counts: array[int]
    by: Mapping[str, array[int]] = field(default_factory=dict)
    partial: bool = False

    @classmethod
    def empty(cls, interval_us: int, *, partial: bool = False) -> Histogram:
        """Nothing was found."""
        return cls(interval_us, (), array("Q"), partial=partial)

    @property
    def buckets(self) -> list[Bucket]:
        """The same stretch by stretch; values that do not occur in one are left out there."""
        return [
            Bucket(start, count, {value: some[row] for value, some in self.by.items() if some[row]})
            for row, (start, count) in enumerate(zip(self.starts_us, self.counts, strict=True))
        ]


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
        complete: False when there are more matches, or none of them could be looked through.
    """

    rows: Sequence[FieldUse]
    total: int
    sampled: int
    complete: bool


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
