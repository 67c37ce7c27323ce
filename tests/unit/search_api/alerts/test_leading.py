"""Who leads again remembers nothing of how late the pipeline was when it led before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.state.local import LocalState
from logboom.store import open_store
from search_api.alerts.alerting import Alerting
from search_api.state import PipelineState, Snapshot
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START


class DownBroker:
    """What is known of a pipeline whose broker does not answer."""

    looks = 0

    async def timely_snapshot(self) -> Snapshot:
        self.looks += 1
        return Snapshot((), (), (), "the broker does not answer")


async def led(alerting: Alerting, pipeline: DownBroker) -> None:
    """Leads until the pipeline was looked at twice."""
    looks = pipeline.looks + 2
    running = asyncio.create_task(alerting.run())

    async def has_looked() -> bool:
        return pipeline.looks >= looks

    await soon(has_looked, timeout_s=60, what="it leads")
    running.cancel()
    await asyncio.wait([running])


async def test_a_trouble_of_long_ago_is_not_counted_from_then(tmp_path: Path) -> None:
    clock, pipeline = ManualClock(START), DownBroker()
    config = Config.model_validate({"data": tmp_path})
    store, memory = await open_store(config, clock=clock), LocalState(tmp_path / "state", clock)
    alerting = Alerting(store, memory, cast("PipelineState", cast("Any", pipeline)), config, clock)

    await led(alerting, pipeline)
    assert alerting.engine.standing.late_s == 0
    clock.advance(3_600)  # others lead meanwhile, and the broker answers them
    await led(alerting, pipeline)
    assert alerting.engine.standing.late_s == 0

    await memory.close()
    await store.close()
