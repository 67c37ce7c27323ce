"""Days are listed with what they hold, indexed or not."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.store import open_store
from tests.unit.store_local.samples import documents


async def test_a_day_without_its_index_is_listed(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    config = Config(data=tmp_path)
    store = await open_store(config, clock=clock)
    writer = await store.writer()
    await writer.write(documents(20, days=2))
    await writer.close()
    listed = [(day.day, day.documents) for day in await store.days()]
    assert [count for _, count in listed] == [10, 10]
    await store.close()
    shutil.rmtree(next((tmp_path / "store").glob("*/index")))
    again = await open_store(config, clock=clock)
    assert [(day.day, day.documents) for day in await again.days()] == listed
    await again.close()
