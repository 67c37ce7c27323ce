"""Must the folders be listed again? Only when one of them has changed, or it was long ago."""

from __future__ import annotations

import os
from collections.abc import Sequence

from logboom.clock import Clock
from logboom.config import FileInput
from shipper.files.discovery import folders_of, linked_folders

_FRESH_NS = 2_000_000_000
"""Some file systems count the times of folders in steps of two seconds."""
_LONGEST_S = 10.0
"""Not every file system tells of changes in a folder by its time."""


class Folders:
    """The folders in which files may appear.

    Args:
        clock: For the age of changes.
        inputs: Say which folders.
    """

    def __init__(self, clock: Clock, inputs: Sequence[FileInput]) -> None:
        self._clock = clock
        self._inputs = inputs
        self._changed_ns: dict[str, int] = {}
        self._listed_at = 0.0
        self._is_settled = False

    @property
    def known(self) -> list[str]:
        """The folders as of the last listing."""
        return list(self._changed_ns)

    def hurry(self) -> None:
        """The next question is answered with yes."""
        self._is_settled = False

    def must_list(self) -> bool:
        """True when something may have changed; then it is taken as listed now."""
        now = self._clock.monotonic()
        if self._is_settled and now - self._listed_at < _LONGEST_S and not self._have_changed():
            return False
        self._listed_at = now
        self._note()
        return True

    def _have_changed(self) -> bool:
        return any(_changed_ns(folder) != known for folder, known in self._changed_ns.items())

    def _note(self) -> None:
        folders: set[str] = set()
        for section in self._inputs:
            folders |= folders_of(section) | linked_folders(section)
        self._changed_ns = {folder: _changed_ns(folder) for folder in sorted(folders)}
        newest_ns = max(self._changed_ns.values(), default=0)
        self._is_settled = self._clock.now_ns() - newest_ns > _FRESH_NS


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - many of them, every second
    except OSError:
        return 0
