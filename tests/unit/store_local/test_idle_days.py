"""Days that get no more events give their memory and files back, and go on when they must."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from logboom.clock import ManualClock
from logboom.store import Outcome
from logboom.store.local.writer import LocalWriter
from tests.unit.store_local.samples import DAY, document
from tests.unit.store_local.stores import day_folder

NEXT_DAY = DAY + timedelta(days=1)


def is_open(data: Path, day: date) -> bool:
    """Whether this process holds a file of a day."""
    folder = str(day_folder(data, day))
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
