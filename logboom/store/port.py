"""What may the services ask of a store, whichever it is?

The values that are asked with and answered (`logboom.store.values`) are part of the port.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Literal, Protocol

from logboom.event import Event
from logboom.query.model import Query
from logboom.rollups import Rollups
from logboom.store.arrivals import Arrivals
from logboom.store.cells import Cell, CellsRequest
from logboom.store.limits import Limit
from logboom.store.values import (
    Count,
    Day,
    Document,
    Facets,
    FieldUses,
    Groups,
    Histogram,
    Outcome,
    Page,
    Rejected,
    SearchRequest,
    SourceCount,
    TimeRange,
)


class StoreWriter(Protocol):
    """The processor's side of a store. At most one per embedded store at a time."""

    @property
    def at_once(self) -> int:
        """How many calls of `write` may be under way at once; more of them would gain nothing."""
        ...

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
        by_size: int = 10, by_values: Collection[str] | None = None, offset_us: int = 0,
    ) -> Histogram:  # fmt: skip
        """Counts matches over time, in stretches that start at multiples of the interval.

        Args:
            interval_us: Width of a stretch, µs.
            by: Stored name of a keyword field to split by, or None.
            by_size: Keep the most frequent values, this many over the whole range.
            by_values: Of these alone, as facets show them, a hundred at most; None: of all.
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

    async def lacking(
        self, query: Query, times: TimeRange, fields: Sequence[str] = ()
    ) -> Sequence[str]:
        """What makes an answer of this store less than whole though all of it has answered.

        Such an answer is not exact, or not complete; the pages of a search tell it themselves.

        Args:
            query: Which events are asked for: only of those that may match is anything told, so
                that a query with limits tells nothing of what is beyond them.
            times: Of which times.
            fields: Stored names of what is counted of them.

        Returns:
            A sentence each; mostly none.

        Raises:
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
            StoreDamaged: That one day cannot be read.
            StoreUnavailable: Ask again later.
        """
        ...

    async def days(self) -> Sequence[Day]:
        """The day indices, ascending.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def editions(self) -> Mapping[str, str]:
        """By the name of each day index what tells it from another one of the same name.

        A day that was dropped and came again has another edition, whatever it holds; what is written
        to a day changes nothing.

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

    async def check_droppable(self, day: date) -> None:
        """Looks whether a day may be dropped: for what is costly to prepare, and in vain where it may not.

        Raises:
            StoreUnavailable: Not now; try again.
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

    async def reach(self) -> None:
        """Looks whether the store answers at all, by the cheapest question there is.

        Raises:
            StoreUnavailable: It does not.
            StoreRefused: It does, and refuses us.
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
