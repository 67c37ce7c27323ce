"""A receiver that finds what it has made only after a while makes one thing of an alert, whatever is killed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from logboom.config.receiving import ReceiverSection
from logboom.state.local import LocalState
from search_api.notifying.opening import outlet_of
from search_api.notifying.outcomes import DELIVERED, RETRYING, Outcomes
from tests.polling import soon
from tests.unit.search_api.notifying.stage import (
    CLOCK,
    SOON_S,
    TWO,
    Listener,
    dispatching,
    ended,
    firing,
    now,
    stage,
    until_quiet,
)

LATER = timedelta(hours=1)


async def are_delivered(state: LocalState, number: int) -> bool:
    found = await Outcomes(state).read()
    return sum(one.status == DELIVERED for one in found) == number


@pytest.mark.parametrize("place", ["before", "after"])
async def test_behind_a_kill_it_is_asked_again_once_it_finds_what_it_has_made(
    state: LocalState, place: str
) -> None:
    listeners, reached = {"team": Listener(), "other": Listener()}, set[str]()
    both = asyncio.Event()

    async def die(name: str) -> None:
        reached.add(name)
        if len(reached) == 2:
            both.set()
        await asyncio.Event().wait()

    for name, one in listeners.items():
        setattr(one, place, partial(die, name))
    await stage(state, [firing("Errors1")])
    async with dispatching(state, TWO, listeners, found_after=LATER):
        await asyncio.wait_for(both.wait(), SOON_S)
    for one in listeners.values():
        setattr(one, place, None)
    async with dispatching(state, TWO, listeners, found_after=LATER):
        await soon(partial(are_delivered, state, 1), timeout_s=SOON_S, what="the other one is told")
        await stage(state, [firing("Errors2")], rule="shop/second")
        await soon(
            partial(are_delivered, state, 3), timeout_s=SOON_S, what="others are not waited for"
        )
    (waits,) = [one for one in await Outcomes(state).read() if one.status == RETRYING]
    assert (waits.receiver, list(waits.alerts)) == ("team", ["Errors1"])
    told = {tuple(alert.episode for alert in one.alerts) for one in listeners["team"].done.values()}
    assert told == ({("Errors1",), ("Errors2",)} if place == "after" else {("Errors2",)})

    async with dispatching(state, TWO, listeners, found_after=timedelta(microseconds=1)):
        await until_quiet(state)
    assert [one.asked for one in listeners.values()] == [3, 3]


async def test_the_end_of_an_alert_waits_till_its_begin_is_found(state: LocalState) -> None:
    listeners, one = {"team": Listener(), "other": Listener()}, firing("Errors1")
    await stage(state, [one])
    async with dispatching(state, TWO, listeners, found_after=LATER):
        await until_quiet(state)
        await stage(state, [ended(one, now())])
        await soon(partial(are_delivered, state, 3), timeout_s=SOON_S, what="the other one is told")
    assert listeners["team"].told() == [("Errors1", "firing")]

    async with dispatching(state, TWO, listeners, found_after=timedelta(microseconds=1)):
        await until_quiet(state)
    assert listeners["team"].told() == [("Errors1", "firing"), ("Errors1", "resolved")]


async def test_so_it_is_with_jira_whose_search_is_behind() -> None:
    at = {"url": "https://tickets.example", "username": "bot"}
    sections = [
        {"name": "jira", "jira": {**at, "project": "OPS", "token": "t"}},
        {"name": "now", "servicenow": {**at, "password": "p"}},
    ]
    outlets = [outlet_of(ReceiverSection.model_validate(one), CLOCK) for one in sections]
    assert [one.found_after for one in outlets] == [timedelta(seconds=30), timedelta(0)]
    for one in outlets:
        await one.client.close()
