"""A day of which the index and the documents are spoilt: what is left of it is not written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.errors import StoreDamaged
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import StoreFolder
from logboom.store.local.soundness import mark
from tests.unit.store_local.samples import DAY, documents
from tests.unit.store_local.stores import spoil_events


@pytest.mark.parametrize("place", [0.5, 1.0], ids=["in the middle", "at the end"])
def test_a_day_is_not_written_to_when_its_events_cannot_be_read_back(
    tmp_path: Path, place: float
) -> None:
    folder = StoreFolder(tmp_path, "logs-%Y.%m.%d").create(DAY)
    writer = DayWriter(folder, memory_bytes=15_000_000)
    some = [one for one in documents(400, days=1) if one.day == DAY]
    for at in range(0, len(some), 40):
        writer.append(some[at : at + 40])
    writer.commit()
    events = folder.path / "documents.zst"
    spoil_events(folder.path, int(events.stat().st_size * place) - 1)
    left = events.read_bytes()
    mark(folder.index)
    writer.commit()
    with pytest.raises(StoreDamaged):
        writer.reopen_index()
    assert writer.is_broken
    with pytest.raises(StoreDamaged):
        writer.append(some[:40])
    writer.close()
    assert events.read_bytes() == left
