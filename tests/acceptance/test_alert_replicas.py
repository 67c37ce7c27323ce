"""Two replicas of the API, one of them killed every few seconds while hundreds of alerts begin to fire."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from logboom.clock import SystemClock, utc_text
from logboom.config.load import read_config
from logboom.store import open_store
from tests.acceptance.listening import Listening
from tests.acceptance.spikes import (
    LATE_S,
    SETTLE_S,
    Spikes,
    backtested,
    changes_of,
    is_deciding,
    times_told,
    told_once,
)
from tests.polling import eventually
from tests.services.process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

REPLICAS_S = float(os.environ.get("LOGBOOM_TEST_REPLICAS_S") or 16)
KILL_EACH_S = 4.0
RULES = 3
SERVICES = 240
TOLD_WITHIN_S = 180
AT_ONCE = 8
"""Messages that are on their way to one receiver when a replica is killed, at most."""

NAMES = ("first", "second")

LEADS = "alerts are decided here"
"""What a replica says when it begins to decide."""


@dataclass
class Replicas:
    """`logboom api`, twice, each with its own configuration."""

    folder: Path
    settings: dict[str, Any]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in NAMES})

    def config(self, name: str) -> Path:
        path = self.folder / f"{name}.yaml"
        own = {"data": str(self.folder / name)} | self.settings
        own["api"] = {"listen": f"127.0.0.1:{self.ports[name]}"}
        path.write_text(yaml.safe_dump(own))
        return path

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "logboom", "api", "-c", str(self.config(name))],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def end(self, name: str, number: signal.Signals) -> int:
        process = self.running.pop(name)
        process.send_signal(number)
        return process.wait(60)

    def said(self) -> str:
        return "\n".join((self.folder / f"{name}.out").read_text() for name in NAMES)


@pytest.fixture(params=["embedded", "distributed"])
def replicas(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str, listeners: Listening
) -> Iterator[Replicas]:
    rules = [
        {"alert": f"Rule{number}", "when": "count >= 3", "over": "30m", "by": ["service"],
         "where": f"service:s{number}-*", "labels": {"severity": "critical"}}
        for number in range(RULES)
    ]  # fmt: skip
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "every": "1s", "rules": rules}]}))
    alerts = {
        "rules": [str(file)], "settle": f"{SETTLE_S}s",
        "receivers": [{"name": "hook", "webhook": listeners.hook, "allow_private": True}],
        "route": {"receiver": "hook", "group_by": ["..."]},
    }  # fmt: skip
    two = Replicas(tmp_path, {"alerts": alerts, **form_settings(request, tmp_path, unique)})
    yield two
    for name in list(two.running):
        two.end(name, signal.SIGKILL)


def form_settings(request: pytest.FixtureRequest, folder: Path, unique: str) -> dict[str, Any]:
    """Where both have their events, and what they remember."""
    if request.param == "embedded":
        return {"data": str(folder / "data")}
    kafka = {"bootstrap": [request.getfixturevalue("kafka")]}
    url = request.getfixturevalue("elasticsearch")
    return {
        "broker": {"kafka": kafka | {"topic": unique, "status_topic": f"{unique}-s"}},
        "store": {"elasticsearch": {"urls": [url], "replicas": 0}},
        "index": f"{unique}-%Y.%m.%d",
    }


@pytest.fixture
async def spikes(replicas: Replicas) -> AsyncIterator[Spikes]:
    store = await open_store(read_config(replicas.config("first"), {}), clock=SystemClock())
    writer = await store.writer()
    yield Spikes(store, writer)
    await writer.close()
    await store.close()


async def test_each_alert_is_sent_once_by_replicas_that_are_killed(
    replicas: Replicas, spikes: Spikes, listeners: Listening
) -> None:
    since = utc_text(SystemClock().now_ns())
    for name in NAMES:
        replicas.start(name)
    urls = [f"http://127.0.0.1:{port}" for port in replicas.ports.values()]
    await asyncio.to_thread(
        eventually, lambda: any(map(is_deciding, urls)), timeout_s=TOLD_WITHIN_S, what="one decides"
    )
    writing = asyncio.create_task(keep_failing(spikes))
    kills = 0
    for name in itertools.islice(itertools.cycle(NAMES), round(REPLICAS_S / KILL_EACH_S)):
        await asyncio.sleep(KILL_EACH_S)
        assert replicas.end(name, signal.SIGKILL) == -signal.SIGKILL
        replicas.start(name)
        kills += 1
    await writing

    def told() -> dict[tuple[str, str], Any]:
        return told_once([document for _, document in listeners.posted])

    await asyncio.to_thread(
        eventually, lambda: len(told()) >= SERVICES, timeout_s=TOLD_WITHIN_S, what="all are told"
    )
    expected: set[Any] = set()
    for number in range(RULES):
        expected |= await asyncio.to_thread(backtested, urls[0], f"g/Rule{number}", since)
    # Before the ends in order: one that leads hands over then, too.
    leaders = replicas.said().count(LEADS)
    for name in NAMES:
        assert await asyncio.to_thread(replicas.end, name, signal.SIGTERM) == 0
    found = changes_of(told().values())
    assert (sorted(found - expected), sorted(expected - found)) == ([], [])
    assert len(expected) == SERVICES
    assert "Traceback" not in replicas.said()
    times = times_told([document for _, document in listeners.posted])
    again = sum(keys for often, keys in times.items() if often > 1)
    assert again <= kills * AT_ONCE, f"sent again, though nobody was killed while sending: {times}"
    assert leaders > 1
    if (
        "data" in replicas.settings
    ):  # the system knows at once who has died, and that nobody else has
        assert leaders <= kills + 1, "two have led at the same time"
    print(
        f"{kills} kills, {leaders} times somebody led, {len(expected)} alerts,"
        f" {spikes.late} of them late; keys by how often"
        f" they came: {dict(times)}"
    )


async def keep_failing(spikes: Spikes) -> None:
    """A spike of each service, spread over the time in which replicas are killed; some come late."""
    at_once = max(1, round(SERVICES / REPLICAS_S))
    names = [f"s{number % RULES}-{number}" for number in range(SERVICES)]
    for number, begin in enumerate(range(0, SERVICES, at_once)):
        age_s = LATE_S if number >= LATE_S and number % 3 == 0 else 0
        await spikes.write(names[begin : begin + at_once], errors=3, age_s=age_s)
        await asyncio.sleep(1)
