"""Which of the processes that use one data folder may decide alerts?

An embedded store's leases tell machines apart, not processes. The system's lock of a file does, and is free
again as soon as whoever held it has died.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

log = logging.getLogger("logboom.alerts")

_LOOKED_EACH_S: Final = 2.0


@asynccontextmanager
async def seated(path: Path, *, each_s: float = _LOOKED_EACH_S) -> AsyncIterator[None]:
    """Waits until nobody else has the seat, and keeps it within the context.

    Args:
        path: Of the lock file; it is made, with its folder.
        each_s: It is looked at so often.
    """
    descriptor = _taken(path)
    while True:
        if descriptor is not None:
            break
        await asyncio.sleep(each_s)
        descriptor = _taken(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _taken(path: Path) -> int | None:
    """The file, locked by us; None while it cannot be had."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("alerts are not decided: %s: %s", path, error.strerror)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            log.warning("alerts are not decided: %s: %s", path, error.strerror)
        return None
    return descriptor
