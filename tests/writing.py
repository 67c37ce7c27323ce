"""An application under test: writes events with sequence ids, and rotates its log."""

from __future__ import annotations

import json
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path


class LogWriter:
    """Writes JSON lines with `seq` 0, 1, 2 … at a steady rate, rotating by rename.

    Args:
        path: The log; rotated ones are `path.1`, `path.2`, … as they are written, never renamed
            again.
        count: Events in total.
        per_second: Rate.
        rotate_every: Events after which the log is rotated; 0 never.
        by_copy: Rotate as `copytruncate` does: copy to `path.1` (the one before becomes `path.2`, and
            so on), then empty the log.
    """

    def __init__(
        self, path: Path, *, count: int, per_second: int, rotate_every: int = 0,
        by_copy: bool = False,
    ) -> None:  # fmt: skip
        self._path = path
        self._count = count
        self._per_second = per_second
        self._rotate_every = rotate_every
        self._by_copy = by_copy
        self._thread = threading.Thread(target=self._write, name="application")
        self.written = 0

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def has_written(self, count: float) -> bool:
        """Whether so many are written."""
        return self.written >= count

    def _write(self) -> None:
        begun = time.monotonic()
        file = self._path.open("ab", buffering=0)
        rotations = 0
        piece = max(1, self._per_second // 100)
        while self.written < self._count:
            behind = int((time.monotonic() - begun) * self._per_second) - self.written
            if behind < piece:
                time.sleep(0.005)
                continue
            last = min(self._count, self.written + behind)
            if self._rotate_every:
                last = min(last, (self.written // self._rotate_every + 1) * self._rotate_every)
            file.write(b"".join(event(n) for n in range(self.written, last)))
            self.written = last
            if self._rotate_every and last % self._rotate_every == 0 and last < self._count:
                rotations += 1
                if self._by_copy:
                    self._copy_away(rotations)
                    file.truncate(0)
                    continue
                file.close()
                self._path.rename(self._rotated(rotations))
                file = self._path.open("ab", buffering=0)
        file.close()

    def _copy_away(self, rotations: int) -> None:
        for number in range(rotations - 1, 0, -1):
            self._rotated(number).rename(self._rotated(number + 1))
        shutil.copyfile(self._path, self._rotated(1))

    def _rotated(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def event(number: int) -> bytes:
    """One line."""
    content = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "ERROR" if number % 50 == 0 else "INFO",
        "logger": "com.acme.Checkout",
        "message": f"order {number} was handled in the usual way",
        "service": f"shop-{number % 7}",
        "seq": number,
        "user": {"country": "de", "tier": number % 3},
    }
    return json.dumps(content).encode() + b"\n"
