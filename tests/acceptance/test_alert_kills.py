"""Whoever decides and tells alerts is killed at every step of that: none is lost, none told twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from logboom.clock import SystemClock, utc_text
from logboom.config import Config
from logboom.store import open_store
from tests.acceptance.killing import STEPS, Place, start_api
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
from tests.contract.stores import config_of
from tests.polling import eventually
from tests.services.process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

STORES = (os.environ.get("LOGBOOM_TEST_KILLS") or "local").split(",")
DIES_WITHIN_S = 120
SPIKE_EACH_S = {"local": 1.0, "elasticsearch": 4.0}
"""Another one takes over after 15 s there; a backtest shows a hundred changes of a rule."""

FIRST_LATE = 9
"""Before the first spike there is an evaluation, which begins with what is present."""

CONDITIONS: tuple[dict[str, Any], ...] = (
    {"when": "count >= 3", "over": "8s"},
    {"when": "errors > 2", "over": "7s", "for": "2s"},
    {"when": "p95(event.duration) > 1s", "over": "5s", "keep_firing_for": "3s"},
    {"when": "ratio('level:error', '*') > 50%", "over": "8s", "min_events": 4},
)


def rules() -> list[dict[str, Any]]:
    return [
        {"alert": f"Rule{number}", "by": ["service"], "where": f"service:s{number}-*",
         "labels": {"severity": "critical"}, **condition}
        for number, condition in enumerate(CONDITIONS)
    ]  # fmt: skip


@pytest.fixture(params=STORES)
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str, listeners: Listening
) -> dict[str, Any]:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "every": "1s", "rules": rules()}]}))
    config = config_of(request.param, request, tmp_path / "data", unique)
    return {
        **config.model_dump(mode="json", include={"data", "index"}), "store": config.store,
        "api": {"listen": f"127.0.0.1:{free_port()}"},
        "alerts": {
            "rules": [str(file)], "settle": f"{SETTLE_S}s",
            "receivers": [{"name": "hook", "webhook": listeners.hook, "allow_private": True}],
            "route": {"receiver": "hook", "group_by": ["..."], "group_interval": "1s"},
        },
    }  # fmt: skip


@pytest.fixture
async def spikes(settings: dict[str, Any]) -> AsyncIterator[Spikes]:
    store = await open_store(Config.model_validate(settings), clock=SystemClock())
    writer = await store.writer()
    yield Spikes(store, writer)
    await writer.close()
    await store.close()


async def test_no_alert_is_lost_or_doubled_by_a_kill_at_any_step(
    settings: dict[str, Any], spikes: Spikes, listeners: Listening
) -> None:
    since = utc_text(SystemClock().now_ns())
    process, url = start_api(settings, None), f"http://{settings['api']['listen']}"
    await asyncio.to_thread(
        eventually, lambda: is_deciding(url), timeout_s=DIES_WITHIN_S, what="rules are evaluated"
    )
    process.kill()
    ending = asyncio.Event()
    writing = asyncio.create_task(keep_failing(spikes, until=ending))
    places = [Place(step, is_done) for step in STEPS for is_done in (False, True)]
    halfway = len(places) // 2
    for early, late in zip(places[:halfway], places[halfway:], strict=True):
        for place in (early, late):
            await asyncio.to_thread(dies, start_api(settings, place), str(place))
    for where in ("before", "after"):
        await asyncio.to_thread(dies_when_told, settings, listeners, where)
    ending.set()
    await writing
    process = start_api(settings, None)
    try:
        await judged(url, spikes, listeners, since)
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, DIES_WITHIN_S)
    assert process.exitcode == 0


async def keep_failing(spikes: Spikes, *, until: asyncio.Event) -> None:
    """A spike each time; one that is being written is written and noted before it ends."""
    while not until.is_set():
        number = len(spikes.services)
        age_s = LATE_S if number >= FIRST_LATE and number % 3 == 0 else 0
        await spikes.write([f"s{number % len(CONDITIONS)}-{number}"], age_s=age_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), SPIKE_EACH_S[spikes.store.kind])


def dies(process: BaseProcess, where: str) -> None:
    process.join(DIES_WITHIN_S)
    try:
        assert process.exitcode == -signal.SIGKILL, f"it does not come to where it dies {where}"
    finally:
        process.kill()


def dies_when_told(settings: dict[str, Any], listeners: Listening, where: str) -> None:
    """It has sent a message, and the answer has, or has not, been sent."""
    process = start_api(settings, None)
    setattr(listeners, where, process.kill)
    dies(process, f"{where} it is answered")
    setattr(listeners, where, lambda: None)


async def judged(url: str, spikes: Spikes, listeners: Listening, since: str) -> None:
    def told() -> dict[tuple[str, str], Any]:
        return told_once([document for _, document in listeners.posted])

    def not_over() -> set[str]:
        over = {one["labels"]["service.name"] for one in told().values() if one["ends_at"]}
        return {*spikes.services} - over

    await asyncio.to_thread(
        eventually, lambda: not not_over(), timeout_s=DIES_WITHIN_S, what="all are told to be over"
    )
    eventually(lambda: is_quiet(url), timeout_s=60, what="nothing is to be delivered")
    expected: set[Any] = set()
    for rule in rules():
        expected |= await asyncio.to_thread(backtested, url, f"g/{rule['alert']}", since)
    found = changes_of(told().values())
    assert {one for one in expected if one[1] == "resolved"} == {
        one for one in found if one[1] == "resolved"
    }
    assert found <= expected
    unseen = sum(one[1] == "firing" for one in expected - found)
    print(
        f"{len(spikes.services)} spikes, {spikes.late} of them late, {len(expected)} changes, {len(found)} told,"
        f" {unseen} only as their end; keys by how often they came: "
        f"{dict(times_told([document for _, document in listeners.posted]))}"
    )


def is_quiet(url: str) -> bool:
    answer = httpx.get(f"{url}/api/v1/deliveries", timeout=10)
    return all(one["status"] != "retrying" for one in answer.json()["deliveries"])
