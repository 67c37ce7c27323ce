"""What becomes of events whose day the file system refuses, while it takes others?

A day may be refused alone: the rights of one of its files are wrong, or a sector beneath it fails. Its
events are waited for at first; after that they are refused with the reason, so that those of other days
go on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

from logboom.clock import Clock
from logboom.errors import StoreUnavailable
from logboom.store.local.folders import NOT_OF_A_DAY
from logboom.store.values import Document, Rejected

_PATIENCE_S = 30.0
"""Whoever sets rights anew, or mounts something, is done by then."""


class RefusedDays:
    """Remembers since when days are refused. For one thread.

    Args:
        folder: Of all days.
        clock: For how long they are.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._since: dict[date, float] = {}

    def answers(self, day: date, documents: Sequence[Document], error: OSError) -> list[Rejected]:
        """What is answered for events of a day that has just been refused.

        Raises:
            StoreUnavailable: Not for long yet, or it is not this day alone: write them again.
        """
        reason = f"{day} cannot be written: {error}"
        since = self._since.setdefault(day, self._clock.monotonic())
        is_over = self._clock.monotonic() - since >= _PATIENCE_S
        if not is_over or error.errno in NOT_OF_A_DAY or not self._takes_others():
            raise StoreUnavailable(reason, where=str(self._folder)) from error
        return [Rejected(reason)] * len(documents)

    def forget(self, day: date) -> None:
        """Notes that a day can be written."""
        self._since.pop(day, None)

    def _takes_others(self) -> bool:
        """Whether the disk takes a file, and keeps it."""
        try:
            with TemporaryFile(dir=self._folder) as file:
                file.write(b"a")
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return False
        return True
