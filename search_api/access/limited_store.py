"""What does a store look like to those who may see some of it?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from logboom.errors import NotAllowed
from logboom.event import Event
from logboom.query.memory import compile_query
from logboom.query.model import MatchAll, Query
from logboom.rollups import Rollups, Room, Row, Tier
from logboom.store import (
    Count,
    Day,
    Document,
    Facets,
    FieldUses,
    Groups,
    Histogram,
    Page,
    SearchRequest,
    SourceCount,
    Store,
    StoreWriter,
    TimeRange,
)
from logboom.store.aggregations import Aggregated, Aggregating, Aggregation
from logboom.store.arrivals import Arrivals
from logboom.store.cells import Cell, CellsRequest
from logboom.store.limits import Limit
from search_api.access.limiting import SERVICES, limited, sees

_EPOCH = date(1970, 1, 1).toordinal()
_ONE_DAY, _DAY_US = timedelta(days=1), 86_400_000_000


def limited_store(store: Store) -> Store:
    """A store of which each caller sees what they may.

    Args:
        store: Has all events.
    """
    if isinstance(store, Aggregating):
        return _LimitedAggregatingStore(store, store)
    return LimitedStore(store)


def _refuse_limited(what: str) -> None:
    if SERVICES.get() is not None:
        raise NotAllowed(f"{what}: that is not for callers who are limited to services")


def _start_us(day: date) -> int:
    return (day.toordinal() - _EPOCH) * _DAY_US


class LimitedRollups:
    """Rollups as far as the caller may see them; see `Rollups`."""

    def __init__(self, rollups: Rollups) -> None:
        self._rollups = rollups

    async def rows(
        self, tier: Tier, start_us: int, end_us: int, *, service: str | None = None
    ) -> Sequence[Row]:
        """The rows of services that the caller sees."""
        services = SERVICES.get()
        if service is not None and not sees(service):
            return []
        rows = await self._rollups.rows(tier, start_us, end_us, service=service)
        if services is None:
            return rows
        seen = {name: sees(name) for name in {row.service for row in rows}}
        return [row for row in rows if seen[row.service]]

    async def summarise(self, start_us: int, end_us: int) -> Sequence[Row]:
        """Not for callers who are limited."""
        _refuse_limited("rollups of everything")
        return await self._rollups.summarise(start_us, end_us)

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        """Not for callers who are limited."""
        _refuse_limited("keeping rollups")
        await self._rollups.keep(tier, rows)

    async def rooms(self) -> Sequence[Room]:
        """Not for callers who are limited."""
        _refuse_limited("where rollups are kept")
        return await self._rollups.rooms()

    async def expire(self, tier: Tier, before_us: int) -> None:
        """Not for callers who are limited."""
        _refuse_limited("forgetting rollups")
        await self._rollups.expire(tier, before_us)


class LimitedStore:
    """A store of which each caller sees what they may; see `Store`.

    Args:
        store: Has all events.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rollups = LimitedRollups(store.rollups)

    @property
    def kind(self) -> Literal["local", "elasticsearch"]:
        """Of the store behind it."""
        return self._store.kind

    @property
    def address(self) -> str:
        """Of the store behind it."""
        return self._store.address

    @property
    def rollups(self) -> Rollups:
        """As far as the caller may see them."""
        return self._rollups

    async def search(self, request: SearchRequest) -> Page:
        """Finds events of the caller's services."""
        return await self._store.search(replace(request, query=limited(request.query)))

    async def count(self, query: Query, times: TimeRange) -> Count:
        """Counts them."""
        return await self._store.count(limited(query), times)

    async def histogram(
        self, query: Query, times: TimeRange, *, interval_us: int, by: str | None,
        by_size: int = 10, by_values: Collection[str] | None = None, offset_us: int = 0,
    ) -> Histogram:  # fmt: skip
        """Counts them over time."""
        return await self._store.histogram(
            limited(query), times, interval_us=interval_us, by=by, by_size=by_size,
            by_values=by_values, offset_us=offset_us,
        )  # fmt: skip

    async def groups(
        self, query: Query, times: TimeRange, *, field: str, by: str | None = None,
        size: int = 1000, by_size: int = 10,
    ) -> Groups:  # fmt: skip
        """Groups them."""
        return await self._store.groups(
            limited(query), times, field=field, by=by, size=size, by_size=by_size
        )

    async def facets(
        self, query: Query, times: TimeRange, *, fields: Sequence[str], size: int = 10
    ) -> Facets:
        """Counts their values."""
        return await self._store.facets(limited(query), times, fields=fields, size=size)

    async def lacking(
        self, query: Query, times: TimeRange, fields: Sequence[str] = ()
    ) -> Sequence[str]:
        """Tells what an answer about them lacks."""
        return await self._store.lacking(limited(query), times, fields)

    async def fields(
        self, query: Query, times: TimeRange, *, prefix: str = "", size: int = 200
    ) -> FieldUses:
        """Tells which fields they have."""
        return await self._store.fields(limited(query), times, prefix=prefix, size=size)

    async def get(self, event_id: str) -> Event | None:
        """One of them, or None."""
        event, only = await self._store.get(event_id), limited(MatchAll())
        return event if event is not None and compile_query(only)(event) else None

    @property
    def arrivals(self) -> Arrivals | None:
        """None: tails, which limit their questions themselves, are given the store behind it."""
        return None

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Measures them."""
        return await self._store.cells(replace(request, query=limited(request.query)))

    async def writer(self) -> StoreWriter:
        """Not for callers who are limited."""
        _refuse_limited("writing")
        return await self._store.writer()

    async def count_by_source(self, day: date | None = None) -> Sequence[SourceCount]:
        """Not for callers who are limited."""
        _refuse_limited("counts by source")
        return await self._store.count_by_source(day)

    async def days(self) -> Sequence[Day]:
        """Which days there are; to callers who are limited, those with events that they see.

        Not how much these have.
        """
        days = await self._store.days()
        if SERVICES.get() is None or not days:
            return days
        first_us, end_us = (_start_us(one) for one in (days[0].day, days[-1].day + _ONE_DAY))
        counted = await self.histogram(
            MatchAll(), TimeRange(first_us, end_us), interval_us=_DAY_US, by=None
        )
        seen = {bucket.start_us for bucket in counted.buckets if bucket.count}
        return [
            replace(one, documents=0, size_bytes=0) for one in days if _start_us(one.day) in seen
        ]

    def read_day(self, day: date) -> AsyncIterator[Sequence[Document]]:
        """Not for callers who are limited."""
        _refuse_limited("whole days")
        return self._store.read_day(day)

    async def check_droppable(self, day: date) -> None:
        """Not for callers who are limited."""
        _refuse_limited("dropping days")
        await self._store.check_droppable(day)

    async def drop_day(self, day: date, *, expected: int | None = None) -> bool:
        """Not for callers who are limited."""
        _refuse_limited("dropping days")
        return await self._store.drop_day(day, expected=expected)

    async def editions(self) -> Mapping[str, str]:
        """What tells day indices from others; for comparing alone."""
        return await self._store.editions()

    async def troubles(self) -> Sequence[str]:
        """What is wrong with single days."""
        return await self._store.troubles()

    async def limits(self) -> Sequence[Limit]:
        """What the store takes only so much of."""
        return await self._store.limits()

    async def refresh(self) -> None:
        """Makes everything written so far visible to searches."""
        await self._store.refresh()

    async def reach(self) -> None:
        """Looks whether the store behind it answers."""
        await self._store.reach()

    async def check(self) -> str:
        """A sentence about the store behind it."""
        return await self._store.check()

    async def close(self) -> None:
        """Leaves the store to those who opened it."""


class _LimitedAggregatingStore(LimitedStore):
    """One that can also sum up."""

    def __init__(self, store: Store, aggregating: Aggregating) -> None:
        super().__init__(store)
        self._aggregating = aggregating

    async def aggregate(
        self, query: Query, times: TimeRange, wanted: Sequence[Aggregation]
    ) -> Aggregated:
        """Sums up the events of the caller's services; see `Aggregating.aggregate`."""
        return await self._aggregating.aggregate(limited(query), times, wanted)
