"""A thousand alerts, and a receiver that fails half of the time."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from logboom.config.receiving import ReceiverSection
from logboom.state.local import LocalState
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.opening import outlet_of
from tests.acceptance.listening import Listening
from tests.acceptance.spikes import times_told, told_once
from tests.polling import soon
from tests.unit.search_api.notifying.stage import CLOCK, LINKS, at_once, firing, is_quiet, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ALERTS = int(os.environ.get("LOGBOOM_TEST_ALERTS") or 1000)
OF_ONE_RULE = 50
DELIVERED_WITHIN_S = 300


async def test_all_alerts_are_delivered_though_half_of_all_tries_fail(
    tmp_path: Path, listeners: Listening
) -> None:
    state, chance, answers = LocalState(tmp_path, CLOCK), random.Random(1), Counter[int]()

    def status() -> int:
        """Fine; not now; or it was taken, and nobody says so."""
        (found,) = chance.choices((204, 503, 0), (50, 35, 15))
        answers[found] += 1
        return found

    listeners.status = status
    section = ReceiverSection.model_validate(
        {"name": "team", "webhook": listeners.hook, "allow_private": True}
    )
    outlet = outlet_of(section, CLOCK)
    dispatcher = Dispatcher(
        state, at_once(["team"]), {"team": outlet}, CLOCK, LINKS,
        poll_s=1.0, first_wait_s=0.01, most_wait_s=0.1,
    )  # fmt: skip
    for begin in range(0, ALERTS, OF_ONE_RULE):
        alerts = [firing(f"Errors{begin + number}") for number in range(OF_ONE_RULE)]
        await stage(state, alerts, rule=f"shop/rule{begin}")
    running = asyncio.create_task(dispatcher.run())
    await soon(lambda: is_quiet(state), timeout_s=DELIVERED_WITHIN_S, what="all are delivered")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await outlet.client.close()
    await state.close()
    posted = [document for _, document in listeners.posted]
    tries, told = sum(answers.values()), told_once(posted)
    print(
        f"{len(told)} of {ALERTS} alerts delivered ({len(told) / ALERTS:.1%}) in {tries} tries, of which"
        f" {answers[503]} were refused and {answers[0]} were taken without an answer; keys by how often"
        f" they came: {dict(times_told(posted))}"
    )
    assert {episode for episode, _ in told} == {f"Errors{number}" for number in range(ALERTS)}
    assert sum(answers[one] for one in (503, 0)) > 0.4 * tries
