"""An application and its log rotation, which keep account of every line that they write."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from logboom.clock import ManualClock, utc_text


@dataclass
class LogFile:
    """A rotated file as the application knows it.

    Attributes:
        path: Where it is now.
        lines: The numbers of its lines.
        is_written: The application has not let go of it yet.
        is_copy: It was copied, and the log truncated.
    """

    path: Path
    lines: list[int] = field(default_factory=list)
    is_written: bool = False
    is_copy: bool = False


class Application:
    """Writes numbered lines to `app.log` of a folder, and rotates it.

    The times of files are those of the clock, so that a test is the same on every machine.

    Args:
        folder: Where its log is.
        clock: For times.
        ending: Every line ends with that, as JSON ends with a service and a host.

    Attributes:
        lines: The numbers of the lines in the present file.
        rotated: The files before, newest first.
        written: Lines so far, in all files.
        pieces: Lines that were written in two halves.
    """

    def __init__(self, folder: Path, clock: ManualClock, ending: str = "") -> None:
        self._folder = folder
        self._ending = ending
        self._clock = clock
        self._log = folder / "app.log"
        self._file: BinaryIO = self._log.open("ab", buffering=0)
        self.lines: list[int] = []
        self._rest = b""
        self.rotated: list[LogFile] = []
        self.written = 0
        self.pieces = 0
        self._strange = 0
        self._touch(self._log)

    @property
    def is_behind(self) -> bool:
        """True when it still writes to a file that was renamed."""
        return any(rotated.is_written for rotated in self.rotated)

    def write(self, count: int) -> None:
        """Appends whole lines."""
        self._append(self._rest + b"".join(self._line() for _ in range(count)))
        self._rest = b""

    def write_half(self, *, number_first: bool) -> None:
        """Appends a line without its end.

        Args:
            number_first: The line's number is in this half.
        """
        self.finish()
        line = self._line()
        cut = line.index(b"#") if not number_first else line.rindex(b"#") + 3
        self._append(line[:cut])
        self._rest = line[cut:]
        self.pieces += 1

    def finish(self) -> None:
        """Ends a line that was begun."""
        if self._rest:
            self.write(0)

    def rename(self, *, reopen: bool) -> None:
        """Rotates by renaming."""
        self._shift()
        first = self._folder / "app.log.1"
        self._log.rename(first)
        self.rotated.insert(0, LogFile(first, self.lines, is_written=True))
        self._touch(self._folder)
        if reopen:
            self.reopen()

    def reopen(self) -> None:
        """Begins a new file, if the old one was renamed."""
        if not self.is_behind:
            return
        self.finish()
        for rotated in self.rotated:
            rotated.is_written = False
        self._file.close()
        self._file = self._log.open("ab", buffering=0)
        self.lines = []
        self._touch(self._log, self._folder)

    def copy(self) -> None:
        """The first half of `copytruncate`."""
        self._shift()
        first = self._folder / "app.log.1"
        shutil.copyfile(self._log, first)
        self.rotated.insert(0, LogFile(first, self.lines, is_copy=True))
        self._touch(first, self._folder)

    def truncate(self) -> None:
        """The second half."""
        self._file.truncate(0)
        self.lines = [self.written - 1] if b"#" in self._rest else []
        self._touch(self._log)

    def rename_strangely(self, rotated: LogFile) -> None:
        """Gives a rotated file a name that says nothing of its log."""
        target = self._folder / f"kept-by-host{self._strange}"
        self._strange += 1
        rotated.path.rename(target)
        rotated.path = target
        self._touch(self._folder)

    def compress(self, rotated: LogFile) -> None:
        """Compresses a rotated file as gzip(1) does."""
        packed = rotated.path.with_name(f"{rotated.path.name}.gz")
        status = rotated.path.stat()
        packed.write_bytes(gzip.compress(rotated.path.read_bytes(), mtime=0))
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        rotated.path.unlink()
        rotated.path = packed
        self._touch(self._folder)

    def delete(self, rotated: LogFile) -> None:
        """Removes a rotated file."""
        rotated.path.unlink()
        self.rotated.remove(rotated)
        self._touch(self._folder)

    def close(self) -> None:
        """Ends."""
        self._file.close()

    def _shift(self) -> None:
        self._clock.advance(0.01)
        for rotated in reversed(self.rotated):
            if not rotated.path.name.startswith("app.log."):
                continue
            number, dot, ending = rotated.path.name.removeprefix("app.log.").partition(".")
            target = self._folder / f"app.log.{int(number) + 1}{dot}{ending}"
            rotated.path.rename(target)
            rotated.path = target

    def _append(self, data: bytes) -> None:
        self._clock.advance(0.01)
        self._file.write(data)
        self._touch(next((r.path for r in self.rotated if r.is_written), self._log))

    def _line(self) -> bytes:
        number = self.written
        self.written += 1
        self.lines.append(number)
        time = utc_text(self._clock.now_ns())
        text = f"order #{number:06d}# was handled ~{number:06d}~{self._ending}"
        return f"{time} INFO shop.Orders - {text}\n".encode()

    def _touch(self, *paths: Path) -> None:
        now_ns = self._clock.now_ns()
        for path in paths:
            os.utime(path, ns=(now_ns, now_ns))
