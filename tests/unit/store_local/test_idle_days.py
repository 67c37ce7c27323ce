"""Days that get no more events give their memory and files back, and go on when they must."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.store import Outcome
from logboom.store.local.folders import StoreFolder
from logboom.store.local.writer import LocalWriter
from tests.unit.store_local.samples import DAY, document

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 15, tzinfo=UTC))


@pytest.fixture
async def writer(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LocalWriter]:
    one = LocalWriter(StoreFolder(tmp_path, "logs-%Y.%m.%d"), clock, memory_bytes=2**20)
    yield one
    await one.close()


def is_open(store: Path, day: date) -> bool:
    """Whether this process holds a file of a day."""
    folder = str(store / day.strftime("logs-%Y.%m.%d"))
    descriptors = Path("/proc/self/fd").iterdir()
    held = [str(one.readlink()) for one in descriptors if one.is_symlink()]
    return any(name.startswith(folder) for name in held)


async def test_an_idle_day_is_closed_and_still_knows_what_it_holds(
    writer: LocalWriter, tmp_path: Path, clock: ManualClock
) -> None:
    await writer.write([document(0)])
    await writer.flush()
    clock.advance(60)
    await writer.write([document(1, day=NEXT_DAY)])
    assert is_open(tmp_path, DAY)
    clock.advance(90)
    await writer.write([document(2, day=NEXT_DAY)])
    assert not is_open(tmp_path, DAY)
    assert is_open(tmp_path, NEXT_DAY)
    assert await writer.write([document(0), document(3)]) == [Outcome.DUPLICATE, Outcome.STORED]
