"""Parts that do not answer take nobody's time: each has its own verdict, soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logboom.broker.local import LocalBroker
from logboom.broker.port import PartitionLag
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.errors import BrokerUnavailable
from logboom.state.local import LocalState
from logboom.store import open_store
from search_api.alerts.alerting import Alerting
from search_api.pipeline.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class HangingBroker(LocalBroker):
    """A broker that has stopped: it takes what is asked, and answers nothing."""

    async def read_status(self) -> Mapping[str, bytes]:
        return await asyncio.Event().wait() and {}

    async def lag(self, *, group: str) -> Sequence[PartitionLag]:
        return await asyncio.Event().wait() and []


async def hanging(*_: Any, **__: Any) -> str:
    return f"{await asyncio.Event().wait()}"


@pytest.fixture
async def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PipelineState]:
    clock = ManualClock(NOW)
    broker = HangingBroker(tmp_path / "broker", LocalBrokerSection())
    store = await open_store(Config(data=tmp_path), clock=clock)
    for name in ("check", "troubles", "limits"):
        monkeypatch.setattr(store, name, hanging)
    pipeline = PipelineState(broker, store, "g", tmp_path, clock, patience_s=0.05)
    yield pipeline
    await pipeline.close()
    await store.close()
    await broker.close()


async def test_the_health_does_not_wait_for_what_does_not_answer(stuck: PipelineState) -> None:
    health = await asyncio.wait_for(stuck.health(with_reasons=True), 30)
    told = {part["name"]: (part["state"], part["detail"]) for part in health["parts"]}
    assert told["broker"][0] == told["store"][0] == health["status"] == "down"
    assert told["broker"][1].endswith("does not answer")
    assert told["store"][1].startswith("does not answer within")
    assert told["disk"][0] == "answers"
    assert told["shipper"][0] == told["processor"][0] == "unknown"
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await asyncio.wait_for(stuck.ledger(), 30)


async def test_alerts_do_not_wait_for_a_broker_that_does_not_answer(
    stuck: PipelineState, tmp_path: Path
) -> None:
    clock, config = ManualClock(NOW), Config(data=tmp_path / "alerts")
    memory = LocalState(tmp_path / "memory", clock)
    store = await open_store(config, clock=clock)
    alerting = Alerting(store, memory, stuck, config, clock)
    await asyncio.wait_for(alerting.engine.step(), 30)
    clock.advance(7)
    await asyncio.wait_for(alerting.engine.step(), 30)
    assert alerting.engine.standing.late_s == 7
    await store.close()
    await memory.close()
