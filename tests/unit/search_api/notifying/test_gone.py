"""What waits for a receiver that is not configured any more is given up, and told."""

from __future__ import annotations

from dataclasses import replace

from logboom.state.local import LocalState
from search_api.notifying.group import Group, Member
from search_api.notifying.outcomes import Outcomes
from tests.polling import soon
from tests.unit.search_api.notifying.stage import (
    ONE,
    SOON_S,
    TWO,
    Listener,
    Unreachable,
    at_once,
    dispatching,
    ended,
    firing,
    now,
    stage,
    until_quiet,
)


async def test_messages_to_a_receiver_that_is_gone_are_given_up_and_told(
    state: LocalState,
) -> None:
    two = at_once(["team", "old"], [{"receiver": "old", "match": {"severity": "high"}}])
    await stage(state, [firing("Errors1")])
    async with dispatching(
        state, two, {"team": Listener(), "old": Unreachable()}, first_wait_s=60, most_wait_s=60
    ):
        await soon(lambda: _with_status(state, "retrying"), timeout_s=SOON_S, what="it is tried")

    team = Listener()
    async with dispatching(state, ONE, {"team": team}) as dispatcher:
        await soon(lambda: _two(team), timeout_s=SOON_S, what="the others are told")
        await until_quiet(state)
        figures = dispatcher.figures()["old"]
    assert (figures.messages, figures.pending) == ({"failed": 1}, 0)
    (record,) = [one for one in await Outcomes(state).read() if one.receiver == "old"]
    assert (record.status, record.detail, record.attempts) == (
        "failed", "the receiver is no longer configured", 1,
    )  # fmt: skip
    assert (record.title, record.alerts) == ("[FIRING:1] Errors (high)", ("Errors1",))
    told = [one.alerts[0] for one in team.done.values()]
    failing = next(one for one in told if one.labels["alertname"] == "ReceiverFailing")
    assert failing.labels["receiver"] == "old"
    assert "no longer configured" in failing.annotations["summary"]


async def test_what_is_known_to_be_delivered_is_not_given_up(state: LocalState) -> None:
    await stage(state, [firing("Errors1")])
    async with dispatching(state, TWO, {"team": Listener(), "other": Unreachable()}):
        await soon(lambda: _with_status(state, "retrying"), timeout_s=SOON_S, what="it is tried")
    kept = Outcomes(state)
    (record,) = [one for one in await kept.read() if one.receiver == "other"]
    await kept.put(replace(record, status="delivered"))  # and a crash before it was forgotten

    async with dispatching(state, ONE, {"team": Listener()}) as dispatcher:
        await until_quiet(state)
        assert "other" not in dispatcher.figures()
    (record,) = [one for one in await kept.read() if one.receiver == "other"]
    assert record.status == "delivered"


async def test_what_waits_for_the_daily_message_of_a_receiver_that_is_gone_is_told_to_another_one(
    state: LocalState,
) -> None:
    over = ended(firing("Errors1"), now())
    members = {over.episode: Member(over, now(), ended_at=now())}
    digest = Group("k" * 32, "low", "old", {"digest": "daily"}, is_digest=True, members=members)
    await state.put("alert-group", digest.key, digest.to_json())
    team = Listener()
    plan = replace(ONE, digest_at=None)

    async with dispatching(state, plan, {"team": team}):
        await soon(lambda: _with_status(state, "delivered"), timeout_s=SOON_S, what="it is told")
        await until_quiet(state)
    (record,) = await Outcomes(state).read()
    assert (record.receiver, record.kind, record.alerts) == ("team", "digest", ("Errors1",))
    assert [one.alerts[0].episode for one in team.done.values()] == ["Errors1"]


async def _with_status(state: LocalState, status: str) -> bool:
    return any(one.status == status for one in await Outcomes(state).read())


async def _two(listener: Listener) -> bool:
    return len(listener.done) >= 2
