"""Which days have an index that is spoilt?

One that is, is left out of answers and told, until its commit is another one: whoever writes makes it anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence

from logboom.errors import StoreDamaged
from logboom.store.local.day_reader import DayReader, IndexState, index_state, refuse_unfinished
from logboom.store.local.folders import DayFolder
from logboom.store.local.soundness import TERMS, first_spoilt, is_unfinished, mark

log = logging.getLogger("logboom.store")

MADE_ANEW = "a processor makes it anew by itself; where none runs, start one"


class SpoiltDays:
    """Looks through the files of days, and remembers what it has found. For many threads."""

    def __init__(self) -> None:
        self._sound: dict[DayFolder, IndexState] = {}
        self._spoilt: dict[DayFolder, tuple[IndexState, str]] = {}
        self._refused: dict[DayFolder, str] = {}
        self._without_strays: set[DayFolder] = set()
        self._looking = threading.Lock()

    @property
    def folders(self) -> frozenset[DayFolder]:
        """Those that are known."""
        return frozenset(self._spoilt)

    def may_have_strays(self, folder: DayFolder) -> bool:
        """False when a spoilt day is known to have no events of other days' times."""
        return folder not in self._without_strays

    def find(
        self, readers: Sequence[tuple[DayFolder, DayReader]], known: frozenset[DayFolder]
    ) -> bool:
        """Looks through days in their order, up to a spoilt one; it is told, and marked.

        Args:
            readers: Of the days that were read.
            known: Those that were known before.

        Returns:
            Whether there are others now.
        """
        with self._looking:
            if self.folders - known:
                return True
            return any(self._note_when_spoilt(folder, reader) for folder, reader in readers)

    def look_through(self, folder: DayFolder) -> None:
        """Has a day made anew that cannot be opened, if its files are to blame."""
        if folder in self._spoilt:
            return
        with self._looking:
            if folder not in self._spoilt:
                self._note_when_spoilt(folder, None)

    def refuse(self, folder: DayFolder) -> None:
        """Sees to it that nothing is read of an index that is known to be spoilt.

        Raises:
            StoreDamaged: It is, or is being made anew.
            FileNotFoundError: The day was dropped.
        """
        known = self._spoilt.get(folder)
        if known is None:
            return
        state, name = known
        if index_state(folder) != state:
            refuse_unfinished(folder)
            self._spoilt.pop(folder, None)
            self._without_strays.discard(folder)
            return
        raise StoreDamaged(f"its index is spoilt ({name})", where=str(folder.index), mend=MADE_ANEW)

    def forget_all_but(self, folders: Iterable[DayFolder]) -> None:
        """Forgets days that are there no more."""
        known_ones = [*self._sound, *self._spoilt, *self._refused]
        for folder in set(known_ones) - set(folders):
            for known in (self._sound, self._spoilt, self._refused):
                known.pop(folder, None)
            self._without_strays.discard(folder)

    def _note_when_spoilt(self, folder: DayFolder, reader: DayReader | None) -> bool:
        """Looks through a day's files. One that is spoilt is told, left out from now on, and marked.

        Returns:
            Whether it is spoilt, and that was not known. One that may not be read is told only: nobody
            knows.
        """
        try:
            found = self._spoilt_file(folder, reader)
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

    def _spoilt_file(
        self, folder: DayFolder, reader: DayReader | None
    ) -> tuple[IndexState, str] | None:
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
        if reader and reader.has_no_strays(state) and not first_spoilt(folder.index, TERMS):
            self._without_strays.add(folder)
        return state, name
