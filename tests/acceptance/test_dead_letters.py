"""What cannot be shipped is kept, counted, shown, and arrives once after the cause is mended."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.flow import Pipeline

pytestmark = [pytest.mark.slow]

_LIMIT = 2000
_EVENTS = 100
_STRANGE = 50


async def _make_topic(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    limit = {"max.message.bytes": str(_LIMIT)}
    await admin.create_topics([NewTopic(topic, 2, 1, topic_configs=limit)])
    await admin.close()


async def _raise_limit(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    limit = {"max.message.bytes": "1000000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, limit)])
    await admin.close()


@pytest.fixture
def narrow(kafka: str, tmp_path: Path, unique: str) -> Iterator[Pipeline]:
    """Kafka with a topic that takes little, and the embedded store."""
    asyncio.run(_make_topic(kafka, unique))
    (tmp_path / "logs").mkdir()
    broker = {"bootstrap": [kafka], "topic": unique, "status_topic": f"{unique}-s"}
    inputs = [{"path": str(tmp_path / "logs" / "*.log")}]
    running = Pipeline(tmp_path, {"inputs": inputs, "broker": {"kafka": broker}})
    running.start()
    yield running
    running.stop()


def _line(number: int) -> str:
    event = {"message": f"line {number}", "level": "info", "seq": number}
    if number == _STRANGE:  # a name cannot be cut: the event would be another one
        event |= {"logger": os.urandom(4000).hex(), "password": "correct-horse-battery"}
    return json.dumps(event)


def _logboom(pipeline: Pipeline, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logboom", *words, "-c", str(pipeline.folder / "logboom.yaml")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_dead_letter_from_its_burial_to_its_replay(
    narrow: Pipeline, kafka: str, unique: str, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "app.log"
    log.write_text("".join(f"{_line(number)}\n" for number in range(_EVENTS)))
    narrow.await_count("service:app", _EVENTS - 1, timeout_s=240)
    assert narrow.doctor(wait_s=120) == 0, narrow.said()
    ledger = narrow.ask("ledger")
    (row,) = (one for one in ledger["sources"] if one["path"] == str(log))
    assert (ledger["dead"], row["lines_dead"], row["lines_acked"]) == (1, 1, _EVENTS - 1)

    why = _logboom(narrow, "why", str(log))
    assert why.returncode == 0, why.stdout
    assert "1 dead" in why.stdout
    listed = _logboom(narrow, "dead", "list")
    assert "limits of the topic" in listed.stdout
    for path in (tmp_path / "data" / "dead").iterdir():
        assert b"correct-horse" not in path.read_bytes()

    asyncio.run(_raise_limit(kafka, unique))
    replayed = _logboom(narrow, "dead", "replay", "--all")
    assert (replayed.returncode, replayed.stdout) == (0, "1 sent, 0 refused\n"), replayed.stderr
    narrow.await_count("service:app", _EVENTS, timeout_s=240)
    assert narrow.sequence_ids("service:app") == Counter(range(_EVENTS))
    assert narrow.doctor(wait_s=120) == 0, narrow.said()
    ledger = narrow.ask("ledger")
    (row,) = (one for one in ledger["sources"] if one["path"] == str(log))
    assert (ledger["dead"], row["lines_dead"], row["lines_acked"]) == (0, 0, _EVENTS)
