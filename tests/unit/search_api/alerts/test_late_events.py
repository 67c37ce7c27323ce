"""Late events change what is told, once; none that an evaluation was about to look at is forgotten."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from search_api.alerts.backtest import backtest
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START_US, at, error, many
from tests.unit.search_api.alerts.world import ERRORS, THREE, Make, group_of

OTHER = {"alert": "Other", "when": "count > 1000", "over": "1m"}


async def test_late_events_make_late_alerts(make: Make) -> None:
    world = make({**ERRORS, "by": ["service"]})
    world.source.add(many(0, 900, 5))
    world.source.add([error(s, service={"name": "cart"}) for s in (31, 32, 33)], arrives=600)
    engine = await world.start()

    await world.until(900, engine)

    assert world.timeline == [(45, "firing", "cart"), (105, "resolved", "cart")]
    assert engine.standing.reevaluated > 0


async def test_what_is_late_and_within_the_present_window_has_its_true_time(make: Make) -> None:
    slow = {**ERRORS, "alert": "Slow", "for": "30s"}
    world = make(ERRORS, slow)
    world.source.add(many(0, 300, 5))
    world.source.add([error(s) for s in (31, 32, 33)], arrives=66)  # 45 and 60 were evaluated
    engine = await world.start()

    await world.until(200, engine)

    assert sorted(world.timeline) == [
        (45, "firing", "Errors"), (75, "firing", "Slow"),
        (105, "resolved", "Errors"), (105, "resolved", "Slow"),
    ]  # fmt: skip


async def test_a_rule_that_is_decided_again_was_evaluated_once(make: Make) -> None:
    world = make()
    world.source.add([error(s) for s in (31, 32, 33)], arrives=66)
    engine = await world.start()

    await world.until(80, engine, takes=False)

    assert engine.standing.transitions["firing"] == 1
    assert engine.standing.evaluations == 7  # at -15, 0, 15, 30, 45, 60 and 75


async def test_what_is_over_is_told_while_late_events_of_others_are_looked_at(make: Make) -> None:
    calm = {**ERRORS, "alert": "Calm", "where": "service:pay"}
    world = make(ERRORS, calm)
    world.source.add([at(s, service={"name": "pay"}) for s in (1, 2, 3)])
    world.source.add([error(s) for s in (51, 52, 53)], arrives=70)  # 60 was evaluated
    engine = await world.start()
    await world.until(77, engine)
    world.source.slow, world.source.slow_for_us = asyncio.Event(), 61 * US
    running = asyncio.create_task(world.until(95, engine))

    async def is_asked() -> bool:
        return world.source.is_waiting

    await soon(is_asked, timeout_s=60, what="changed windows are asked for")
    await world.take()
    told = [(15, "firing", "Calm"), (75, "resolved", "Calm")]
    assert world.timeline == told
    world.source.slow.set()
    await running
    assert world.timeline == [*told, (60, "firing", "Errors")]


async def test_what_waited_for_the_store_gives_what_fires_now_its_true_time(make: Make) -> None:
    world = make({**ERRORS, "for": "1m"})
    world.source.add(many(0, 500, 5))
    world.source.add([error(s) for s in (181, 182, 183)], arrives=215)
    world.source.add([error(s) for s in range(231, 300, 5)])
    engine = await world.start()
    await world.until(200, engine)
    world.source.away_for_us = 120 * US
    await world.until(280, engine)
    assert world.timeline == []

    world.source.away_for_us = None
    await world.until(450, engine)

    assert world.timeline == [(255, "firing", "Errors"), (360, "resolved", "Errors")]


async def test_what_is_pending_holds_since_late_events_say(make: Make) -> None:
    world = make({**ERRORS, "for": "1m"})
    world.source.add(many(0, 300, 5))
    world.source.add([error(s) for s in (31, 32, 33)], arrives=66)
    world.source.add([error(s) for s in (61, 62, 63)], arrives=66)
    engine = await world.start()

    await world.until(200, engine)

    assert world.timeline == [(105, "firing", "Errors"), (135, "resolved", "Errors")]


async def test_events_in_time_are_not_evaluated_again(make: Make) -> None:
    world = make()
    world.source.add(many(0, 300, 1))
    engine = await world.start()

    await world.until(300, engine)

    assert engine.standing.reevaluated == 0


async def test_late_events_do_not_tell_again_what_was_told(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    world.source.add([error(30), error(35)], arrives=300)
    engine = await world.start()

    await world.until(500, engine)

    assert world.timeline == [(45, "firing", "Errors"), (105, "resolved", "Errors")]


async def test_very_late_events_are_history(make: Make) -> None:
    world = make(late="2m")
    world.source.add(THREE, arrives=500)
    engine = await world.start()

    await world.until(600, engine)

    assert world.timeline == []


async def test_what_came_late_while_nobody_was_there_is_found(make: Make) -> None:
    world = make()
    world.source.add(many(0, 900, 5))
    world.source.add(THREE, arrives=230)
    await world.until(200, await world.start())

    world.clock.advance(60)
    await world.until(330, await world.start())

    assert world.timeline == [(45, "firing", "Errors"), (105, "resolved", "Errors")]


async def test_a_change_of_another_rule_does_not_forget_what_came_late(make: Make) -> None:
    world = make(ERRORS, OTHER, every="15s")
    world.source.add(many(0, 300, 5))
    world.source.add([error(s) for s in (31, 32, 33)], arrives=205)
    await world.until(200, await world.start())
    world.source.slow, world.source.slow_for_us = asyncio.Event(), 90 * US
    engine = await world.start()
    world.clock.advance(14)
    running = asyncio.create_task(engine.run(each_s=0.01))

    async def is_asked() -> bool:
        return world.source.is_waiting

    async def is_told() -> bool:
        await world.take()
        return world.timeline == [(45, "firing", "Errors"), (105, "resolved", "Errors")]

    await soon(is_asked, timeout_s=60, what="changed windows are asked for")
    await world.kept.put(group_of(ERRORS, {**OTHER, "when": "count > 2000"}), "me")
    world.source.slow = None
    world.clock.advance(15)
    await soon(is_told, timeout_s=60, what="it is told")
    running.cancel()
    await asyncio.wait([running])


async def test_a_kill_before_late_events_are_looked_at_does_not_forget_them(make: Make) -> None:
    world = make({**ERRORS, "over": "50s"}, every="5m")
    world.source.add(many(0, 1_000, 5))
    world.source.add([error(s) for s in (271, 272, 273)], arrives=400)
    engine = await world.start()
    await world.until(500, engine)
    world.source.away_for_us = 120 * US
    await world.until(610, engine)
    assert world.timeline == []

    world.source.away_for_us = None
    await world.until(910, await world.start())

    assert world.timeline == [(300, "firing", "Errors"), (600, "resolved", "Errors")]


@pytest.mark.parametrize("seed", range(3))
async def test_a_backtest_says_what_happened_live_however_late_events_come(
    make: Make, seed: int
) -> None:
    chance = Random(seed)
    world = make(
        {**ERRORS, "by": ["service"]},
        {**ERRORS, "alert": "Lasts", "by": ["service"], "for": "30s", "keep_firing_for": "1m"},
        {"alert": "Slow", "when": "p90(event.duration) > 1 s", "over": "45s", "by": ["service"]},
    )
    events = []
    for number in range(12):
        begin, late_s = chance.uniform(0, 250), chance.choice([1, chance.uniform(3, 90)])
        fields = {"service": {"name": f"s{number}"}, "event": {"duration": 2 * 10**9}}
        burst = [error(begin + n * chance.uniform(0, 6), **fields) for n in range(5)]
        world.source.add(burst, arrives=begin + 30 + late_s)
        events += burst
    engine = await world.start()
    await world.until(500, engine)

    backtested = []
    for rule in engine.rules.rules.values():
        result = await backtest(MemorySource(events), rule, START_US - 1, START_US + 490 * US)
        backtested += [(one.episode, one.state, one.ends_at) for one in result.alerts]
    told = [(one.episode, one.state, one.ends_at) for one in world.told]
    assert len(told) > 50
    assert sorted(told, key=str) == sorted(backtested, key=str)
