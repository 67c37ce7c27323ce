"""Who may publish under a producer's name, and who may read for a group? One at a time each."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from logboom.broker.local_sqlite import for_os_error


class Seat:
    """A place that only one holder at a time, in whatever process, can have.

    It is free again when its holder closes it, or dies.

    Args:
        folder: Has the lock files.
        kind: What it is for: the first part of the file's name.
        name: Whose it is.

    Raises:
        DiskFull: There is no room for the lock file.
        BrokerRefused: It must not be written.
    """

    def __init__(self, folder: Path, kind: str, name: str) -> None:
        digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        path = folder / f"{kind}-{digest}.lock"
        try:
            self._lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise for_os_error(error, path) from error
        self.is_held = False

    def take(self) -> bool:
        """Tries to sit down. True when the place is ours, now or from before."""
        if not self.is_held:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self.is_held = True
        return True

    def close(self) -> None:
        """Leaves the place to others."""
        os.close(self._lock)
        self.is_held = False
