"""Which process may write to an embedded store?"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from logboom.clock import Clock
from logboom.errors import AlreadyRunning

_NAME = "writer.lock"
_PATIENCE_S = 2.0
_RETRY_S = 0.05


class WriterLock:
    """The right to write to a store's folder, held by one process at a time."""

    def __init__(self, store: Path, clock: Clock) -> None:
        """Takes it, after a little patience: readers look at the lock for an instant now and then.

        Raises:
            AlreadyRunning: Another process has it.
        """
        self._descriptor = os.open(store / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        deadline = clock.monotonic() + _PATIENCE_S
        while not _lock(self._descriptor, fcntl.LOCK_EX):
            if clock.monotonic() < deadline:
                time.sleep(_RETRY_S)
                continue
            os.close(self._descriptor)
            raise AlreadyRunning(
                "another process writes to this store",
                where=str(store),
                mend="stop it, or choose another folder with --data",
            )

    def release(self) -> None:
        """Gives it back. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_written_to(store: Path) -> bool:
    """True when some process holds the writer's lock of a store's folder."""
    try:
        descriptor = os.open(store / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
