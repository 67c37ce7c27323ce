"""A writer by itself, whose clock a test moves; `conftest.py` has both as fixtures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from logboom.clock import Clock
from logboom.store.local.folders import StoreFolder
from logboom.store.local.writer import LocalWriter
from tests.unit.store_local.samples import DAY

TODAY = DAY + timedelta(days=1)
LATER = datetime(2026, 3, 15, tzinfo=UTC)
LOOK_S = 11
"""After so long a writer looks after its days again."""


def opened_writer(data: Path, clock: Clock) -> LocalWriter:
    """Writes to the store in a data folder."""
    folder = StoreFolder(data / "store", "logs-%Y.%m.%d")
    return LocalWriter(folder, clock, memory_bytes=2**24)
