"""Trap: a program goes on writing to a log that was rotated away long ago."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from tests.traps.shipping import Shipping, append, lines


@pytest.mark.parametrize("packs", [False, True], ids=["renamed", "compressed"])
def test_lines_that_come_after_the_silence_are_read_at_the_next_rotation(
    tmp_path: Path, packs: bool
) -> None:
    shipping = Shipping(tmp_path, "app.log")
    log, older, oldest = (shipping.logs / name for name in ("app.log", "app.log.1", "app.log.2"))
    log.write_text(lines(0, 100))
    shipping.look()
    log.rename(older)
    log.write_text(lines(200, 210))
    for _ in range(60):
        shipping.look()
    assert len(shipping.watcher.sources) == 1, "the rotated file was let go"
    append(older, 100, 103)
    if packs:
        oldest = shipping.logs / "app.log.2.gz"
        status = older.stat()
        oldest.write_bytes(gzip.compress(older.read_bytes()))
        os.utime(oldest, ns=(status.st_atime_ns, status.st_mtime_ns))
        older.unlink()
    else:
        older.rename(oldest)
    log.rename(older)
    log.write_text(lines(300, 310))
    for _ in range(60):
        shipping.look()
    assert shipping.numbers() == [*range(103), *range(200, 210), *range(300, 310)]
    assert len(shipping.watcher.sources) == 1, "it is let go again"
    shipping.restart()
    shipping.look()
    assert len(shipping.numbers()) == 123
