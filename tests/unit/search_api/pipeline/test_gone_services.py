"""Services that are gone are told by no gauge; their counters stay for a while."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from logboom.broker.local import LocalBroker
from logboom.config import LocalBrokerSection
from logboom.reporting import Reporter
from logboom.status import RatesStatus
from logboom.telemetry import PipelineCollector
from search_api.pipeline.state import PipelineState, Snapshot
from tests.api_world import served

COUNTERS = {"rollups_waiting": 66.0, "events_stored": 10.0}


def values(name: str, collector: PipelineCollector) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    samples = [sample for family in registry.collect() for sample in family.samples]
    return {one.labels["instance"]: one.value for one in samples if one.name == name}


def told(pipeline: PipelineState, snapshot: Snapshot) -> Sequence[set[str]]:
    """The instances that the gauges, and those that the counters speak of."""
    collector = PipelineCollector()
    collector.services, collector.gone = snapshot.services, pipeline.gone(snapshot)
    waiting = set(values("logboom_rollups_waiting", collector))
    assert waiting == set(values("logboom_service_waiting", collector))
    return waiting, set(values("logboom_events_stored_total", collector))


async def test_gauges_of_what_is_gone_leave_and_counters_stay(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        broker = LocalBroker(tmp_path / "told", LocalBrokerSection())
        pipeline = PipelineState(broker, world.store, "g", tmp_path, world.clock)
        one, two, three = (
            Reporter(broker, "processor", name, world.clock) for name in ("killed", "stopped", "runs")
        )  # fmt: skip
        for reporter in (one, two, three):
            reporter.state = "running"
            await reporter.post(COUNTERS, {})
        snapshot = await pipeline.snapshot(fresh=True)
        all_three = {"killed", "stopped", "runs"}
        assert told(pipeline, snapshot) == (all_three, all_three)
        two.state = "stopped"
        await two.post(COUNTERS, {})
        snapshot = await pipeline.snapshot(fresh=True)
        assert told(pipeline, snapshot) == ({"killed", "runs"}, all_three)
        world.clock.advance(61)
        await three.post(COUNTERS, {})
        snapshot = await pipeline.snapshot(fresh=True)
        assert told(pipeline, snapshot) == ({"runs"}, all_three)
        world.clock.advance(3600)
        await three.post(COUNTERS, {})
        snapshot = await pipeline.snapshot(fresh=True)
        assert told(pipeline, snapshot) == ({"runs"}, {"runs"})
        await broker.close()


async def test_what_processes_told_that_are_gone_for_a_day_is_deleted(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        broker = LocalBroker(tmp_path / "told", LocalBrokerSection())
        pipeline = PipelineState(broker, world.store, "g", tmp_path, world.clock)
        rates = RatesStatus(instance="one", at_ns=world.clock.now_ns())
        more = {rates.key: rates.model_dump_json().encode()}
        await Reporter(broker, "processor", "one", world.clock).post(COUNTERS, more)
        await Reporter(broker, "shipper", "one", world.clock).post(COUNTERS, {})
        await pipeline.snapshot(fresh=True)
        world.clock.advance(23 * 3600)
        await pipeline.snapshot(fresh=True)
        assert set(await broker.read_status()) == {"processor/one", "rates/one", "shipper/one"}
        world.clock.advance(2 * 3600)
        await pipeline.snapshot(fresh=True)
        assert set(await broker.read_status()) == {"shipper/one"}
        await broker.close()


async def test_nobody_is_taken_for_gone_while_nobody_can_be_heard(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        broker = LocalBroker(tmp_path / "told", LocalBrokerSection())
        pipeline = PipelineState(broker, world.store, "g", tmp_path, world.clock)
        await Reporter(broker, "processor", "one", world.clock).post(COUNTERS, {})
        await pipeline.snapshot(fresh=True)
        await broker.close()
        world.clock.advance(600)
        snapshot = await pipeline.snapshot(fresh=True)
        assert snapshot.broker_trouble is not None
        assert told(pipeline, snapshot) == ({"one"}, {"one"})
