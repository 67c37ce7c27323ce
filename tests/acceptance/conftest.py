"""A pipeline that runs, in both forms; and several processors."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from logboom.broker.kafka import KafkaBroker
from logboom.config import KafkaSection
from tests.acceptance.listening import Listening, listening
from tests.flow import Pipeline, settings_for
from tests.processors import PARTITIONS, Load, Processors


@pytest.fixture(params=["embedded", "distributed"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Iterator[Pipeline]:
    """Follows the files `logs/*.log` of the test's folder."""
    running = Pipeline(tmp_path, settings_for(request.param, tmp_path, unique, request))
    running.start()
    yield running
    running.stop()


@pytest.fixture(params=["app.log", "app.log*"])
def following(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pipeline]:
    """An embedded one that follows a log alone, or what it was rotated to as well."""
    (tmp_path / "logs").mkdir()
    running = Pipeline(tmp_path, {"inputs": [{"path": str(tmp_path / "logs" / request.param)}]})
    running.start()
    yield running
    running.stop()


@pytest.fixture
def processors(tmp_path: Path, kafka: str, elasticsearch: str, unique: str) -> Iterator[Processors]:
    settings = {
        "data": str(tmp_path / "data"),
        "broker": {
            "kafka": {
                "bootstrap": [kafka], "topic": unique, "status_topic": f"{unique}-s",
                "partitions": PARTITIONS, "request_timeout": "10s",
            }
        },
        "store": {"elasticsearch": {"urls": [elasticsearch], "replicas": 0}},
        "index": f"{unique}-%Y.%m.%d",
        "processor": {
            "metrics": None, "batch_events": 500, "linger": "100ms", "group": unique, "lease": "5s",
        },
    }  # fmt: skip
    started = Processors(tmp_path, settings)
    yield started
    for name in list(started.running):
        started.end(name, signal.SIGKILL)


@pytest.fixture
def listeners() -> Iterator[Listening]:
    """Who is told of alerts."""
    with listening() as heard:
        yield heard


@pytest.fixture
async def load(processors: Processors, unique: str) -> AsyncIterator[Load]:
    """What the processors work on; its broker is closed also when a test fails."""
    section = KafkaSection(**processors.settings["broker"]["kafka"])
    one = Load(KafkaBroker(section), unique)
    yield one
    await one.broker.close()
