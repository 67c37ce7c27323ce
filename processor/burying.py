"""Where does an event go that the store will never take? To the dead letters, with its reason."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from logboom.clock import Clock, utc_text
from logboom.errors import DiskFull
from logboom.store import Document, Rejected

FILE_NAME = "dead-letters.ndjson"


class Burial:
    """Appends to a file of JSON lines in the data folder, durably.

    Args:
        folder: Made when it is missing.
        clock: For the time of the refusal.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE_NAME
        self._clock = clock

    async def bury(self, refused: Sequence[tuple[Document, Rejected]]) -> None:
        """Keeps events that were refused; returns when they are on the disk.

        Burying the same event again after a crash leaves two lines with one id.

        Raises:
            DiskFull: There is no room; bury them again later.
        """
        at = utc_text(self._clock.now_ns())
        lines = b"".join(_line(at, document, answer.reason) for document, answer in refused)
        await asyncio.to_thread(self._append, lines)

    def _append(self, lines: bytes) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                with os.fdopen(descriptor, "wb", closefd=False) as file:
                    file.write(lines)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull("no room for dead letters", where=str(self._path)) from error
            raise


def _line(at: str, document: Document, reason: str) -> bytes:
    about = {"at": at, "reason": reason, "id": document.id, "day": document.day.isoformat()}
    return orjson.dumps(about)[:-1] + b',"event":%b}\n' % document.value.strip()
