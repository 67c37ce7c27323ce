"""The dispatcher on a real state: nothing is lost and nothing told twice, whatever dies when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.state.local import LocalState
from search_api.alerts import outbox
from search_api.notifying import outcomes
from search_api.notifying.client import Client
from search_api.notifying.group import Group
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.outcomes import Outcomes
from tests.polling import soon
from tests.unit.search_api.notifying.stage import (
    CLOCK,
    ONE,
    SOON_S,
    TWO,
    Killing,
    Listener,
    Unreachable,
    at_once,
    dispatching,
    ended,
    firing,
    is_quiet,
    now,
    stage,
    until_quiet,
)


async def test_alerts_are_taken_over_and_delivered(state: LocalState) -> None:
    team = Listener()
    await stage(state, [firing("Errors1"), firing("Slow1")])
    async with dispatching(state, ONE, {"team": team}):
        await until_quiet(state)
    assert team.told() == [("Errors1", "firing"), ("Slow1", "firing")]
    records = await Outcomes(state).read()
    assert {(one.status, one.attempts, one.receiver) for one in records} == {
        ("delivered", 1, "team")
    }
    (rule,) = await state.list(outbox.KIND)
    assert rule.value == {"outbox": [], "next": 2}


async def rounds(
    state: LocalState, listeners: dict[str, Listener], killing: Killing | None
) -> None:
    """An alert fires and resolves; the first dispatcher is killed, a second one goes on."""
    one = firing("Errors1")
    await stage(state, [one])
    if killing is not None:
        async with dispatching(killing, TWO, listeners):
            await asyncio.wait(
                [asyncio.ensure_future(killing.killed.wait()),
                 asyncio.ensure_future(until_quiet(state))],
                return_when=asyncio.FIRST_COMPLETED,
            )  # fmt: skip
    async with dispatching(state, TWO, listeners):
        await until_quiet(state)
        await stage(state, [ended(one, now())])
        await until_quiet(state)
        await soon(
            lambda: _all(listeners, 2), timeout_s=SOON_S, what="the resolution is told to both"
        )


async def _all(listeners: dict[str, Listener], count: int) -> bool:
    return all(len(one.done) >= count for one in listeners.values())


async def killed_once(folder: Path, calls: int | None) -> None:
    state = LocalState(folder, CLOCK)
    listeners = {"team": Listener(), "other": Listener()}
    await rounds(state, listeners, None if calls is None else Killing(state, calls))
    await state.close()
    for listener in listeners.values():
        assert listener.told() == [("Errors1", "firing"), ("Errors1", "resolved")], calls


async def test_a_kill_between_any_two_calls_of_the_state(tmp_path: Path) -> None:
    places = [None, *range(20)]
    await asyncio.gather(*(killed_once(tmp_path / str(place), place) for place in places))


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_kill_while_a_receiver_is_told(state: LocalState, place: str) -> None:
    team = Listener()
    reached = asyncio.Event()

    async def die() -> None:
        reached.set()
        await asyncio.Event().wait()

    setattr(team, place, die)
    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": team}):
        await asyncio.wait_for(reached.wait(), SOON_S)
    setattr(team, place, None)
    async with dispatching(state, ONE, {"team": team}):
        await until_quiet(state)
    assert team.told() == [("Errors1", "firing")]
    assert team.asked == 2


async def test_two_at_once_tell_everything_once(state: LocalState) -> None:
    team = Listener()
    alerts = [firing(f"Errors{number}") for number in range(20)]
    async with dispatching(state, ONE, {"team": team}), dispatching(state, ONE, {"team": team}):
        for one in alerts:
            await stage(state, [one], rule=f"shop/{one.episode}")
        await until_quiet(state)
    assert team.told() == sorted((one.episode, "firing") for one in alerts)


async def test_a_dead_receiver_delays_no_other(state: LocalState) -> None:
    dead, other = Unreachable(), Listener()
    await stage(state, [firing(f"Errors{number}") for number in range(30)])
    async with dispatching(
        state, TWO, {"team": dead, "other": other}, first_wait_s=60, most_wait_s=60
    ):
        await soon(lambda: _all({"other": other}, 30), timeout_s=SOON_S, what="others are told")
    records = await Outcomes(state).read()
    assert {one.status for one in records if one.receiver == "team"} <= {"retrying"}
    assert dead.asked <= 30
    assert not await is_quiet(state)


async def test_the_next_message_of_a_group_waits_for_the_one_before(state: LocalState) -> None:
    order: list[str] = []

    class Ordered(Listener):
        async def deliver(self, notification, client):  # type: ignore[no-untyped-def]
            outcome = await super().deliver(notification, client)
            if outcome.delivered:
                order.append(notification.kind)
            return outcome

    later = Outcome(delivered=False, detail="HTTP 503", retryable=True)
    team = Ordered(failing=lambda number: later if number < 6 else None)
    one = firing("Errors1")
    await stage(state, [one])
    async with dispatching(state, ONE, {"team": team}):
        await soon(partial(_more, team, 1), timeout_s=SOON_S, what="it is tried")
        await stage(state, [ended(one, now())])
        await soon(lambda: _all({"team": team}, 2), timeout_s=SOON_S, what="both are told")
    assert order == ["firing", "resolved"]


async def test_what_will_never_be_taken_is_given_up_and_told_through_others(
    state: LocalState,
) -> None:
    team = Listener(failing=lambda _: Outcome(delivered=False, detail="HTTP 404"))
    other = Listener()
    both = at_once(["team", "other"])
    await stage(state, [firing("Errors1")])
    async with dispatching(state, both, {"team": team, "other": other}):
        await soon(lambda: _all({"other": other}, 1), timeout_s=SOON_S, what="the other is told")
        (told,) = other.done.values()
        assert told.alerts[0].labels["alertname"] == "ReceiverFailing"
        assert told.alerts[0].labels["receiver"] == "team"
        assert "HTTP 404" in told.alerts[0].annotations["summary"]
    async with dispatching(state, both, {"team": team, "other": other}):  # it is told once
        team.failing = lambda _: None
        await stage(state, [firing("Slow1")])
        await soon(lambda: _all({"other": other}, 2), timeout_s=SOON_S, what="its recovery")
    assert [one.kind for one in other.done.values()] == ["firing", "resolved"]
    failed = [one for one in await Outcomes(state).read() if one.status == "failed"]
    assert [(one.detail, one.attempts) for one in failed] == [("HTTP 404", 1)]


async def test_a_message_is_tried_again_only_for_the_parts_that_are_left(
    state: LocalState,
) -> None:
    tries: list[frozenset[str]] = []

    class Parts(Listener):
        async def deliver(self, notification: Notification, client: Client) -> Outcome:
            tries.append(notification.told)
            if len(tries) < 3:
                told = frozenset({f"part{len(tries)}"})
                return Outcome(delivered=False, detail="HTTP 503", retryable=True, told=told)
            return await Listener.deliver(self, notification, client)

    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": Parts()}):
        await until_quiet(state)
    assert tries == [set(), {"part1"}, {"part1", "part2"}]


async def test_what_fails_for_too_long_is_given_up(state: LocalState) -> None:
    clock = ManualClock(now())
    team = Unreachable()
    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": team}, clock, give_up_after=timedelta(hours=1)):
        for _ in range(3):
            asked = team.asked
            await soon(partial(_more, team, asked), timeout_s=SOON_S, what="it is tried again")
            clock.advance(20 * 60)
        await until_quiet(state)
    (record,) = await Outcomes(state).read()
    assert record.status == "failed"
    assert record.at - record.decided_at == timedelta(hours=1)


async def _more(listener: Listener, than: int) -> bool:
    return listener.asked > than


async def test_an_action_is_not_started_too_often(state: LocalState) -> None:
    team = Listener()
    async with dispatching(state, ONE, {"team": team}, limit=(3, timedelta(hours=1))):
        await stage(state, [firing(f"Errors{number}") for number in range(8)])
        await until_quiet(state)
    async with dispatching(state, ONE, {"team": team}, limit=(3, timedelta(hours=1))):
        await stage(state, [firing("Slow1")])
        await until_quiet(state)
    assert len(team.done) == 3
    refused = [one for one in await Outcomes(state).read() if one.status == "refused"]
    assert len(refused) == 6
    assert "3 within 1:00:00" in refused[0].detail


async def test_every_request_of_an_action_counts_and_nothing_else(state: LocalState) -> None:
    lost = Outcome(delivered=False, detail="no answer", retryable=True)
    team, hour = Listener(failing=lambda _: lost), timedelta(hours=1)
    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": team}, limit=(3, hour)):
        await until_quiet(state)
    assert team.asked == 3
    (record,) = await Outcomes(state).read()
    assert (record.status, len(record.requests)) == ("refused", 3)

    free = Listener()
    await stage(state, [firing("Errors2")])
    async with dispatching(
        state, ONE, {"team": free}, limit=(3, hour), counts=lambda one: one.kind != "firing"
    ):
        await until_quiet(state)
    assert free.told() == [("Errors2", "firing")]
    assert sum(len(one.requests) for one in await Outcomes(state).read()) == 3


async def test_a_request_is_counted_before_it_is_sent(state: LocalState) -> None:
    team, noted = Listener(), list[Any]()

    async def look() -> None:
        noted.extend(one.value["requests"] for one in await state.list(outcomes.KIND))

    team.before = look
    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": team}, limit=(3, timedelta(hours=1))):
        await until_quiet(state)
    assert [len(one) for one in noted] == [1]


async def test_requests_that_count_are_not_forgotten(
    state: LocalState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "MOST_KEPT", 0)
    begin, hour = now(), timedelta(hours=1)
    one = outcomes.DeliveryRecord(
        "k", "team", "firing", "t", (), "delivered", "", 1, begin, begin, (begin,)
    )
    kept = Outcomes(state)
    await kept.put(one)
    await kept.prune(begin + hour / 2, {"team": hour})
    assert await kept.read() == [one]
    await kept.prune(begin + hour, {"team": hour})
    assert await kept.read() == []


async def test_alerts_move_when_their_route_is_gone(state: LocalState) -> None:
    team, other = Listener(), Listener()
    old = at_once(["team", "other"], [{"receiver": "other", "match": {"severity": "high"}}])
    one = firing("Errors1")
    await stage(state, [one])
    async with dispatching(state, old, {"team": team, "other": other}):
        await until_quiet(state)
    assert other.told() == [("Errors1", "firing")]
    async with dispatching(state, ONE, {"team": team}):
        await soon(lambda: _all({"team": team}, 1), timeout_s=SOON_S, what="the new one is told")
        await stage(state, [ended(one, now())])
        await soon(lambda: _all({"team": team}, 2), timeout_s=SOON_S, what="and of the end")
    assert team.told() == [("Errors1", "firing"), ("Errors1", "resolved")]


async def test_outcomes_of_long_ago_are_forgotten(state: LocalState) -> None:
    team, clock = Listener(), ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    await stage(state, [firing("Errors1")])
    async with dispatching(state, ONE, {"team": team}, clock):
        await until_quiet(state)
    kept = Outcomes(state)
    await kept.prune(datetime(2026, 11, 29, tzinfo=UTC))
    assert len(await kept.read()) == 1
    await kept.prune(datetime(2026, 12, 1, tzinfo=UTC))
    assert await kept.read() == []


async def test_many_alerts_with_receivers_that_fail_half_of_the_time(state: LocalState) -> None:
    later = Outcome(delivered=False, detail="HTTP 503", retryable=True)
    team = Listener(failing=lambda number: later if number % 2 else None)
    names = [f"Errors{number}" for number in range(200)]
    for begin in range(0, 200, 100):
        rule = f"shop/rule{begin}"
        await stage(state, [firing(name) for name in names[begin : begin + 100]], rule=rule)
    async with dispatching(state, ONE, {"team": team}):
        await soon(lambda: is_quiet(state), timeout_s=120, what="all of them are delivered")
    assert team.told() == sorted((name, "firing") for name in names)
    assert team.asked == 400
    groups = [Group.from_json(one.key, one.value) for one in await state.list("alert-group")]
    assert len(groups) == 200


async def test_figures_tell_of_each_receiver(state: LocalState) -> None:
    gate = asyncio.Event()

    async def waits() -> None:
        await gate.wait()

    flaky = Listener(
        failing=lambda n: Outcome(delivered=False, detail="no", retryable=True) if n < 3 else None
    )
    refusing = Listener(failing=lambda _n: Outcome(delivered=False, detail="never"))
    listeners = {"team": Listener(before=waits), "oncall": flaky, "lead": refusing}
    ways = [{"receiver": name, "continue": True} for name in ("oncall", "lead", "team")]
    made = at_once(["team", "oncall", "lead"], ways)
    await stage(state, [firing("Errors1")])

    async with dispatching(state, made, listeners) as dispatcher:

        async def is_told() -> bool:
            found = dispatcher.figures()
            return (
                found["oncall"].messages["delivered"] > 0 and found["lead"].messages["failed"] > 0
            )

        await soon(is_told, timeout_s=SOON_S, what="two are told")
        found = dispatcher.figures()
        assert found["oncall"].retries == 2
        assert found["team"].messages["delivered"] == 0
        assert found["team"].pending in {1, 2}  # and what tells of the one that fails
        assert found["team"].oldest_s > 0
        gate.set()
        await until_quiet(state)
        found = dispatcher.figures()
        assert (found["team"].pending, found["team"].oldest_s) == (0, 0.0)
