"""No line lost, none counted twice: whatever process dies, and in both forms."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.writing import LogWriter

EVENTS = 60_000
RATE = 5_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(params=["embedded", "distributed"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Iterator[Pipeline]:
    (tmp_path / "logs").mkdir()
    settings: dict[str, Any] = {"inputs": [{"path": str(tmp_path / "logs" / "app.log")}]}
    if request.param == "distributed":
        kafka = {"bootstrap": [request.getfixturevalue("kafka")]}
        kafka |= {"topic": unique, "status_topic": f"{unique}-status"}
        settings["broker"] = {"kafka": kafka}
        settings["store"] = request.getfixturevalue("elasticsearch")
        settings["index"] = f"{unique}-%Y.%m.%d"
    running = Pipeline(tmp_path, settings)
    running.start()
    yield running
    running.stop()


def test_the_verifier_turns_red_when_a_line_is_missing_or_doubled() -> None:
    whole = Counter(dict.fromkeys(range(1000), 1))
    assert verify(whole, 1000).green
    assert verify(whole - Counter([417]), 1000).lost == [417]
    assert verify(whole + Counter([417]), 1000).doubled == [417]
    assert verify(whole + Counter([5000]), 1000).strange == [5000]


def test_every_event_is_found_once_though_each_process_is_killed_under_load(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    dice = random.Random(7)
    writer = LogWriter(
        tmp_path / "logs" / "app.log", count=EVENTS, per_second=RATE, rotate_every=EVENTS // 6
    )
    writer.start()
    moments = sorted(
        (dice.uniform(0.05, 0.95) * EVENTS, service)
        for service in ("ship", "process", "api")
        for _ in range(3)
    )
    for moment, service in moments:
        eventually(lambda m=moment: writer.written >= m, timeout_s=60, what="the load goes on")
        pipeline.kill(service)
    writer.join()
    eventually(
        lambda: pipeline.count("service:shop-*") >= EVENTS,
        timeout_s=90,
        what=f"all events are found: {pipeline.said()}",
    )
    verdict = verify(pipeline.sequence_ids("service:shop-*"), EVENTS)
    assert verdict.green, f"{verdict}\n{pipeline.said()}"
    assert _doctor(pipeline) == 0


def test_the_doctor_turns_red_when_the_store_lost_a_line(
    pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if "distributed" not in request.node.name:
        pytest.skip("an event cannot be taken out of the embedded store")
    LogWriter(tmp_path / "logs" / "app.log", count=500, per_second=100_000).start()
    eventually(lambda: pipeline.count("service:shop-*") == 500, timeout_s=30, what="all are found")
    assert _doctor(pipeline) == 0
    page = pipeline.ask("search", q="service:shop-*", limit=1)
    _delete(pipeline.settings["store"], pipeline.settings["index"], page["events"][0])
    assert _doctor(pipeline) == 1


def _delete(url: str, index: str, event: dict[str, Any]) -> None:
    import httpx

    day = event["@timestamp"][:10].replace("-", ".")
    name = index.replace("%Y.%m.%d", day)
    answer = httpx.delete(f"{url}/{name}/_doc/{event['_id']}", params={"refresh": "true"})
    assert answer.status_code == 200


def _doctor(pipeline: Pipeline) -> int:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "logboom", "doctor", "--url", pipeline.url, "--wait", "20"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode
