"""Which days can be read right now?"""

from __future__ import annotations

import errno
import logging
import threading
from dataclasses import dataclass
from datetime import date

from logboom.errors import StoreDamaged, StoreUnavailable
from logboom.store.local.day_reader import (
    DayReader,
    IndexState,
    Snapshot,
    index_state,
    is_gone,
    refuse_unfinished,
)
from logboom.store.local.folders import DayFolder, StoreFolder
from logboom.store.local.soundness import TERMS, first_spoilt, is_lost, is_unfinished, mark
from logboom.store.local.times import DAY_US, day_start_us
from logboom.store.values import TimeRange

log = logging.getLogger("logboom.store")

_TRIES = 3
"""An index that is not there may be there the next moment, made anew."""

_NOT_OF_A_DAY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What no file is to blame for."""

_MADE_ANEW = "a processor makes it anew by itself; where none runs, start one"


@dataclass(frozen=True, slots=True)
class View:
    """The whole store as it was at one moment.

    Attributes:
        days: Ascending.
        warnings: Days that cannot be read, a sentence each.
        unreadable: The same days.
        may_miss_strays: One of them may hold events of other days' times.
    """

    days: tuple[Snapshot, ...]
    warnings: tuple[str, ...]
    unreadable: frozenset[date] = frozenset()
    may_miss_strays: bool = False

    def misses(self, times: TimeRange) -> bool:
        """True when events of these times may be in a day that cannot be read."""
        if self.may_miss_strays:
            return True
        starts_us = [day_start_us(day) for day in self.unreadable]
        return any(
            (times.end_us is None or start_us < times.end_us)
            and (times.start_us is None or times.start_us < start_us + DAY_US)
            for start_us in starts_us
        )

    def all_of(self, times: TimeRange) -> tuple[Snapshot, ...]:
        """The days, no event of these times left out.

        Raises:
            StoreUnavailable: One that may have some cannot be read: numbers of a part would look like
                those of the whole.
        """
        if self.misses(times):
            raise StoreUnavailable("; ".join(self.warnings))
        return self.days


class Days:
    """Keeps the days open for reading. For many threads."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._readers: dict[DayFolder, DayReader] = {}
        self._sound: dict[DayFolder, IndexState] = {}
        self._spoilt: dict[DayFolder, tuple[IndexState, str]] = {}
        self._refused: dict[DayFolder, str] = {}
        self._without_strays: set[DayFolder] = set()
        self._changing = threading.Lock()
        self._looking = threading.Lock()

    def view(self) -> View:
        """Takes a snapshot of every day, the latest commits included.

        Raises:
            OSError: The file system refuses, whichever day it is.
        """
        days: list[Snapshot] = []
        warnings: dict[date, str] = {}
        may_miss_strays = False
        folders = self._folder.days()
        self._forget_all_but(folders)
        for folder in folders:
            try:
                snapshot = self._snapshot(folder)
            except (StoreDamaged, OSError) as error:
                if isinstance(error, OSError) and error.errno in _NOT_OF_A_DAY:
                    raise
                self._forget(folder)
                self._look_through(folder)
                warnings[folder.day] = f"the day {folder.day} cannot be read: {error}"
                may_miss_strays |= folder not in self._without_strays
            else:
                days += [] if snapshot is None else [snapshot]
        return View(tuple(days), tuple(warnings.values()), frozenset(warnings), may_miss_strays)

    def _snapshot(self, folder: DayFolder) -> Snapshot | None:
        """A day; None when it has been dropped, or is not finished yet.

        Raises:
            StoreDamaged: It cannot be read.
        """
        for _ in range(_TRIES):
            try:
                self._refuse_spoilt(folder)
                return self._reader(folder).snapshot()
            except FileNotFoundError:
                refuse_unfinished(folder)
                self._forget(folder)
                if is_gone(folder):
                    return None
        raise StoreDamaged(
            "its index is lost" if is_lost(folder.index) else "its events are lost",
            where=str(folder.path),
            mend=_MADE_ANEW,
        )

    @property
    def spoilt(self) -> frozenset[DayFolder]:
        """The days whose index is known to be spoilt."""
        return frozenset(self._spoilt)

    def find_spoilt(self, known: frozenset[DayFolder]) -> bool:
        """Looks through the files of the days that were read, the newest first, up to a spoilt one.

        Such a day is left out of views, and told, until its index is made anew.

        Args:
            known: Those that were left out before.

        Returns:
            Whether there are others now.
        """
        with self._looking:
            if self.spoilt - known:
                return True
            folders = [one for one in self._folder.days()[::-1] if one in self._readers]
            return any(self._note_when_spoilt(folder) for folder in folders)

    def _look_through(self, folder: DayFolder) -> None:
        """Has a day made anew that cannot be opened, if its files are to blame."""
        if folder in self._spoilt:
            return
        with self._looking:
            if folder not in self._spoilt:
                self._note_when_spoilt(folder)

    def _note_when_spoilt(self, folder: DayFolder) -> bool:
        """Looks through a day's files. One that is spoilt is told, left out from now on, and marked.

        Returns:
            Whether it is spoilt, and that was not known. One that may not be read is told only: nobody
            knows.
        """
        try:
            found = self._spoilt_file(folder)
        except FileNotFoundError:
            return False  # dropped
        except OSError as error:
            if self._refused.get(folder) != str(error):
                log.warning("the index of %s cannot be looked through: %s", folder.day, error)
            self._refused[folder] = str(error)
            return False
        self._refused.pop(folder, None)
        if found is None:
            return False
        log.error("the index of %s is spoilt: %s", folder.day, found[1])
        self._spoilt[folder] = found
        mark(folder.index)
        return True

    def _spoilt_file(self, folder: DayFolder) -> tuple[IndexState, str] | None:
        """A day's commit with the name of its spoilt file; None when it has none, or none that is news.

        Raises:
            OSError: The file system refuses.
        """
        state = index_state(folder)
        if self._sound.get(folder) == state or is_unfinished(folder.index):
            return None  # whoever writes is at it already
        name = first_spoilt(folder.index)
        if is_unfinished(folder.index):
            return None  # … has begun meanwhile
        if name is None:
            self._sound[folder] = state
            return None
        if self._is_without_strays(folder, state):
            self._without_strays.add(folder)
        return state, name

    def _is_without_strays(self, folder: DayFolder, state: IndexState) -> bool:
        reader = self._readers.get(folder)
        return bool(
            reader and reader.has_no_strays(state) and not first_spoilt(folder.index, TERMS)
        )

    def _refuse_spoilt(self, folder: DayFolder) -> None:
        known = self._spoilt.get(folder)
        if known is None:
            return
        state, name = known
        if index_state(folder) != state:
            refuse_unfinished(folder)
            self._spoilt.pop(folder, None)
            self._without_strays.discard(folder)
            return
        raise StoreDamaged(
            f"its index is spoilt ({name})",
            where=str(folder.index),
            mend=_MADE_ANEW,
        )

    def close(self) -> None:
        """Lets go of all days. Idempotent."""
        with self._changing:
            self._readers.clear()

    def _reader(self, folder: DayFolder) -> DayReader:
        reader = self._readers.get(folder)
        if reader is None:
            with self._changing:
                reader = self._readers.get(folder)
                if reader is None:
                    reader = self._readers[folder] = DayReader(folder)
        return reader

    def _forget(self, folder: DayFolder) -> None:
        with self._changing:
            self._readers.pop(folder, None)

    def _forget_all_but(self, folders: list[DayFolder]) -> None:
        gone = {*self._readers, *self._sound, *self._spoilt, *self._refused} - set(folders)
        if gone:
            with self._changing:
                for folder in gone:
                    for known in (self._readers, self._sound, self._spoilt, self._refused):
                        known.pop(folder, None)
                    self._without_strays.discard(folder)
