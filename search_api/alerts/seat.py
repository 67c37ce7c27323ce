"""Has whoever decided alerts ended, of the processes that use one data folder?

A lease ends only by itself. The system's lock of a file is free again as soon as whoever held it has died, so
that nobody waits for the lease of one that has.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

log = logging.getLogger("logboom.alerts")


class Seat:
    """A lock of a file, which one process has at a time.

    Args:
        path: Of the file; it is made, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Takes it unless another process has it; True when it is ours."""
        if self._descriptor is None:
            self._descriptor = _taken(self._path)
        return self._descriptor is not None

    def leave(self) -> None:
        """Lets another one take it; nothing when it is not ours."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _taken(path: Path) -> int | None:
    """The file, locked by us; None while it cannot be had."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("alerts: %s: %s", path, error.strerror)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            log.warning("alerts: %s: %s", path, error.strerror)
        return None
    return descriptor
