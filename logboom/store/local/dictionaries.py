"""Which days have lost the dictionary that their events are compressed with, before a search meets it?

Without it their events are lost, while their index still finds and counts them.
"""

from __future__ import annotations

import os
from pathlib import Path

import zstandard

from logboom.errors import StoreDamaged
from logboom.store.local import dictionary
from logboom.store.local.blocks import Directory, dictionary_of
from logboom.store.local.documents import DATA_NAME, directory_entries
from logboom.store.local.folders import NOT_OF_A_DAY, DayFolder

_State = tuple[int, int, int] | int
"""Of the dictionary: its inode, size and time of change; where there is none, the size of the events."""


class Dictionaries:
    """Looks at each dictionary once, and again when its file has changed. For one thread at a time."""

    def __init__(self) -> None:
        self._sound: dict[DayFolder, _State] = {}

    def is_lost(self, folder: DayFolder) -> bool:
        """True when a day's last block needs a dictionary that is missing, or not what was written.

        A day that was dropped, or that alone is refused, has lost nothing as far as is known.

        Raises:
            OSError: No single day is to blame.
        """
        try:
            state = _state(folder.path)
            if self._sound.get(folder) == state:
                return False
            if not _is_usable(folder.path):
                return True
        except OSError as error:
            if error.errno in NOT_OF_A_DAY:
                raise
            return False
        self._sound[folder] = state
        return False


def _state(path: Path) -> _State:
    try:
        found = (path / dictionary.NAME).stat()
    except FileNotFoundError:
        return (path / DATA_NAME).stat().st_size
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_usable(path: Path) -> bool:
    try:
        trained = dictionary.load(path)
    except (StoreDamaged, zstandard.ZstdError):
        return False
    data = os.open(path / DATA_NAME, os.O_RDONLY | os.O_CLOEXEC)
    try:
        blocks = Directory()
        blocks.load(directory_entries(path) or b"", data)
        needed = dictionary_of(data, blocks.last())
    finally:
        os.close(data)
    return not needed or (trained is not None and trained.dict_id() == needed)
