"""Where is what was received kept until the broker has it? In files that the shipper follows.

Whatever does not come from a file is appended to one, and goes the way of every file from there:
ids, plans, checkpoints and the ledger are the same for all inputs. A spool file is never changed
but at its end, is deleted when everything in it is acknowledged, and is read on after a crash.
"""

from __future__ import annotations

import asyncio
import glob
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from logboom.clock import Clock
from logboom.config import FileInput
from logboom.errors import SpoolFull
from shipper.framing.spooled import SUFFIX
from shipper.reading.sources import Source

log = logging.getLogger("logboom.shipper")

_FILE_BYTES = 64 * 2**20
_LONGEST_JOINED_BYTES = 16 * _FILE_BYTES
_PATIENCE_S = 1.0
_TAIL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where something that was appended ends."""

    path: str
    end: int


@dataclass(slots=True)
class _File:
    """One spool file: how far it is written and acknowledged, and who waits for what."""

    size: int = 0
    acked: int = 0
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)


def _nobody(_path: str) -> None:
    """Before the reader listens."""


class Spool:
    """Files in one folder that are appended to, followed, and deleted when they are done with.

    All methods belong to the thread of the event loop, so that the reader never sees half a write.

    Args:
        folder: Of this spool alone; made when it is not there.
        section: How what is kept becomes events; its paths are replaced.
        clock: Names the files.
        max_bytes: What is not acknowledged takes this much at most.
        file_bytes: A file that has grown to this is followed by a new one.
        joins_lines: True when lines may belong to the lines before them. Then a file is ended
            only when all of it is acknowledged, or at sixteen times its size.
    """

    def __init__(
        self, folder: Path, section: FileInput, clock: Clock, *, max_bytes: int,
        file_bytes: int = _FILE_BYTES, joins_lines: bool = False,
    ) -> None:  # fmt: skip
        pattern = f"{glob.escape(str(folder))}/*{SUFFIX}"
        self.files = section.model_copy(update={"path": [pattern], "start": "beginning"})
        self.on_append: Callable[[str], None] = _nobody
        self._folder = folder
        self._clock = clock
        self._max_bytes = max_bytes
        self._file_bytes = file_bytes
        self._joins_lines = joins_lines
        self._files: dict[str, _File] = {}
        self._path = ""
        self._descriptor = -1
        self._ends_whole = True
        self._has_news = False
        self._unwritten: list[int] = []
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._trouble: str | None = None

    @property
    def size_bytes(self) -> int:
        """Bytes that its files take."""
        return sum(file.size for file in self._files.values())

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the broker has not acknowledged yet."""
        return self._waiting_bytes

    @property
    def is_awaited(self) -> bool:
        """True while somebody waits for an acknowledgement."""
        return any(not waiting.done() for f in self._files.values() for _, waiting in f.waiting)

    @property
    def trouble(self) -> str | None:
        """Why nothing more is taken, in words for people; None while it is."""
        return self._trouble

    def holds(self, path: str) -> bool:
        """True for the path of a file of this spool."""
        return path in self._files

    def open(self, checkpoints: Mapping[str, int]) -> None:
        """Takes the files of earlier runs over, and begins a new one.

        Call it before the first look at the file system.

        Args:
            checkpoints: Path → bytes that are known to be acknowledged.

        Raises:
            SpoolFull: When the folder cannot be written to.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(self._folder.glob(f"*{SUFFIX}")):
                self._take_over(path, checkpoints.get(str(path), 0))
            self._begin()
        except OSError as error:
            raise self._refusal(error) from error

    def append(self, records: Sequence[bytes]) -> Receipt:
        """Appends records, all of them or none.

        What was appended survives the end of this process, and a power cut about a second later.

        Args:
            records: Each with its line break; of lines that may be joined, any pieces.

        Raises:
            SpoolFull: When there is no room for them now.
        """
        data = records[0] if len(records) == 1 else b"".join(records)
        if self._waiting_bytes and self._waiting_bytes + len(data) > self._max_bytes:
            raise self._refuse(f"is full: {self._max_bytes} bytes may wait for the broker, no more")
        try:
            if self._is_due():
                self._begin()
            self._write(data)
        except OSError as error:
            raise self._refusal(error) from error
        self._trouble = None
        file = self._files[self._path]
        file.size += len(data)
        self._waiting_bytes += len(data)
        self._has_news = True
        self._ends_whole = data.endswith(b"\n")
        self.on_append(self._path)
        return Receipt(self._path, file.size)

    async def append_patiently(self, records: Sequence[bytes]) -> Receipt:
        """Appends records, and waits for as long as there is no room for them."""
        while True:
            try:
                return self.append(records)
            except SpoolFull:
                await self.room()

    async def acknowledged(self, receipt: Receipt) -> None:
        """Waits until the broker has everything up to the end of what was appended."""
        file = self._files.get(receipt.path)
        if file is None or file.acked >= receipt.end:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        file.waiting.append((receipt.end, waiting))
        await waiting

    async def room(self) -> None:
        """Waits until it may be worth while to try again."""
        self._room.clear()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._room.wait()
        except TimeoutError:
            return

    def settled(self, source: Source) -> None:
        """Takes notice of how far one of its files is acknowledged."""
        file = self._files.get(source.path)
        if file is None:
            return
        more = min(source.acked_offset, file.size) - file.acked
        if more > 0:
            file.acked += more
            self._waiting_bytes -= more
            self._room.set()
            if self._waiting_bytes < self._max_bytes // 2:
                self._trouble = None
        while file.waiting and file.waiting[0][0] <= file.acked:
            _, waiting = file.waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)

    def tidy(self) -> None:
        """Deletes the files that nobody writes to and of which everything is acknowledged."""
        done = [p for p, f in self._files.items() if p != self._path and f.acked >= f.size]
        for path in done:
            Path(path).unlink(missing_ok=True)
            del self._files[path]

    async def sync(self) -> None:
        """Has what was appended written to the disk."""
        if self._descriptor >= 0 and self._has_news:
            self._unwritten.append(os.dup(self._descriptor))
        self._has_news = False
        descriptors, self._unwritten = self._unwritten, []
        if not descriptors:
            return
        try:
            await asyncio.to_thread(_sync_and_close, descriptors)
        except OSError as error:
            self._trouble = self._refusal(error).sentence()

    def end(self) -> None:
        """Nothing more will be appended; what is not acknowledged yet is kept."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._path = -1, ""
        self.tidy()

    def _take_over(self, path: Path, acked: int) -> None:
        size = path.stat().st_size
        if size < acked:
            log.warning("%s is shorter than what was acknowledged of it: it is done with", path)
            path.unlink()
            return
        if not self._joins_lines:
            size = _cut_torn_record(path, size, acked)
        self._files[str(path)] = _File(size, acked)
        self._waiting_bytes += size - acked

    def _is_due(self) -> bool:
        if self._descriptor < 0:
            return True
        file = self._files[self._path]
        if not self._ends_whole or file.size < self._file_bytes:
            return False
        return (
            not self._joins_lines or file.acked == file.size or file.size >= _LONGEST_JOINED_BYTES
        )

    def _begin(self) -> None:
        last = max((int(Path(path).stem) for path in self._files), default=0)
        path = self._folder / f"{max(self._clock.now_ns(), last + 1):020d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        if self._descriptor >= 0:
            self._unwritten.append(self._descriptor)
        self._descriptor, self._path, self._ends_whole = descriptor, str(path), True
        self._files[self._path] = _File()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self._files[self._path].size)
            raise

    def _refusal(self, error: OSError) -> SpoolFull:
        return self._refuse(f"cannot be written: {error.strerror or error}")

    def _refuse(self, what: str) -> SpoolFull:
        refusal = SpoolFull(what, where=f"spool {self._folder}")
        if self._trouble is None:
            log.warning("%s", refusal.sentence())
        self._trouble = refusal.sentence()
        return refusal


def _cut_torn_record(path: Path, size: int, acked: int) -> int:
    """Cuts off what a crash left of a record that was never appended as a whole.

    Returns:
        The size then.
    """
    with path.open("r+b") as file:
        end = size
        while end > acked:
            begin = max(acked, end - _TAIL_BYTES)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            end = begin if found < 0 else begin + found + 1
            if found >= 0:
                break
        if end < size:
            log.warning("%s: %d bytes of a torn record are cut off", path, size - end)
            file.truncate(end)
    return end


def _sync_and_close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
