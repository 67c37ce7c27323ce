"""How many processors a machine runs: its settings, and where their number is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from logboom.broker import PartitionLag
from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection, ScaleSection, expand, from_mapping
from logboom.errors import ConfigError
from logboom.scaling import ScalingChange, ScalingStatus, decode_scaling
from logboom.status import ServiceStatus
from logboom.store import open_store
from logboom.telemetry import PipelineCollector
from processor.scaling.deciding import Figures
from processor.scaling.run import settings_of_one
from processor.scaling.scaler import figures_of
from search_api.pipeline.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 1_000_000_000
CHANGE = ScalingChange(at_ns=NOW_NS - 180 * 10**9, before=2, after=4, reason="350,000 events wait")
STATUS = ScalingStatus(
    host="n1-77", at_ns=NOW_NS, processors=4, running=3, least=2, most=8, lag=350_000, cpu=0.8,
    ups=1, downs=0, changes=(CHANGE,),
)  # fmt: skip
DISTRIBUTED = {"broker": "kafka://k:9092", "store": "https://e:9200"}


def configured(scale: dict[str, Any], **more: Any) -> Config:
    return from_mapping(
        expand({**DISTRIBUTED, "processor": {"scale": scale}, **more}), origin="test"
    )


def test_an_empty_section_takes_the_defaults() -> None:
    section = configured({}).processor.scale
    assert section is not None
    assert section.min == 2
    assert 2 <= section.most <= 20


@pytest.mark.parametrize(("given", "most"), [({"max": 5}, 5), ({"min": 25}, 25)])
def test_the_most_is_what_is_said_and_never_below_the_least(
    given: dict[str, int], most: int
) -> None:
    assert ScaleSection(**given).most == most


@pytest.mark.parametrize(
    ("scale", "more", "what"),
    [
        ({"min": 5, "max": 3}, {}, "max 3 below min 5"),
        ({"up_at": 0.3, "down_at": 0.3}, {}, "`down_at` below `up_at`"),
        ({"min": 0}, {}, "min"),
        ({}, {"store": "local"}, "embedded store has one writer"),
        ({}, {"broker": "local"}, "embedded broker has one reader"),
        ({"mim": 3}, {}, "min"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    scale: dict[str, Any], more: dict[str, str], what: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        configured(scale, **more)


def test_each_of_them_is_an_ordinary_processor_without_metrics_of_its_own() -> None:
    settings = {**DISTRIBUTED, "processor": {"scale": {"min": 3}, "group": "g"}}
    assert settings_of_one(settings) == {
        **DISTRIBUTED,
        "processor": {"group": "g", "metrics": None},
    }
    assert settings["processor"] == {"scale": {"min": 3}, "group": "g"}


def test_the_status_stream_carries_it() -> None:
    entries = {STATUS.key: STATUS.model_dump_json().encode(), "shipper/a": b"{}"}
    assert decode_scaling(entries) == [STATUS]


def test_it_is_a_metric() -> None:
    collector, registry = PipelineCollector(), CollectorRegistry()
    collector.scaling = [STATUS]
    registry.register(collector)
    text = generate_latest(registry).decode()
    for line in (
        'logboom_processors_wanted{instance="n1-77"} 4.0',
        'logboom_processors_running{instance="n1-77"} 3.0',
        'logboom_processors_changes_total{direction="up",instance="n1-77"} 1.0',
        'logboom_processors_changes_total{direction="down",instance="n1-77"} 0.0',
    ):
        assert line in text


@pytest.mark.parametrize(
    ("waiting", "held_up"),
    [
        ((None, None), None),
        ((None,), "1 of 2 processors are starting"),
        ((None, "the store does not answer"), "the store does not answer"),
        ((), "2 of 2 processors are starting"),
    ],
)
def test_those_that_start_or_wait_hold_a_decision_up(
    waiting: tuple[str | None, ...], held_up: str | None
) -> None:
    services = [
        ServiceStatus(
            service="processor", instance=str(pid), pid=pid, host="n1", version="1", started_ns=0,
            at_ns=0, state="waiting" if words else "running", waiting_for=words,
        )
        for pid, words in enumerate(waiting)
    ]  # fmt: skip
    lag = [PartitionLag(0, 10, 30), PartitionLag(1, 0, 5)]
    assert figures_of(lag, 0.5, services, 2) == Figures(25, 0.5, 2, held_up)


@pytest.mark.parametrize("age_s", [0, 60])
async def test_the_health_tells_it_as_long_as_it_is_fresh(tmp_path: Path, age_s: float) -> None:
    clock = ManualClock(NOW)
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    store = await open_store(Config(data=tmp_path), clock=clock)
    try:
        await broker.post_status({STATUS.key: STATUS.model_dump_json().encode()})
        clock.advance(age_s)
        health = await PipelineState(broker, store, "g", tmp_path, clock).health(with_reasons=True)
    finally:
        await store.close()
        await broker.close()
    told = [part for part in health["parts"] if part["name"] == "processors of n1-77"]
    if age_s:
        assert told == []
    else:
        assert told[0]["state"] == "running"
        assert told[0]["detail"] == (
            "3 of 4 processors run (2 to 8); from 2 to 4 3 min ago: 350,000 events wait"
        )
