"""Late events change what is told, once; none that an evaluation was about to look at is forgotten."""

from __future__ import annotations

import asyncio
from math import inf
from random import Random

import pytest

from logboom.errors import StateUnavailable
from search_api.alerts.backtest import backtest
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START_US, at, error, many
from tests.unit.search_api.alerts.world import ERRORS, THREE, Make, World, group_of

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


async def _live_while_late(
    world: World, *arrivals: tuple[float, float], until: float, kill_at: int | None = None
) -> None:
    """What is on its way is known: events of a second, which arrive at another one."""
    engine = await world.start()
    while world.now < until:
        waits = [begin for begin, arrives in arrivals if begin <= world.now + 1 < arrives]
        world.most_late_s = world.now + 1 - min(waits) if waits else 0.0
        if kill_at is not None and world.now + 1 == arrivals[0][1]:
            world.state.fails_at = world.state.writes + kill_at
        try:
            await world.until(world.now + 1, engine)
        except StateUnavailable:
            engine = await world.start()


@pytest.mark.parametrize("kill_at", [None, 1, 2, 3, 4])
async def test_what_late_events_began_resolves_in_whole_windows_only(
    make: Make, kill_at: int | None
) -> None:
    world = make()
    world.state.is_done = True
    world.source.add([error(s) for s in (31, 32, 33)], arrives=201)
    world.source.add([error(s) for s in (91, 92, 93)], arrives=300)

    await _live_while_late(world, (31, 201), (91, 300), until=400, kill_at=kill_at)

    assert world.timeline == [(45, "firing", "Errors"), (165, "resolved", "Errors")]


async def test_what_late_events_began_and_ended_is_told_with_its_end(make: Make) -> None:
    world = make()
    world.source.add([error(s) for s in (31, 32, 33)], arrives=201)
    world.source.add([error(s) for s in (121, 122, 123)], arrives=300)

    await _live_while_late(world, (31, 201), (121, 300), until=400)

    assert world.timeline == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
        (135, "firing", "Errors"), (195, "resolved", "Errors"),
    ]  # fmt: skip


async def test_what_was_told_to_end_and_goes_on_fires_anew(make: Make) -> None:
    world = make()
    world.source.add([error(s) for s in (31, 32, 33)])
    world.source.add([error(s) for s in range(60, 120, 5)], arrives=120)  # nobody knew
    world.source.add([error(s) for s in range(120, 300, 5)])
    engine = await world.start()

    await world.until(400, engine)

    assert world.timeline == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
        (105, "firing", "Errors"), (360, "resolved", "Errors"),
    ]  # fmt: skip


async def test_what_ended_does_not_fire_anew_where_it_is_not_known_any_more_that_it_did(
    make: Make,
) -> None:
    world = make()
    world.source.add([error(s) for s in (31, 32, 33)])
    world.source.add([at(50)], arrives=135)
    engine = await world.start()
    await world.until(130, engine)
    world.most_late_s = inf  # a shipper began: what waits there may be of any age
    await world.until(160, engine)
    world.most_late_s = 0.0

    await world.until(300, engine)

    assert world.timeline == [(45, "firing", "Errors"), (105, "resolved", "Errors")]


async def test_what_begins_behind_an_end_is_found_once_it_is_known_what_ended(make: Make) -> None:
    world = make()
    world.source.add([error(s) for s in (31, 32, 33)])
    world.source.add([at(50), *(error(s) for s in (121, 122, 123))], arrives=197)
    engine = await world.start()
    await world.until(196, engine)
    world.most_late_s = inf
    await world.until(230, engine)
    world.most_late_s = 0.0

    await world.until(400, engine)

    assert world.timeline == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
        (135, "firing", "Errors"), (195, "resolved", "Errors"),
    ]  # fmt: skip


async def test_what_fires_is_kept_as_long_as_late_events_say_that_it_held(make: Make) -> None:
    world = make({**ERRORS, "over": "15s", "keep_firing_for": "2m"})
    world.source.add([error(s) for s in (31, 32, 33)])
    world.source.add([error(s) for s in (61, 62, 63)], arrives=110)
    engine = await world.start()

    await world.until(250, engine)

    assert world.timeline == [(45, "firing", "Errors"), (210, "resolved", "Errors")]


async def test_what_was_pending_begins_anew_where_late_events_show_that_it_did_not_hold(
    make: Make,
) -> None:
    world = make({"alert": "Bad", "when": "error_rate > 50%", "over": "15s", "for": "1m"})
    world.source.add([error(s) for s in range(1, 100, 5)])
    world.source.add([at(s) for s in range(31, 44)], arrives=65)  # the window up to 45
    engine = await world.start()

    await world.until(200, engine)

    assert world.timeline == []


async def test_what_is_pending_no_more_is_forgotten(make: Make) -> None:
    world = make({"alert": "Bad", "when": "error_rate > 50%", "over": "15s", "for": "1m"})
    world.source.add([error(s) for s in range(1, 100, 5)])
    world.source.add([at(s) for s in range(46, 60)], arrives=64)  # the last window
    engine = await world.start()

    await world.until(200, engine)

    assert world.timeline == []


async def test_late_events_of_many_series_are_all_told(make: Make) -> None:
    world = make({**ERRORS, "by": ["service"]})
    many_services = [f"s{number}" for number in range(60)]
    late = [error(s, service={"name": name}) for name in many_services for s in (31, 32, 33)]
    world.source.add(late, arrives=300)
    engine = await world.start()

    await world.until(400, engine)

    firing = [(45, "firing", name) for name in many_services]
    resolved = [(105, "resolved", name) for name in many_services]
    assert sorted(world.timeline) == sorted([*firing, *resolved])


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


async def test_late_events_tell_from_when_on_it_does_not_hold(make: Make) -> None:
    rule = {"alert": "Rate", "when": "error_rate > 50%", "over": "15s"}
    world = make({**rule, "no_data": "keep", "keep_firing_for": "2m"})
    world.source.add([error(5), at(160)])
    world.source.add([at(20)], arrives=100)  # nothing was known of these windows
    engine = await world.start()

    await world.until(200, engine)

    assert world.timeline == [(15, "firing", "Rate"), (165, "resolved", "Rate")]
