"""Several processors in one group: one joins, one is killed, one is stopped, all of it under load."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from logboom.broker import Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.clock import SystemClock, utc_text
from logboom.config import KafkaSection
from logboom.event import event_id, source_run
from logboom.status import ServiceStatus, decode_status
from tests.polling import soon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KEYS = 24
PARTITIONS = 6
PIECE = 300
PHASE = 12
"""Batches of `PIECE` events around an incident."""
MOST_WAIT = 2500


@dataclass
class Processors:
    """`logboom process`, several times, with one configuration."""

    folder: Path
    settings: dict[str, Any]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> int:
        """Starts one more; gives its process id."""
        config = self.folder / "logboom.yaml"
        config.write_text(yaml.safe_dump(self.settings))
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "logboom", "process", "-c", str(config)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return self.running[name].pid

    def end(self, name: str, number: signal.Signals) -> int:
        """Sends a signal, and gives the exit status."""
        process = self.running.pop(name)
        os.kill(process.pid, number)
        return process.wait(60)

    def said(self) -> str:
        """The ends of their logs."""
        logs = sorted(self.folder.glob("*.out"))
        return "\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for path in logs)


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
        "processor": {"metrics": None, "batch_events": 500, "linger": "100ms", "group": unique},
    }  # fmt: skip
    started = Processors(tmp_path, settings)
    yield started
    for name in list(started.running):
        started.end(name, signal.SIGKILL)


class Load:
    """Publishes events of `KEYS` sources, numbered through, as a shipper does.

    It is paced by the processors: as much waits for them as keeps all of them busy.
    """

    def __init__(self, broker: KafkaBroker, group: str) -> None:
        self.broker = broker
        self._group = group
        self.published = 0

    async def publish(self, pieces: int) -> None:
        """So many batches more."""
        for _ in range(pieces):
            publisher = await self.broker.publisher(producer="load")
            await soon(self._has_room, timeout_s=60, what="the processors get on")
            numbers = range(self.published, self.published + PIECE)
            await publisher.publish(OutgoingBatch(1, [_message(number) for number in numbers]))
            await publisher.close()
            self.published += PIECE

    async def _has_room(self) -> bool:
        return sum(lag.messages for lag in await self.broker.lag(group=self._group)) < MOST_WAIT

    async def until(self, condition: Callable[[dict[int, ServiceStatus]], bool], what: str) -> None:
        """Goes on publishing until the processors' states are so."""

        async def check() -> bool:
            await self.publish(1)
            return condition(await self.processors())

        await soon(check, timeout_s=60, what=what)

    async def processors(self) -> dict[int, ServiceStatus]:
        """The last told state of each processor, by process id."""
        services, _ = decode_status(await self.broker.read_status())
        return {status.pid: status for status in services}


def _message(number: int) -> Message:
    run = source_run(f"source-{number % KEYS}", 0)
    now = utc_text(SystemClock().now_ns() // 1_000_000 * 1_000_000)
    event = {
        "@timestamp": now,
        "event": {"id": event_id(run, number), "created": now},
        "log": {"source": run, "offset": number, "level": "info"},
        "message": f"order {number} was handled",
        "service": {"name": "shop"},
    }
    return Message(run.encode(), orjson.dumps(event))


def _stored(url: str, index: str, key: int) -> list[dict[str, Any]]:
    """The events of one source, by offset."""
    query = {"term": {"log.source": source_run(f"source-{key}", 0)}}
    answer = httpx.post(
        f"{url}/{index}/_search", params={"ignore_unavailable": "true"}, timeout=60,
        json={"size": 10_000, "query": query, "_source": ["log.offset", "event.ingested"]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    events = [hit["_source"] for hit in answer.json()["hits"]["hits"]]
    return sorted(events, key=lambda event: int(event["log"]["offset"]))


def _count(url: str, index: str) -> int:
    httpx.post(f"{url}/{index}/_refresh", timeout=60)
    answer = httpx.get(f"{url}/{index}/_count", params={"ignore_unavailable": "true"}, timeout=60)
    return int(answer.json()["count"])


async def test_processors_join_die_and_leave_under_load_and_every_event_is_stored_once(
    processors: Processors, elasticsearch: str, unique: str
) -> None:
    section = KafkaSection(**processors.settings["broker"]["kafka"])
    load = Load(KafkaBroker(section), unique)
    await load.publish(1)
    first, second = processors.start("first"), processors.start("second")
    await load.until(
        lambda told: all(_has_stored(told, pid) for pid in (first, second)),
        "two processors share the work",
    )
    third = processors.start("third")
    await load.until(lambda told: _has_stored(told, third), "the third takes its part")
    publishing = asyncio.create_task(load.publish(PHASE))
    processors.end("first", signal.SIGKILL)
    await publishing
    before = (await load.processors())[third].counters["events_stored"]
    publishing = asyncio.create_task(load.publish(PHASE))
    assert await asyncio.to_thread(processors.end, "second", signal.SIGTERM) == 0
    await publishing
    index = f"{unique}-*"
    try:
        await soon(
            lambda: asyncio.to_thread(lambda: _count(elasticsearch, index) >= load.published),
            timeout_s=60, what="everything is stored",
        )  # fmt: skip
    except AssertionError as error:
        raise AssertionError(f"{error}\n{processors.said()}") from error
    found: defaultdict[int, int] = defaultdict(int)
    for key in range(KEYS):
        events = await asyncio.to_thread(_stored, elasticsearch, index, key)
        for event in events:
            found[event["log"]["offset"]] += 1
        ingested = [event["event"]["ingested"] for event in events]
        assert ingested == sorted(ingested), f"source {key} was not stored in order"
    assert sorted(found) == list(range(load.published))
    assert set(found.values()) == {1}
    assert await _all_that_was_counted(load, third, before) <= load.published
    assert processors.end("third", signal.SIGTERM) == 0
    assert "Traceback" not in processors.said()
    assert sum(lag.messages for lag in await load.broker.lag(group=unique)) == 0
    await load.broker.close()


def _has_stored(told: dict[int, ServiceStatus], pid: int) -> bool:
    return pid in told and told[pid].counters["events_stored"] > 0


async def _all_that_was_counted(load: Load, last: int, before: float) -> float:
    """`events_stored` of all processors, once the last one has told all of its own.

    What the killed one stored in its last second it could not tell: so there may be less than all.
    """

    async def all_told() -> dict[int, ServiceStatus] | None:
        told = await load.processors()
        counters = told[last].counters
        answered = counters["events_stored"] + counters["events_duplicate"]
        is_settled = counters["events_consumed"] == answered
        return told if is_settled and counters["events_stored"] > before else None

    told = await soon(all_told, timeout_s=30, what="the last one tells what it stored")
    assert told is not None
    return sum(status.counters["events_stored"] for status in told.values())
