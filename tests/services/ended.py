"""Has a process ended?"""

from __future__ import annotations

import psutil


def runs(process: psutil.Process) -> bool:
    """Whether it does; one that has ended and waits to be noticed by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
