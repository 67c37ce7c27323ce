"""How does the one process that writes to the embedded store write?"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial

from logboom.clock import Clock
from logboom.errors import (
    DayChanged,
    DiskFull,
    LogboomError,
    StoreDamaged,
    StoreUnavailable,
)
from logboom.store.local.committing import Committer
from logboom.store.local.day_writer import DayWriter, is_behind
from logboom.store.local.dictionaries import Dictionaries
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import for_room
from logboom.store.local.folders import DayFolder, StoreFolder
from logboom.store.local.locking import WriterLock
from logboom.store.local.mending import (
    Mender,
    bring_into_order,
    is_to_mend,
    told_and_tried_again,
)
from logboom.store.local.refused_days import RefusedDays
from logboom.store.unanswered import Unanswered
from logboom.store.values import Document, Outcome, Rejected

_OPEN_DAYS = 8
_LEAST_MEMORY = 15 * 2**20
_IDLE_S = 120.0


_log = logging.getLogger(__name__)


class LocalWriter:
    """The embedded store's `StoreWriter`.

    One thread takes in documents; another has them made visible (`committing.py`).
    """

    at_once = 1
    """See `StoreWriter.at_once`: one thread writes."""

    def __init__(self, folder: StoreFolder, clock: Clock, *, memory_bytes: int) -> None:
        """Takes the lock and brings every day into order; one of which that fails is told, and tried again.

        Raises:
            AlreadyRunning: Another process writes.
            DiskFull: There is no room for the folder.
            OSError: The file system refuses the folder.
        """
        self._folder = folder
        self._clock = clock
        self._memory_bytes = memory_bytes
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            self._lock = WriterLock(folder.path, clock)
        except OSError as error:
            raise for_room(error, folder.path) from error
        self._unanswered = Unanswered()
        self._days: OrderedDict[date, DayWriter] = OrderedDict()
        self._used: dict[date, float] = {}
        self._behind: set[DayFolder] = set()
        self._dictionaries = Dictionaries()
        self._refused = RefusedDays(folder.path, clock)
        self._stopping = threading.Event()
        try:
            self._bring_up_to_date()
        except BaseException:
            self._lock.release()
            raise
        self._changing_days = threading.Lock()
        self._executor = ThreadPoolExecutor(1, "store-write")
        self._mender = Mender(folder)
        self._committer = Committer(
            clock, self._stopping, self._executor,
            opened=self._writers, mend_opened=self._try_to_mend,
            waiting=self._waiting, begin_to_mend=self._begin_to_mend,
        )  # fmt: skip

    async def write(self, documents: Sequence[Document]) -> Sequence[Outcome | Rejected]:
        """Stores documents; see `StoreWriter.write`."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._write, documents
        )

    @property
    def is_closed(self) -> bool:
        """True when it writes no more."""
        return self._stopping.is_set()

    def refuse_mended(self, day: date) -> None:
        """Sees to it that nobody else touches a day that is being brought into order.

        Raises:
            StoreUnavailable: It is.
        """
        if self._mender.day == day:
            raise StoreUnavailable(
                f"the index of {day} is being made anew", where=str(self._folder.path),
                mend="it goes on by itself",
            )  # fmt: skip

    async def drop_day(self, day: date, *, expected: int | None) -> bool:
        """Deletes a day, between two writes; see `Store.drop_day`."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._drop, day, expected
        )

    def _check_open(self) -> None:
        if self._stopping.is_set():
            raise StoreUnavailable("the writer is closed", where=str(self._folder.path))

    async def flush(self) -> None:
        """Makes everything written visible to searches.

        Raises:
            DiskFull: There is no room for an index.
            StoreUnavailable: An index cannot be written, or the disk fails.
        """
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._commit_all)
        except OSError as error:
            where = str(self._folder.path)
            raise StoreUnavailable(f"cannot be written: {error}", where=where) from error

    async def close(self) -> None:
        """Commits and lets go of all resources. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        self._executor.shutdown()

    def _write(self, documents: Sequence[Document]) -> Sequence[Outcome | Rejected]:
        if len({document.day for document in documents}) == 1:
            answers = self._append(documents[0].day, documents)
        else:
            answers = self._append_by_day(documents)
        self._close_idle_days()
        return self._unanswered.settled(documents, answers)

    def _append_by_day(self, documents: Sequence[Document]) -> list[Outcome | Rejected]:
        by_day: dict[date, list[int]] = {}
        for index, document in enumerate(documents):
            by_day.setdefault(document.day, []).append(index)
        answers: dict[int, Outcome | Rejected] = {}
        failures: list[LogboomError] = []
        for day, indices in by_day.items():
            try:
                some = self._append(day, [documents[index] for index in indices])
                answers.update(zip(indices, some, strict=True))
            except LogboomError as error:
                failures.append(error)  # the others are written all the same
        if failures:
            self._unanswered.note_answered(documents, answers)
            raise failures[0]
        return [answers[index] for index in range(len(documents))]

    def _append(self, day: date, documents: Sequence[Document]) -> Sequence[Outcome | Rejected]:
        self._committer.raise_failure()
        try:
            answers = self._append_to(self._day(day), documents)
        except OSError as error:
            return self._refused.answers(day, documents, error)
        self._refused.forget(day)
        return answers

    def _append_to(
        self, writer: DayWriter, documents: Sequence[Document]
    ) -> list[Outcome | Rejected]:
        try:
            return writer.append(documents)
        except StoreDamaged as error:
            _log.error("a day is damaged and set aside: %s", error)
            self._forget(writer)
            self._folder.set_aside(writer.folder)
            return self._day(writer.folder.day).append(documents)
        except (DiskFull, OSError):
            self._forget(writer)  # what reached the disk is found out when the day is opened again
            raise

    def _drop(self, day: date, expected: int | None) -> bool:
        self.refuse_mended(day)
        folder = next((one for one in self._folder.days() if one.day == day), None)
        if folder is None:
            return False
        if expected is not None:
            held = DocumentReader(folder.path).count()
            if held != expected:
                raise DayChanged(f"has {held} events, not {expected}", where=str(folder.path))
        writer = self._days.get(day)
        if writer is not None:
            self._forget(writer)
        self._folder.drop(folder)
        return True

    def _forget(self, writer: DayWriter) -> None:
        with self._changing_days:
            del self._days[writer.folder.day], self._used[writer.folder.day]
        if writer.uncommitted or writer.is_broken:
            self._behind.add(writer.folder)
        writer.close()

    def _forget_lost(self, writer: DayWriter) -> None:
        """Lets go of a day whose files are gone, or others now: what is there is opened anew, or it begins anew."""
        if writer.folder.path.is_dir():  # else the day has been dropped
            _log.error(
                "%s: the file of %d events was removed, cut or replaced while it was written to:"
                " what is there now is opened, and set aside where it is not all that its index knows",
                writer.folder.path, writer.count,
            )  # fmt: skip
        self._forget(writer)
        self._behind.add(writer.folder)

    def _day(self, day: date) -> DayWriter:
        writer = self._days.get(day)
        if writer is not None and not writer.is_current():
            self._forget_lost(writer)
            writer = None
        if writer is None:
            self.refuse_mended(day)
            self._make_room()
            writer = self._open(day)
            with self._changing_days:
                self._days[day] = writer
        with self._changing_days:
            self._days.move_to_end(day)
        self._used[day] = self._clock.monotonic()
        return writer

    def _close_idle_days(self) -> None:
        """Gives back the memory of days that get no more events."""
        idle_since = self._clock.monotonic() - _IDLE_S
        for writer in list(self._days.values()):
            if self._used[writer.folder.day] < idle_since and not writer.uncommitted:
                self._forget(writer)

    def _open(self, day: date) -> DayWriter:
        folder = next((one for one in self._folder.days() if one.day == day), None)
        if folder is None:
            folder = self._folder.create(day)
        try:
            return self._opened(folder)
        except StoreDamaged as error:
            _log.error("a day is damaged and set aside: %s", error)
            self._folder.set_aside(folder)
            return self._opened(self._folder.create(day))

    def _opened(self, folder: DayFolder, *, memory_bytes: int | None = None) -> DayWriter:
        writer = DayWriter(
            folder, memory_bytes=memory_bytes or self._share(), unanswered=self._unanswered,
            is_stopped=self._stopping.is_set,
        )  # fmt: skip
        self._behind.discard(folder)
        return writer

    def _share(self) -> int:
        """Half of the memory that is left: the day that is written to first has the most."""
        given = sum(writer.memory_bytes for writer in self._days.values())
        return max(_LEAST_MEMORY, (self._memory_bytes - given) // 2)

    def _bring_up_to_date(self) -> None:
        """Indexes what a crash has kept out of the indices, and makes unreadable ones anew."""
        self._folder.finish_drops()
        for folder in self._folder.days():
            try:
                if is_behind(folder) or self._dictionaries.is_lost(folder):
                    bring_into_order(self._folder, folder, self._opened)
            except (DiskFull, StoreUnavailable, OSError) as error:
                _log.warning("the day %s cannot be brought into order: %s", folder.day, error)
                self._behind.add(folder)

    def _make_room(self) -> None:
        while len(self._days) >= _OPEN_DAYS:
            writer = next(iter(self._days.values()))
            writer.commit()
            self._forget(writer)

    def _commit_all(self) -> None:
        """The sound days first: one that stays broken keeps no other from being visible."""
        with ExitStack() as ending:
            ending.callback(self._commit_mended)
            for writer in self._days.values():
                ending.callback(writer.commit)

    def _commit_mended(self) -> None:
        self._mend()
        for writer in self._days.values():
            writer.commit()

    def _writers(self) -> list[DayWriter]:
        """The days that are open; for any thread."""
        with self._changing_days:
            return list(self._days.values())

    def _waiting(self) -> list[DayFolder]:
        """The days to bring into order, whether they are written to or not; in the committing thread."""
        known, is_lost = self._behind, self._dictionaries.is_lost
        days = self._folder.days()
        return [one for one in days if one in known or is_to_mend(one) or is_lost(one)]

    def _begin_to_mend(self, folders: Sequence[DayFolder]) -> None:
        """In the writing thread: so nobody begins to write to the day meanwhile.

        One after the other: a day that cannot be mended keeps no other from it.
        """
        if self._stopping.is_set():
            return  # it was asked for while the writer was closed
        for one in folders:
            with told_and_tried_again():
                if one.day in self._days and self._dictionaries.is_lost(one):
                    self._days[one.day].restore_dictionary()
        free = [one for one in folders if one.day not in self._days]
        younger = [one for one in free if one.day > self._mender.last]
        folder = next(iter(younger or free), None)
        if folder is not None:
            self._mender.begin(folder, partial(self._opened, memory_bytes=self._share()))

    def _try_to_mend(self) -> None:
        with told_and_tried_again():
            self._mend()

    def _mend(self) -> None:
        """Opens the indices that have failed again, lets go of days that are gone; in the writing thread."""
        for writer in list(self._days.values()):
            if not writer.is_current():
                self._forget_lost(writer)
            elif writer.is_broken:
                try:
                    writer.reopen_index()
                except StoreDamaged:
                    self._forget(writer)  # the next write to this day sets it aside
                    raise

    def _close(self) -> None:
        self._committer.join()
        self._mender.close()
        with told_and_tried_again():  # at the next start: the documents are safe
            self._commit_all()
        for writer in self._days.values():
            writer.close()
        self._days.clear()
        self._lock.release()
