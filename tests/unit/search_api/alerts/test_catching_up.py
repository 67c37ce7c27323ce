"""What happens when more begins and ends at once, as during a downtime, than one record has room for?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logboom.errors import LogboomError
from logboom.event import Event
from search_api.alerts.backtest import backtest
from search_api.alerts.evaluate import Transition, evaluate, instants_between
from search_api.alerts.outbox import KIND
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.alerts.states import RuleState
from tests.unit.search_api.alerts.timeline import START_US, Told, error, rule_of, seconds_of
from tests.unit.search_api.alerts.world import World, group_of

BURSTS: dict[str, Any] = {"alert": "Bursts", "when": "errors > 3", "over": "20s", "by": ["service"]}
RULE = rule_of("errors > 3", every="5s", over="20s", by=["service"])
SERVICES = [f"s{number:03}" for number in range(240)]
END = 160


def burst(service: str, begin: float) -> list[Event]:
    """A service that fails for a moment."""
    return [error(begin + n / 100, service={"name": service}) for n in range(5)]


ONE_BY_ONE = [
    *burst("first", 10),
    *(one for number, name in enumerate(SERVICES) for one in burst(name, 30.1 + number * 0.3)),
]
"""The first one fires when the downtime begins."""

AT_ONCE = [*burst("first", 10), *(one for name in SERVICES for one in burst(name, 30.1))]


async def expected(events: list[Event]) -> list[Told]:
    """What a backtest says."""
    source = MemorySource(events)
    tested = await backtest(source, RULE, START_US, START_US + END * US)
    assert tested.fired == len(SERVICES) + 1
    instants = instants_between(START_US, START_US + END * US, RULE.every_us)
    found = await find(source, [Due(RULE, instants)])
    all_at_once = evaluate(RULE, found.data, RuleState(RULE.fingerprint()), instants)
    return sorted(seconds_of(all_at_once.transitions))


def world_of(folder: Path, events: list[Event]) -> World:
    world = World(folder, group_of(BURSTS, every="5s"))
    world.source.add(events)
    return world


async def step(world: World, *, takes: bool = True) -> None:
    """A second of a process that begins with what is kept, and may be killed."""
    world.clock.advance(1)
    try:
        await (await world.start()).step()
    except LogboomError:
        world.state.fails_at = None
    if takes:
        await world.take()


@pytest.mark.parametrize("events", [ONE_BY_ONE, AT_ONCE])
async def test_all_that_was_missed_is_told_however_much_it_is(
    tmp_path: Path, events: list[Event]
) -> None:
    world = world_of(tmp_path, events)
    await world.until(25, await world.start())
    world.clock.advance(140)

    engine = await world.start()
    await world.until(200, engine)

    assert sorted(world.timeline) == await expected(events)
    assert world.twice == []
    standing = engine.standing
    assert (standing.passed_over, standing.untold, standing.overflow) == (0, 0, {})
    assert standing.failures == {}
    await world.close()


async def test_all_of_it_is_told_though_nobody_takes_it_for_a_while(tmp_path: Path) -> None:
    world = world_of(tmp_path, AT_ONCE)
    await world.until(25, await world.start())
    world.clock.advance(140)

    engine = await world.start()
    await world.until(190, engine, takes=False)
    record = await world.memory.get(KIND, "group/Bursts")
    assert record is not None
    assert 10 < len(record.value["outbox"]) < len(SERVICES)
    await world.until(230, engine)

    assert sorted(world.timeline) == await expected(AT_ONCE)
    assert world.twice == []
    await world.close()


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("events", [ONE_BY_ONE, AT_ONCE])
async def test_so_it_is_when_each_process_is_killed_at_one_of_its_writes(
    tmp_path: Path, events: list[Event], *, is_done: bool
) -> None:
    world = world_of(tmp_path, events)
    await world.until(25, await world.start())
    world.clock.advance(140)

    for number in range(16):
        world.state.fails_at = world.state.writes + 1 + number % 3
        world.state.is_done = is_done
        await step(world, takes=number % 2 == 0)
    world.state.fails_at = None
    await world.until(230, await world.start())

    assert sorted(world.timeline) == await expected(events)
    assert world.twice == []
    await world.close()


@pytest.mark.parametrize("room", [0, 1, 7, 100])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"for": "10s"},
        {"keep_firing_for": "10s"},
        {"for": "5s", "keep_firing_for": "5s", "no_data": "alert"},
        {"no_data": "keep"},
        {"when": "absent", "remember": "1m"},
        {"when": "absent", "over": "1m", "remember": "1m"},
        {"when": "absent", "remember": "1m", "for": "5s"},
    ],
)
async def test_how_much_room_there_is_changes_nothing_but_when_it_is_told(
    settings: dict[str, Any], room: int
) -> None:
    rule = rule_of(
        **{"when": "errors > 3", "every": "5s", "over": "20s", **settings}, by=["service"]
    )
    events = ONE_BY_ONE[: 5 * 60] + AT_ONCE[-5 * 60 :]
    source, instants = MemorySource(events), instants_between(START_US, START_US + END * US, 5 * US)
    found = await find(source, [Due(rule, instants)])
    wanted = evaluate(rule, found.data, RuleState(rule.fingerprint()), instants)
    assert len(wanted.transitions) > 100

    state, turns, told = RuleState(rule.fingerprint()), 0, list[Transition]()
    while state.cursor_us is None or state.cursor_us < instants[-1]:
        turns += 1
        left = [one for one in instants if state.cursor_us is None or one > state.cursor_us]
        found = await find(source, [Due(rule, left)])
        here = room if turns % 3 or room else 50  # now and then somebody takes something
        result = evaluate(rule, found.data, state, left, room=here)
        assert len(result.transitions) <= here
        told += result.transitions
        state = RuleState.from_json(result.state.to_json())

    assert turns > len(wanted.transitions) / 101
    assert sorted(seconds_of(told)) == sorted(seconds_of(wanted.transitions))
    assert state == wanted.state
