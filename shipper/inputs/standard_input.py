"""How is standard input made as safe as a file? It is copied to a spool."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from pathlib import Path

from logboom.clock import Clock
from logboom.config import FileInput, StdinInput
from shipper.inputs.port import InputStatus
from shipper.inputs.spool import Spool

log = logging.getLogger("logboom.shipper")

_PIECE_BYTES = 1 << 16
_SPOOL_BYTES = 4 * 2**30


class StandardInput:
    """Copies standard input into a spool, so that a crash of the shipper loses nothing of it.

    Args:
        section: The input as configured.
        folder: Where spool files are kept; those of earlier runs are read to their end too.
        clock: Names the spool files.
    """

    def __init__(self, section: StdinInput, folder: Path, clock: Clock) -> None:
        shared = section.model_dump(exclude={"stdin"})
        shared["service"] = section.service or "stdin"
        files = FileInput(path=[str(folder)], **shared)
        self._spool = Spool(folder, files, clock, max_bytes=_SPOOL_BYTES, joins_lines=True)
        self.spools: Sequence[Spool] = (self._spool,)

    def status(self) -> InputStatus:
        """Its spool says what is wrong."""
        return InputStatus()

    async def run(self, stop: asyncio.Event) -> None:
        """Copies until the input ends; what is not read by then is left to the next reader.

        Reading it may block for ever, so that is done by a thread that does not keep the process
        alive.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def copy() -> None:
            with contextlib.suppress(CancelledError, RuntimeError):  # the loop has ended
                while piece := os.read(0, _PIECE_BYTES):
                    keeping = self._spool.append_patiently([piece])
                    asyncio.run_coroutine_threadsafe(keeping, loop).result()
                log.info("standard input has ended")
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=copy, name="standard input", daemon=True).start()
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, ended)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
