"""A full disk takes nothing away from those who search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock, SystemClock
from logboom.config import Config, LocalBrokerSection
from logboom.errors import StateFull
from logboom.state.local import LocalState
from logboom.state.port import Write
from logboom.store import open_store
from search_api.alerts.leading import lead
from search_api.pipeline.state import PipelineState
from tests.unit.small_disk import mounted

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", 2) as disk:
        yield disk


def fill(disk: Path) -> Path:
    """Takes all the room there is."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return ballast


async def test_whoever_leads_waits_for_room_and_goes_on(small_disk: Path) -> None:
    state = LocalState(small_disk / "state", SystemClock())
    await state.put("a", "b", {"c": 1})
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    ballast = fill(small_disk)
    many = [Write("a", f"{number}", {"c": "d" * 10_000}) for number in range(50)]
    with pytest.raises(StateFull):
        await state.put_many(many)
    leading = asyncio.create_task(lead(state, SystemClock(), "us", work, each_s=0.01))
    done, _ = await asyncio.wait([leading], timeout=0.2)
    assert not done
    ballast.unlink()
    await asyncio.wait_for(begun.wait(), 30)
    leading.cancel()
    await asyncio.wait([leading])
    await state.close()


async def test_the_health_says_what_to_do(small_disk: Path, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    store = await open_store(Config(data=tmp_path), clock=clock)
    fill(small_disk)
    health = await PipelineState(broker, store, "g", small_disk, clock).health(with_reasons=True)
    assert f"disk is full: no room left on {small_disk}: free some space" in health["verdict"]
    await store.close()
    await broker.close()
