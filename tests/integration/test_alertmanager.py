"""A real Prometheus Alertmanager takes what we send, and believes us when it is over."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from logboom.config.receiving import ReceiverSection
from logboom.state.local import LocalState
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.notification import Links
from search_api.notifying.opening import outlet_of
from tests.polling import eventually, soon
from tests.services.process import free_port
from tests.unit.notifying.stage import CLOCK, ended, stage, until_quiet
from tests.unit.notifying.test_dispatcher import at_once, firing, now

STARTED_WITHIN_S = 60.0
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """The address of one of Debian's package."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("alertmanager is not installed: scripts/install-debian-packages does it")
        pytest.skip("prometheus-alertmanager is not installed")
    config, address = tmp_path / "alertmanager.yml", f"127.0.0.1:{free_port()}"
    config.write_text(CONFIG)
    with (tmp_path / "alertmanager.out").open("wb") as out:
        process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={tmp_path / 'am'}",
             f"--web.listen-address={address}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    url = f"http://{address}"
    eventually(lambda: ready(url), timeout_s=STARTED_WITHIN_S, what="Alertmanager is ready")
    yield url
    process.terminate()
    process.wait(30)


def ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def known(url: str) -> list[dict[str, Any]]:
    with urlopen(f"{url}/api/v2/alerts", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


async def test_it_takes_what_fires_and_what_is_over(alertmanager: str, tmp_path: Path) -> None:
    section = ReceiverSection.model_validate(
        {"name": "team", "alertmanager": alertmanager, "allow_private": True}
    )
    outlet = outlet_of(section, CLOCK)
    state = LocalState(tmp_path / "state", CLOCK)
    dispatcher = Dispatcher(
        state,
        at_once(["team"]),
        {"team": outlet},
        CLOCK,
        Links("https://logs.example"),
        poll_s=0.05,
    )
    running = asyncio.create_task(dispatcher.run())
    alerts = [firing(f"Errors{number}") for number in range(3)]
    await stage(state, alerts)
    await until_quiet(state)
    taken = {one["labels"]["series"]: one for one in known(alertmanager)}
    assert set(taken) == {"Errors0", "Errors1", "Errors2"}
    first = taken["Errors0"]
    assert first["status"]["state"] == "active"
    assert first["annotations"]["measured"] == "0.2, where error_rate > 0.05 over 2m is alerted"
    assert first["generatorURL"].startswith("https://logs.example/api/v1/search?q=service")
    await stage(state, [ended(alerts[0], now())])
    await until_quiet(state)

    async def left() -> bool:
        return {one["labels"]["series"] for one in known(alertmanager)} == {"Errors1", "Errors2"}

    await soon(left, timeout_s=30, what="it believes that one is over")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await outlet.client.close()
    await state.close()
