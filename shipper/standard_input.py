"""How is standard input made as safe as a file? It is copied to one, and that file is followed."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from logboom.clock import Clock
from logboom.config import FileInput, StdinInput
from shipper.sources import Source

log = logging.getLogger("logboom.shipper")

_PIECE_BYTES = 1 << 16
_WRITING = ".log"


class StandardInput:
    """Copies standard input into a spool file, so that a crash of the shipper loses nothing of it.

    Args:
        section: The input as configured.
        folder: Where spool files are kept; those of earlier runs are read to their end too.
        clock: Names the spool file.
    """

    def __init__(self, section: StdinInput, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / f"{clock.now_ns()}{_WRITING}"
        self._thread = threading.Thread(target=self._copy, name="standard input", daemon=True)
        shared = section.model_dump(exclude={"stdin"})
        shared["service"] = section.service or "stdin"
        self.files = FileInput(path=[str(folder / f"*{_WRITING}")], **shared)

    def start(self) -> None:
        """Begins to copy, in a thread that does not keep the process alive."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        self._thread.start()

    def _copy(self) -> None:
        with self._path.open("ab", buffering=0) as spool:
            while piece := os.read(0, _PIECE_BYTES):
                spool.write(piece)
        log.info("standard input has ended")

    def tidy(self, sources: Iterable[Source]) -> None:
        """Deletes spool files that nobody writes to and of which everything is acknowledged."""
        for source in sources:
            path = Path(source.path)
            over = path != self._path or not self._thread.is_alive()
            if path.parent == self._folder and over and _is_done(source):
                path.unlink(missing_ok=True)


def _is_done(source: Source) -> bool:
    if source.file is None or source.pending or source.tally.lines_in_flight:
        return False
    return source.state == "idle" and source.acked_offset == source.file.size
