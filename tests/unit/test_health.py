"""The health says that a service crashes, also while it happens to run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.lifecycle import SUPERVISED, restarts_in
from logboom.reporting import Reporter
from logboom.store import open_store
from search_api.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def health_of(folder: Path, *, restarts: int, age_s: float) -> dict[str, Any]:
    clock = ManualClock(NOW)
    broker = LocalBroker(folder / "broker", LocalBrokerSection())
    store = await open_store(Config(data=folder), clock=clock)
    try:
        shipper = Reporter(broker, "shipper", "a", clock, restarts=restarts)
        processor = Reporter(broker, "processor", "b", clock)
        shipper.state = processor.state = "running"
        clock.advance(age_s)
        await shipper.post({}, {})
        await processor.post({}, {})
        return await PipelineState(broker, store, "g", folder, clock).health()
    finally:
        await store.close()
        await broker.close()


async def test_a_service_that_was_started_again_and_again_is_crashing(tmp_path: Path) -> None:
    health = await health_of(tmp_path, restarts=3, age_s=20)
    assert health["status"] == "degraded"
    assert "shipper a is crashing: started again 3 times within 5 minutes" in health["verdict"]


@pytest.mark.parametrize(("restarts", "age_s"), [(0, 20), (1, 20), (3, 301)])
async def test_one_restart_or_old_ones_are_forgiven(
    tmp_path: Path, restarts: int, age_s: float
) -> None:
    health = await health_of(tmp_path, restarts=restarts, age_s=age_s)
    assert (health["status"], health["verdict"]) == ("ok", "everything works")


def test_a_service_knows_its_restarts_from_its_supervisor() -> None:
    assert [restarts_in({}), restarts_in({SUPERVISED: "4"})] == [0, 4]
