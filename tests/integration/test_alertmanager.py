"""A real Prometheus Alertmanager takes what we send, and believes us when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from logboom.config.receiving import ReceiverSection
from logboom.state.local import LocalState
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.notification import Links
from search_api.notifying.opening import outlet_of
from tests.polling import soon
from tests.services.alertmanager import alerts_of, running_alertmanager
from tests.unit.search_api.notifying.stage import (
    CLOCK,
    at_once,
    ended,
    firing,
    now,
    stage,
    until_quiet,
)


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    with running_alertmanager(tmp_path) as url:
        yield url


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
    taken = {one["labels"]["series"]: one for one in alerts_of(alertmanager)}
    assert set(taken) == {"Errors0", "Errors1", "Errors2"}
    first = taken["Errors0"]
    assert first["status"]["state"] == "active"
    assert first["annotations"]["measured"] == "20%, where error_rate > 0.05 over 2m is alerted"
    assert first["generatorURL"].startswith("https://logs.example/api/v1/search?q=service")
    await stage(state, [ended(alerts[0], now())])
    await until_quiet(state)

    async def left() -> bool:
        return {one["labels"]["series"] for one in alerts_of(alertmanager)} == {
            "Errors1",
            "Errors2",
        }

    await soon(left, timeout_s=30, what="it believes that one is over")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await outlet.client.close()
    await state.close()
