"""Whose is a data folder? One `logboom up` at a time, and nobody while an earlier one's services end."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from logboom.clock import Clock
from logboom.errors import AlreadyRunning
from logboom.lifecycle import SUPERVISOR

_PATIENCE_S = 15.0
_LOOK_S = 0.5


async def take_folder(
    folder: Path, clock: Clock, say: Callable[[str], None], *, patience_s: float = _PATIENCE_S
) -> int:
    """Takes a data folder for a supervisor and its services.

    The three services hold the same descriptor: the folder is free when the last of them has ended.
    Those of a supervisor that was killed end by themselves, and get some time for it. Processors that
    scaling starts do not hold it: several of them use the folder at once as it is.

    Args:
        folder: It exists.
        clock: For the patience.
        say: Is told, once, who is waited for.
        patience_s: So long services without a supervisor may take to end.

    Returns:
        The descriptor that keeps the folder; to be handed to the services, and closed at the end.

    Raises:
        AlreadyRunning: Another supervisor has it, or services that do not end.
    """
    path = folder / "up.lock"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    due: float | None = None
    while not _locked(descriptor):
        holders = _holders(path)
        if any(holder.supervises for holder in holders):
            os.close(descriptor)
            raise _in_use(folder, holders)
        if due is None:
            due = clock.monotonic() + patience_s
            say(f"waiting for services of an earlier `logboom up` to end: {_named(holders)}")
        elif clock.monotonic() >= due:
            os.close(descriptor)
            raise _left_over(folder, holders)
        await asyncio.sleep(_LOOK_S)
    return descriptor


@dataclass(frozen=True, slots=True)
class _Holder:
    """A process that has the file open."""

    pid: int
    supervises: bool


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holders(path: Path) -> Sequence[_Holder]:
    """The processes that have the file open; those of other users cannot be seen."""
    real = str(path.resolve())
    found: list[_Holder] = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(f.path == real for f in process.open_files()):
                found.append(_Holder(process.pid, SUPERVISOR not in process.environ()))
        except psutil.Error:
            continue  # it has ended, or is another user's
    return sorted(found, key=lambda holder: holder.pid)


def _named(holders: Sequence[_Holder]) -> str:
    pids = " and ".join(str(holder.pid) for holder in holders)
    return f"process{'es' if len(holders) > 1 else ''} {pids}" if holders else "another user's"


def _in_use(folder: Path, holders: Sequence[_Holder]) -> AlreadyRunning:
    return AlreadyRunning(
        "another `logboom up` uses this data folder: "
        + _named([holder for holder in holders if holder.supervises]),
        where=str(folder),
        mend="stop it, or give this one a folder of its own with --data",
    )


def _left_over(folder: Path, holders: Sequence[_Holder]) -> AlreadyRunning:
    end = f" (kill {' '.join(str(holder.pid) for holder in holders)})" if holders else ""
    return AlreadyRunning(
        f"services of an earlier `logboom up` still use this data folder: {_named(holders)}",
        where=str(folder),
        mend=f"end them{end}, or give this one a folder of its own with --data",
    )
