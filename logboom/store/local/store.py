"""The embedded store, as the rest of logboom sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Literal, TypeVar

from logboom.clock import Clock
from logboom.config import Config, LocalStoreSection
from logboom.errors import StoreDamaged, StoreUnavailable
from logboom.event import Event
from logboom.query.model import MatchAll, Query, Term
from logboom.rollups import Rollups
from logboom.store.aggregations import Aggregated, Aggregation
from logboom.store.arrivals import Arrivals
from logboom.store.cells import Cell, CellsRequest
from logboom.store.divisions import Grouping, Interval
from logboom.store.limits import Limit
from logboom.store.local import counting
from logboom.store.local.aggregating import aggregate
from logboom.store.local.arrivals import LocalArrivals
from logboom.store.local.cells import measured
from logboom.store.local.day_documents import documents_of
from logboom.store.local.days import Days
from logboom.store.local.facets import facets
from logboom.store.local.fields import fields
from logboom.store.local.folders import DayFolder, StoreFolder
from logboom.store.local.grouping import groups
from logboom.store.local.lacking import lacking
from logboom.store.local.lagging import Lagging
from logboom.store.local.locking import is_written_to
from logboom.store.local.looking import days_of, get_event, search_page
from logboom.store.local.rollups import LocalRollups
from logboom.store.local.soundness import panics_told, speaks_of_damage
from logboom.store.local.translate import Translator
from logboom.store.local.troubles import troubles_of
from logboom.store.local.writer import LocalWriter
from logboom.store.port import StoreWriter
from logboom.store.values import (
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
    TimeRange,
)

_SEARCHES_AT_ONCE = 4
_MEASURED_AT_ONCE = 2
_SHARE_FOR_MEASURING = 3.0
"""Of the patience with a search: no user waits for it."""

_SHARE_FOR_FIELDS = 0.2
"""Of the patience with a search; after that a sample stands for all."""

_REFRESH_PATIENCE_S = 10.0
_REFRESH_POLL_S = 0.02

_T = TypeVar("_T")


class LocalStore:
    """The store in a folder of this machine. Searches, rules and checks have threads of their own each."""

    kind: Literal["local"] = "local"

    def __init__(
        self, folder: StoreFolder, clock: Clock, *, writer_memory_bytes: int,
        patience_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._clock = clock
        self._writer_memory_bytes = writer_memory_bytes
        self._patience_s = patience_s
        self._days = Days(folder)
        self._lagging = Lagging(clock)
        self._translator = Translator()
        self._executor = ThreadPoolExecutor(_SEARCHES_AT_ONCE, "store-search")
        self._measuring = ThreadPoolExecutor(_MEASURED_AT_ONCE, "store-measure")
        self._checking = ThreadPoolExecutor(1, "store-check")
        self._arrivals = LocalArrivals(folder, self._run)
        self._rollups = LocalRollups(folder.path, self._days, self._translator, self._ask)
        self._writer: LocalWriter | None = None

    @property
    def address(self) -> str:
        """The store's folder."""
        return str(self._folder.path)

    @property
    def rollups(self) -> Rollups:
        """The rates per minute, five minutes and hour."""
        return self._rollups

    @property
    def arrivals(self) -> Arrivals:
        """The documents in the order in which they were stored."""
        return self._arrivals

    async def writer(self) -> StoreWriter:
        """Opens the store for writing; see `Store.writer`."""
        writer = await self._run(
            lambda: LocalWriter(self._folder, self._clock, memory_bytes=self._writer_memory_bytes)
        )
        self._writer = writer
        return writer

    async def search(self, request: SearchRequest) -> Page:
        """Finds events; see `Store.search`."""
        return await self._ask(
            lambda: search_page(
                self._days.view(),
                self._translator.translate(request.query),
                request,
                self._lateness(),
            )
        )

    async def count(self, query: Query, times: TimeRange) -> Count:
        """Counts matches, exactly unless that takes too long, or a day cannot be read."""

        def counted() -> Count:
            view, is_late = self._days.view(), self._lateness()
            if isinstance(query, MatchAll):
                found = counting.count_all(view.days, times, is_late)
            else:
                translated = self._translator.translate(query)
                found = counting.count(view.days, translated, times, is_late)
            return Count(found.value, exact=found.exact and not view.misses(times))

        return await self._ask(counted)

    async def histogram(
        self, query: Query, times: TimeRange, *, interval_us: int, by: str | None,
        by_size: int = 10, by_values: Collection[str] | None = None, offset_us: int = 0,
    ) -> Histogram:  # fmt: skip
        """Counts matches over time; see `Store.histogram`."""
        interval = Interval(interval_us, by, by_size, offset_us, by_values)

        def counted() -> Histogram:
            view = self._days.view()
            found = counting.histogram(
                view.days,
                self._translator.translate(query),
                times,
                interval,
                self._lateness(),
                lambda label: self._translator.translate(Term(by or "", label)),
            )
            lacks = view.misses(times) or bool(by and self._lacking(query, times, [by]))
            return replace(found, partial=found.partial or lacks)

        return await self._ask(counted)

    async def groups(
        self, query: Query, times: TimeRange, *, field: str, by: str | None = None,
        size: int = 1000, by_size: int = 10,
    ) -> Groups:  # fmt: skip
        """Groups matches by the values of a field; see `Store.groups`."""
        grouping = Grouping(field, by, size, by_size)

        def grouped() -> Groups:
            view = self._days.view()
            found = groups(view.days, self._translator.translate(query), times, grouping)
            return replace(found, complete=found.complete and not view.misses(times))

        return await self._ask(grouped)

    async def aggregate(
        self, query: Query, times: TimeRange, wanted: Sequence[Aggregation]
    ) -> Aggregated:
        """Sums up matches; see `Aggregating.aggregate`."""

        def summed() -> Aggregated:
            view, translated = self._days.view(), self._translator.translate(query)
            found = aggregate(view.days, translated, times, wanted, self._lateness())
            return replace(found, complete=found.complete and not view.misses(times))

        return await self._ask(summed)

    async def facets(
        self, query: Query, times: TimeRange, *, fields: Sequence[str], size: int = 10
    ) -> Facets:
        """Counts the most frequent values of fields; see `Store.facets`."""

        def counted() -> Facets:
            view = self._days.view()
            asked = None if isinstance(query, MatchAll) else self._translator.translate(query)
            found = facets(view.days, asked, times, fields, size, self._lateness())
            return replace(found, complete=found.complete and not view.misses(times))

        return await self._ask(counted)

    async def lacking(
        self, query: Query, times: TimeRange, fields: Sequence[str] = ()
    ) -> Sequence[str]:
        """The attributes whose values are found, but not counted; see `Store.lacking`."""
        return await self._ask(lambda: self._lacking(query, times, fields)) if fields else ()

    async def fields(
        self, query: Query, times: TimeRange, *, prefix: str = "", size: int = 200
    ) -> FieldUses:
        """The fields that matches have; see `Store.fields`."""
        return await self._ask(
            lambda: fields(
                self._days.view(), self._translator, query, times, prefix=prefix, size=size,
                is_late=self._lateness(_SHARE_FOR_FIELDS),
                is_half_over=self._lateness(_SHARE_FOR_FIELDS / 2),
            )
        )  # fmt: skip

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and measures matches over time and by values; see `Store.cells`."""
        return await self._ask(
            lambda: measured(
                self._days.view().all_of(TimeRange(request.start_us, request.end_us)),
                self._translator.translate(request.query),
                request,
                self._lateness(_SHARE_FOR_MEASURING),
            ),
            self._measuring,
        )

    async def get(self, event_id: str) -> Event | None:
        """One event by its id, or None: then it is in no day, those included that cannot be read.

        Raises:
            StoreUnavailable: It is in no day that can be read, and there are others.
        """

        def found() -> Event | None:
            view = self._days.view()
            event = get_event(view, event_id)
            if event is None and view.warnings:
                raise StoreUnavailable("; ".join(view.warnings))
            return event

        return await self._ask(found)

    async def count_by_source(self, day: date | None = None) -> Sequence[SourceCount]:
        """What the store holds, by run of a source and by day; see `Store.count_by_source`."""

        def counted() -> Sequence[SourceCount]:
            view = self._days.view()
            if day in view.unreadable:
                raise StoreDamaged("; ".join(view.warnings), where=self.address)
            return counting.by_source([one for one in view.days if day in (None, one.folder.day)])

        return await self._ask(counted)

    async def days(self) -> Sequence[Day]:
        """The day indices, ascending."""
        return await self._ask(lambda: days_of(self._days.view(), self._folder.days()))

    async def editions(self) -> Mapping[str, str]:
        """When each day's folder was made, and which one it is; see `Store.editions`."""
        return await self._ask(self._folder.editions)

    async def read_day(self, day: date) -> AsyncIterator[Sequence[Document]]:
        """All documents of a day in the order in which they came; see `Store.read_day`."""
        pieces = await self._run(lambda: documents_of(self._folder, day))
        while piece := await self._run(lambda: next(pieces, ())):
            yield piece

    async def check_droppable(self, day: date) -> None:
        """Looks whether a day may be dropped; see `Store.check_droppable`."""
        if self._writer is not None and not self._writer.is_closed:
            self._writer.refuse_mended(day)

    async def drop_day(self, day: date, *, expected: int | None = None) -> bool:
        """Deletes a day; see `Store.drop_day`."""
        if self._writer is not None and not self._writer.is_closed:
            return await self._writer.drop_day(day, expected=expected)
        if not self._folder.path.is_dir():
            return False
        writer = await self.writer()
        try:
            return await self.drop_day(day, expected=expected)
        finally:
            await writer.close()

    async def troubles(self) -> Sequence[str]:
        """What is wrong with single days, a sentence each."""
        return await self._ask(
            lambda: troubles_of(self._days.view(), self._folder, self._lagging), self._checking
        )

    async def limits(self) -> Sequence[Limit]:
        """None: days have as many fields as they need, and the disk is looked at by others."""
        return ()

    async def refresh(self) -> None:
        """Makes everything written so far visible to searches.

        Raises:
            StoreUnavailable: The process that writes does not get on with it.
        """
        if self._writer is not None and not self._writer.is_closed:
            await self._writer.flush()
            return
        behind = await self._ask(self._behind)
        deadline = self._clock.monotonic() + _REFRESH_PATIENCE_S
        while behind := await self._ask(partial(self._still_behind, behind)):
            if self._clock.monotonic() > deadline:
                raise StoreUnavailable(
                    "what was written is still not visible to searches", where=self.address
                )
            await asyncio.sleep(_REFRESH_POLL_S)

    async def reach(self) -> None:
        """Looks whether the disk answers; see `Store.reach`."""
        await self._ask(self._folder.path.exists, self._checking)

    async def check(self) -> str:
        """Says how many days there are, and which cannot be read."""
        count = len((await self._ask(self._days.view, self._checking)).days)
        sentence = f"embedded store with {count} day{'' if count == 1 else 's'} in {self.address}"
        return "; ".join([sentence, *await self.troubles()])

    async def close(self) -> None:
        """Lets go of all resources. Idempotent."""
        await self._rollups.close()
        self._executor.shutdown(wait=True)
        self._measuring.shutdown(wait=True)
        self._checking.shutdown(wait=True)
        self._days.close()

    def _lacking(self, query: Query, times: TimeRange, fields: Sequence[str]) -> list[str]:
        return lacking(self._days.view().days, self._translator.translate(query), times, fields)

    def _behind(self) -> dict[DayFolder, int]:
        """Days of which searches do not see all, with the number that they hold now."""
        days = self._days.view().days
        held = {day.folder: day.documents.count() for day in days}
        return {one.folder: n for one in days if one.searcher.num_docs < (n := held[one.folder])}

    def _still_behind(self, behind: dict[DayFolder, int]) -> dict[DayFolder, int]:
        """Those of which searches do not see so many yet; none when nobody is there to index more of them."""
        left = {one: n for one, n in behind.items() if self._days.visible(one, else_=n) < n}
        return left if left and is_written_to(self._folder.path) else {}

    def _lateness(self, share: float = 1.0) -> Callable[[], bool]:
        """Begins to count the time of a search; gives what says whether it has taken too long."""
        deadline = self._clock.monotonic() + self._patience_s * share
        return lambda: self._clock.monotonic() > deadline

    async def _ask(self, work: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Does what only looks, in a thread. A day that turns out to be spoilt keeps no other from answering.

        Raises:
            StoreUnavailable: The file system refuses.
        """
        return await self._run(lambda: self._answer(work), executor)

    def _answer(self, work: Callable[[], _T]) -> _T:
        is_first = True
        while True:
            known = self._days.spoilt
            try:
                with panics_told():
                    return work()
            except ValueError as error:
                if not speaks_of_damage(error):
                    raise
                if not self._days.find_spoilt(known):  # unless it is being made anew already
                    if not is_first:
                        raise
                    is_first = False

    async def _run(self, work: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Does work in a thread: in one of those for searches, or of others.

        Raises:
            StoreUnavailable: The file system refuses.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(
                executor or self._executor, work
            )
        except OSError as error:
            raise StoreUnavailable(f"cannot be read: {error}", where=self.address) from error


def open_local(section: LocalStoreSection, config: Config, clock: Clock) -> LocalStore:
    """The embedded store that a configuration names; its folder need not exist yet."""
    folder = StoreFolder(config.data / "store", config.index)
    patience_s = config.api.searches.timeout.total_seconds()
    return LocalStore(
        folder, clock, writer_memory_bytes=section.writer_memory, patience_s=patience_s
    )
