"""Which days can be read right now?"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date

from logboom.errors import StoreDamaged, StoreUnavailable
from logboom.store.local.day_reader import DayReader, Snapshot, is_gone, refuse_unfinished
from logboom.store.local.folders import NOT_OF_A_DAY, DayFolder, StoreFolder
from logboom.store.local.soundness import is_lost
from logboom.store.local.spoilt_days import MADE_ANEW, SpoiltDays
from logboom.store.local.times import DAY_US, day_start_us
from logboom.store.values import TimeRange

_TRIES = 3
"""An index that is not there may be there the next moment, made anew."""


@dataclass(frozen=True, slots=True)
class View:
    """The whole store as it was at one moment.

    Attributes:
        days: Ascending.
        warnings: Days that cannot be read, a sentence each.
        unreadable: The same days.
        may_miss_strays: One of them may hold events of other days' times.
        aside: Days that were set aside, whose events are lost to searches.
    """

    days: tuple[Snapshot, ...]
    warnings: tuple[str, ...]
    unreadable: frozenset[date] = frozenset()
    may_miss_strays: bool = False
    aside: tuple[DayFolder, ...] = ()

    def misses(self, times: TimeRange) -> bool:
        """True when events of these times may be in a day that cannot be read, or was set aside."""
        return self._may_yet_find(times) or any(_overlaps(one.day, times) for one in self.aside)

    def told(self, times: TimeRange) -> list[str]:
        """The days that cannot be read, and those of these times that were set aside, a sentence each."""
        aside = [one for one in self.aside if _overlaps(one.day, times)]
        return [
            *self.warnings,
            *(
                f"events of {one.day} are missing: {one.name} is damaged and set aside"
                for one in aside
            ),
        ]

    def _may_yet_find(self, times: TimeRange) -> bool:
        return self.may_miss_strays or any(_overlaps(day, times) for day in self.unreadable)

    def all_of(self, times: TimeRange) -> tuple[Snapshot, ...]:
        """The days, no event of these times left out.

        Those that were set aside are gone for good: nobody waits for them.

        Raises:
            StoreUnavailable: One that may have some cannot be read: numbers of a part would look like
                those of the whole.
        """
        if self._may_yet_find(times):
            raise StoreUnavailable("; ".join(self.warnings))
        return self.days


def _overlaps(day: date, times: TimeRange) -> bool:
    """True when some of these times are of a day."""
    start_us = day_start_us(day)
    is_before_end = times.end_us is None or start_us < times.end_us
    return is_before_end and (times.start_us is None or times.start_us < start_us + DAY_US)


class Days:
    """Keeps the days open for reading. For many threads."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._readers: dict[DayFolder, DayReader] = {}
        self._spoilt = SpoiltDays()
        self._changing = threading.Lock()

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
                if isinstance(error, OSError) and error.errno in NOT_OF_A_DAY:
                    raise
                self._forget(folder)
                self._spoilt.look_through(folder)
                warnings[folder.day] = f"the day {folder.day} cannot be read: {error}"
                may_miss_strays |= self._spoilt.may_have_strays(folder)
            else:
                days += [] if snapshot is None else [snapshot]
        return View(
            tuple(days), tuple(warnings.values()), frozenset(warnings), may_miss_strays,
            tuple(self._folder.damaged()),
        )  # fmt: skip

    def visible(self, folder: DayFolder, *, else_: int) -> int:
        """So many documents of a day searches see, the latest commit included.

        Args:
            folder: Of the day.
            else_: Given of a day that is gone, or cannot be read.

        Raises:
            OSError: The file system refuses, whichever day it is.
        """
        try:
            snapshot = self._snapshot(folder)
        except StoreDamaged:
            return else_
        except OSError as error:
            if error.errno in NOT_OF_A_DAY:
                raise
            return else_
        return else_ if snapshot is None else snapshot.searcher.num_docs

    def _snapshot(self, folder: DayFolder) -> Snapshot | None:
        """A day; None when it has been dropped, or is not finished yet.

        Raises:
            StoreDamaged: It cannot be read.
        """
        for _ in range(_TRIES):
            try:
                self._spoilt.refuse(folder)
                return self._reader(folder).snapshot()
            except FileNotFoundError:
                refuse_unfinished(folder)
                self._forget(folder)
                if is_gone(folder):
                    return None
        raise StoreDamaged(
            "its index is lost" if is_lost(folder.index) else "its events are lost",
            where=str(folder.path),
            mend=MADE_ANEW,
        )

    @property
    def spoilt(self) -> frozenset[DayFolder]:
        """The days whose index is known to be spoilt."""
        return self._spoilt.folders

    def find_spoilt(self, known: frozenset[DayFolder]) -> bool:
        """Looks through the files of the days that were read, the newest first, up to a spoilt one.

        Such a day is left out of views, and told, until its index is made anew.

        Args:
            known: Those that were left out before.

        Returns:
            Whether there are others now.
        """
        with self._changing:
            readers = sorted(self._readers.items(), key=lambda one: one[0].day, reverse=True)
        return self._spoilt.find(readers, known)

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
        self._spoilt.forget_all_but(folders)
        with self._changing:
            for folder in set(self._readers) - set(folders):
                del self._readers[folder]
