"""How is a day dropped, archived and restored so that a crash at any moment loses and doubles nothing?

For each act the order of durable steps is: what is to replace the day (the archive, read back and
compared), the record of the removal, the deletion, the end of the record. Whatever was begun is
finished by doing it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from logboom.archive import files, forgiven, places, removals
from logboom.archive.manifest import DELETED, Manifest
from logboom.archive.places import Found
from logboom.archive.removals import Removal
from logboom.clock import Clock, utc_text
from logboom.config import RetentionSection
from logboom.errors import DayChanged, StoreDamaged, StoreRefused
from logboom.head import lenient_head
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.state import State
from logboom.store import Day, Outcome, Rejected, Store, StoreWriter

log = logging.getLogger("logboom.days")

_TRIES = 5
_NEVER = -1
"""Events that no day has."""

_HELD = "days-held"
_HELD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of restoring an archive.

    Attributes:
        stored: Events that the store did not have.
        duplicates: Events that it had already.
    """

    stored: int
    duplicates: int


class DayWork:
    """What can be done to days. For the process that writes to the store.

    Args:
        store: Has the days.
        writer: Gives what is written with; raises StoreUnavailable while there is none.
        state: Remembers what was removed.
        section: Says where archives are.
        data: The data folder; what is deleted without archives waits there.
        clock: For times.
    """

    def __init__(
        self, store: Store, writer: Callable[[], StoreWriter], state: State,
        section: RetentionSection, data: Path, clock: Clock,
    ) -> None:  # fmt: skip
        self._store = store
        self._writer = writer
        self._state = state
        self._gone = GoneDays(state)
        self._section = section
        self._clock = clock
        self.archives = archive_folder(section, data)
        self.deleted = self.archives / DELETED

    async def drop(self, day: date) -> int:
        """Deletes a day from the store; gives the events that it had.

        Raises:
            StoreRefused: There is no such day, or it is today's.
            DayChanged: It is written to again and again.
            LogboomError: It cannot be done now; do it again.
        """
        self._refuse_today(day)
        for last in _tries():
            found = await self._day(day)
            runs = await self._runs(day)
            now_ns = self._clock.now_ns()
            removal = Removal(day, uuid4().hex, "removing", found.documents, runs, now_ns)
            if await self._remove(removal, last=last):
                log.info("the day %s was dropped: %d events", day, found.documents)
                return found.documents
        raise AssertionError("the last try returns or raises")

    async def archive(self, day: date, folder: Path | None = None) -> Manifest:
        """Moves a day into an archive.

        Args:
            day: Which one.
            folder: Where to; by default where archives are.

        Raises:
            StoreRefused: There is no such day, or it is today's.
            DiskFull: There is no room for the archive; the day is untouched.
            ArchiveDamaged: The archive cannot be read back; the day is untouched.
            LogboomError: It cannot be done now; do it again.
        """
        if folder is not None and folder != self.archives:
            await places.remember(self._state, folder)
        return await self._archive(day, folder or self.archives, delete_after=None)

    async def find_archives(self, folder: Path | None = None) -> Found:
        """The archives that there are.

        Args:
            folder: Only those in here, or a manifest; by default in all places where archives were put.

        Raises:
            ArchiveDamaged: The manifest that was named cannot be read.
            StateError: The places cannot be found out.
        """
        others = await places.remembered(self._state) if folder is None else []
        return await asyncio.to_thread(places.find, folder or self.archives, others)

    async def delete(self, day: date, grace: timedelta) -> Manifest | None:
        """Deletes a day; for the time of grace, an archive of it waits in the folder of deleted ones.

        Raises:
            LogboomError: As `archive` and `drop`.
        """
        if not grace:
            await self.drop(day)
            return None
        return await self._archive(day, self.deleted, delete_after=self._after(grace))

    def delete_archive(self, manifest: Manifest, grace: timedelta) -> None:
        """Deletes an archive, likewise."""
        if grace:
            files.move(manifest, self.deleted, delete_after=self._after(grace))
        else:
            files.delete(manifest)

    async def restore(self, manifest: Manifest) -> Restored:
        """Brings an archive's events back under their old ids; again, nothing is doubled.

        The day is held: retention leaves it alone for a week.

        Raises:
            ArchiveDamaged: The archive is not what its manifest says; nothing was written.
            StoreRefused: The store refuses some of the events.
            LogboomError: It cannot be done now; do it again.
        """
        await asyncio.to_thread(files.check, manifest)
        until = self._clock.now_ns() + int(_HELD_FOR.total_seconds() * 1e9)
        await self._state.put(_HELD, manifest.day.isoformat(), {"until_ns": until})
        for removal in await self._removals_of(manifest):
            await removals.save(self._state, replace(removal, phase="restoring"))
        counts = Counter[Outcome]()
        writer = self._writer()
        pieces = files.read_documents(manifest)
        while documents := await asyncio.to_thread(next, pieces, None):
            answers = await writer.write(documents)
            refused = next((one for one in answers if isinstance(one, Rejected)), None)
            if refused is not None:
                raise StoreRefused(
                    f"an event of the archive is refused: {refused.reason}",
                    where=str(manifest.data),
                )
            counts.update(answer for answer in answers if isinstance(answer, Outcome))
        await Marks(self._state).mark_day(manifest.day)  # its rates, in a store that has none
        for removal in await self._removals_of(manifest):
            await removals.forget(self._state, removal)
        await forgiven.take_back(self._state, manifest.day)
        if not await removals.all_removals(self._state, manifest.day):
            await self._gone.forget(manifest.day)  # its rates are worked out of all of its events
        if manifest.folder == self.deleted:
            await asyncio.to_thread(files.delete, manifest)
        done = Restored(counts[Outcome.STORED], counts[Outcome.DUPLICATE])
        log.info(
            "the day %s was restored: %d events, and %d were there already",
            manifest.day, done.stored, done.duplicates,
        )  # fmt: skip
        return done

    async def held(self) -> set[date]:
        """Days that were restored lately: retention leaves them alone."""
        now_ns = self._clock.now_ns()
        records = await self._state.list(_HELD)
        return {date.fromisoformat(one.key) for one in records if one.value["until_ns"] > now_ns}

    async def finish(self) -> None:
        """Finishes what a crash has interrupted between a removal's record and its end."""
        days = {one.day: one for one in await self._store.days()}
        for removal in await removals.all_removals(self._state):
            if removal.phase == "removing":
                await self._finish(removal, days.get(removal.day))

    async def _finish(self, removal: Removal, day: Day | None) -> None:
        """The deletion was done when the day is gone; else the removal did not take place.

        It may have stopped all writes to the day, and not have come to let them go on: a deletion that is
        refused does.
        """
        if day is not None and day.documents >= removal.events:
            with suppress(DayChanged):
                await self._store.drop_day(removal.day, expected=_NEVER)
            await removals.forget(self._state, removal)
        else:
            await self._gone.note(removal.day)
            await removals.save(self._state, replace(removal, phase="removed"))

    async def _archive(self, day: date, folder: Path, *, delete_after: str | None) -> Manifest:
        self._refuse_today(day)
        for last in _tries():
            await self._store.check_droppable(day)
            made = await self._write(day, folder, delete_after)
            now_ns = self._clock.now_ns()
            removal = Removal(day, uuid4().hex, "removing", made.events, made.runs, now_ns)
            if await self._remove(removal, last=last):
                log.info("the day %s was archived: %d events in %s", day, made.events, made.data)
                return made
            await asyncio.to_thread(files.delete, made)
        raise AssertionError("the last try returns or raises")

    async def _write(self, day: date, folder: Path, delete_after: str | None) -> Manifest:
        """Writes and checks the archive of a day; nothing is left of one that fails."""
        found = await self._day(day)
        async with _archive_writer(folder, found) as writer:
            async for documents in self._store.read_day(day):
                await asyncio.to_thread(writer.add, documents)
            created = utc_text(self._clock.now_ns())
            return await asyncio.to_thread(
                lambda: writer.finish(created=created, delete_after=delete_after)
            )

    async def _remove(self, removal: Removal, *, last: bool) -> bool:
        """Deletes a day of which nothing has changed; False when something has.

        Raises:
            DayChanged: The same, at the last try.
        """
        await removals.save(self._state, removal)
        try:
            await self._store.drop_day(removal.day, expected=removal.events)
        except DayChanged:
            await removals.forget(self._state, removal)
            if last:
                raise
            return False
        await self._gone.note(removal.day)
        await removals.save(self._state, replace(removal, phase="removed"))
        return True

    async def _removals_of(self, manifest: Manifest) -> Sequence[Removal]:
        """The removals that an archive undoes: the same events of the same day."""
        known = await removals.all_removals(self._state, manifest.day)
        mine = (dict(manifest.runs), manifest.events)
        return [one for one in known if (dict(one.runs), one.events) == mine][:1]

    async def _day(self, day: date) -> Day:
        await self._store.refresh()
        found = next((one for one in await self._store.days() if one.day == day), None)
        if found is None:
            raise StoreRefused(
                f"there is no day {day}", where=self._store.address, mend="see `logboom days list`"
            )
        return found

    async def _runs(self, day: date) -> dict[str, int]:
        try:
            counted = await self._store.count_by_source(day)
        except StoreDamaged:
            return await self._runs_one_by_one(day)
        return {one.run: one.documents for one in counted}

    async def _runs_one_by_one(self, day: date) -> dict[str, int]:
        """Of a day without an index: those of the events that can be read, up to one that cannot."""
        runs = Counter[str | None]()
        try:
            async for documents in self._store.read_day(day):
                heads = (one.head or lenient_head(one.event) for one in documents)
                runs.update(files.run_of(head) for head in heads)
        except StoreDamaged as error:
            log.warning("not all events of %s that are dropped can be counted: %s", day, error)
        return {run: count for run, count in runs.items() if run is not None}

    def _refuse_today(self, day: date) -> None:
        if day >= today(self._clock):
            raise StoreRefused(
                f"{day} is not over yet: it is still written to", where=self._store.address,
                mend="only days that are over can be dropped or archived",
            )  # fmt: skip

    def _after(self, grace: timedelta) -> str:
        now_ns = self._clock.now_ns() // 10**9 * 10**9
        return utc_text(now_ns + int(grace.total_seconds() * 1e9))


def archive_folder(section: RetentionSection, data: Path) -> Path:
    """Where archives are, and below it those that were deleted."""
    return section.archive_to or data / "archives"


def today(clock: Clock) -> date:
    """The current UTC day."""
    return datetime.fromtimestamp(clock.now_ns() / 1e9, UTC).date()


def _tries() -> Sequence[bool]:
    """True for the last one."""
    return [*[False] * (_TRIES - 1), True]


@asynccontextmanager
async def _archive_writer(folder: Path, day: Day) -> AsyncIterator[files.ArchiveWriter]:
    writer = await asyncio.to_thread(files.ArchiveWriter, folder, day.day, day.name)
    try:
        yield writer
    except BaseException:
        writer.give_up()
        raise
