"""Which days can be read right now?"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from logboom.errors import StoreDamaged
from logboom.store.local.day_reader import DayReader, Snapshot
from logboom.store.local.folders import DayFolder, StoreFolder


@dataclass(frozen=True, slots=True)
class View:
    """The whole store as it was at one moment.

    Attributes:
        days: Ascending.
        warnings: Days that cannot be read, a sentence each.
    """

    days: tuple[Snapshot, ...]
    warnings: tuple[str, ...]


class Days:
    """Keeps the days open for reading. For many threads."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._readers: dict[DayFolder, DayReader] = {}
        self._changing = threading.Lock()

    def view(self) -> View:
        """Takes a snapshot of every day, the latest commits included."""
        days: list[Snapshot] = []
        warnings: list[str] = []
        folders = self._folder.days()
        self._forget_all_but(folders)
        for folder in folders:
            try:
                days.append(self._reader(folder).snapshot())
            except FileNotFoundError:
                self._forget(folder)  # dropped, or not finished yet
            except StoreDamaged as error:
                self._forget(folder)
                warnings.append(f"the day {folder.day} cannot be read: {error}")
        return View(tuple(days), tuple(warnings))

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
        gone = self._readers.keys() - set(folders)
        if gone:
            with self._changing:
                for folder in gone:
                    self._readers.pop(folder, None)
