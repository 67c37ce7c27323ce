"""What was due is told, also where its end is taken over before anybody has looked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.state.local import LocalState
from search_api.alerts import outbox
from tests.polling import soon
from tests.unit.search_api.notifying.stage import EACH, SOON_S, Listener, dispatching, ended, stage
from tests.unit.search_api.notifying.timeline import START, Timeline, alert, plan

SLOW: dict[str, Any] = {**EACH, "group_wait": "30s"}


async def test_what_was_due_when_the_process_was_dead_is_told_with_its_end(
    state: LocalState,
) -> None:
    clock, team, one = ManualClock(START), Listener(), alert("Errors1")
    listeners, slow = {"team": team}, plan(route=SLOW)

    async def is_taken() -> bool:
        (rule,) = await state.list(outbox.KIND)
        return not rule.value["outbox"]

    async def is_told() -> bool:
        return len(team.done) == 2

    await stage(state, [one])
    async with dispatching(state, slow, listeners, clock):
        await soon(is_taken, timeout_s=SOON_S, what="it is in its group")
    assert team.told() == []
    clock.advance(600)
    await stage(state, [ended(one, START + timedelta(seconds=300))])
    async with dispatching(state, slow, listeners, clock):
        await soon(is_taken, timeout_s=SOON_S, what="its end is in its group")
        clock.advance(5)
        await soon(is_told, timeout_s=SOON_S, what="both are told")

    assert team.told() == [("Errors1", "firing"), ("Errors1", "resolved")]


@pytest.mark.parametrize(
    ("lasted_s", "looked_s", "told"),
    [
        (40, 31, [(31, "firing", "Errors1"), (32, "resolved", "-Errors1")]),
        (300, 600, [(600, "firing", "Errors1"), (601, "resolved", "-Errors1")]),
        (40, 29, [(30, "resolved", "-Errors1")]),
        (20, 600, []),
    ],
)
def test_it_is_told_if_it_lasted_for_longer_than_its_group_waits(
    lasted_s: int, looked_s: int, told: list[tuple[int, str, str]]
) -> None:
    line = Timeline(plan(route=SLOW))
    line.fire("Errors1")
    line.now += timedelta(seconds=looked_s)
    line._step([ended(line.known["Errors1"], START + timedelta(seconds=lasted_s))])
    line.run(100)

    assert [(row[0], *row[2:]) for row in line.seen()] == told


def test_what_is_silenced_then_is_not() -> None:
    line = Timeline(plan(route=SLOW))
    line.silence(["alertname=Errors"], 1_000)
    line.fire("Errors1")
    line.now += timedelta(seconds=600)
    line.resolve("Errors1")
    line.run(3_600, step_s=5)

    assert line.seen() == []


def test_what_was_over_before_its_step_was_due_is_not_escalated_behind_a_downtime() -> None:
    """A told at 30 s and over at 300 s; its step (900 s after it was told) was never due."""
    line = Timeline(
        plan(
            route={
                "receiver": "team",
                "group_by": ["severity"],
                "group_wait": "30s",
                "group_interval": "5m",
            },
            escalation={
                "match": {"severity": "high"},
                "steps": [{"after": "15m", "receiver": "oncall"}],
            },
        )
    )
    line.fire("Early1")
    line.run(40)
    line.fire("Late1")
    line.now += timedelta(hours=1)  # nobody looks
    line._step(
        [
            ended(line.known["Early1"], START + timedelta(seconds=300)),
            ended(line.known["Late1"], START + timedelta(seconds=1000)),
        ]
    )
    line.run(1000, step_s=5)
    rows = line.seen()
    assert not [row for row in rows if row[2].startswith("escalation")]
