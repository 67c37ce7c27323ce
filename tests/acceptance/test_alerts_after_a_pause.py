"""A shipper stands still, as on a suspended machine, while a service writes on: nothing is told of that."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from logboom.clock import SystemClock
from tests.acceptance.listening import Listening
from tests.flow import Pipeline, settings_for
from tests.polling import eventually

PAUSED_S = 25.0
WATCHED_S = 15.0
"""So long after the pause it was told falsely, at the latest."""

RULES: list[dict[str, Any]] = [
    {"alert": "Gone", "when": "absent", "by": ["service"]},
    {"alert": "Quiet", "when": "count < 1"},
    {"alert": "Unmeasured", "when": "avg(event.duration) > 1 min", "by": ["service"], "no_data": "alert"},
    {"alert": "Steady", "when": "count > 3"},
]  # fmt: skip


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Two lines a second, by whatever else stands still; the last half minute is there at the beginning."""
    over = threading.Event()

    def line_of(seconds_ago: float) -> str:
        now_s = SystemClock().now_ns() / 1e9 - seconds_ago
        time = datetime.fromtimestamp(now_s, UTC).isoformat()
        line = {"timestamp": time, "message": "paid", "service": "cart", "duration_ms": 20}
        return json.dumps(line) + "\n"

    def write() -> None:
        while not over.wait(0.5):
            with path.open("a") as file:
                file.write(line_of(0))

    path.write_text("".join(line_of(number / 2) for number in range(60, 0, -1)))
    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.timeout(300)
def test_a_pause_of_the_shipper_is_no_silence(
    tmp_path: Path, unique: str, request: pytest.FixtureRequest, listeners: Listening
) -> None:
    rules = tmp_path / "rules.yaml"
    each: dict[str, Any] = {
        "over": "10s",
        "where": "service:cart",
        "labels": {"severity": "critical"},
    }
    group = {"name": "g", "every": "2s", "rules": [{**each, **rule} for rule in RULES]}
    rules.write_text(yaml.safe_dump({"groups": [group]}))
    alerts = {
        "rules": [str(rules)],
        "receivers": [{"name": "hook", "webhook": listeners.hook, "allow_private": True}],
        "route": {"receiver": "hook", "group_interval": "1s"},
    }
    settings = settings_for("embedded", tmp_path, unique, request)
    pipeline = Pipeline(tmp_path, {**settings, "alerts": alerts})

    def told() -> set[tuple[str, str]]:
        """What was told of our rules, without that the pipeline itself is late."""
        found = (one for _, document in listeners.posted for one in document["alerts"])
        return {
            (one["labels"]["alertname"], one["state"])
            for one in found
            if one["rule"].startswith("g/")
        }

    with writing(tmp_path / "logs" / "cart.log"):
        pipeline.start()
        try:
            eventually(told, timeout_s=60, what="the steady service is told of")
            shipper = pipeline.children()["ship"]
            shipper.send_signal(signal.SIGSTOP)
            try:
                threading.Event().wait(PAUSED_S)
            finally:
                shipper.send_signal(signal.SIGCONT)
            threading.Event().wait(WATCHED_S)
            begun = {
                (one["labels"]["alertname"], one["state"], one["starts_at"])
                for _, document in listeners.posted
                for one in document["alerts"]
            }
            assert told() == {("Steady", "firing")}, begun
        finally:
            pipeline.stop()
