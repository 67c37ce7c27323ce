"""The engine on one clock: restarts, kills between any two steps, replicas, downtimes, a late pipeline."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from logboom.errors import StateError, StateUnavailable
from search_api.alerts.backtest import backtest
from search_api.alerts.keeping import details
from search_api.alerts.outbox import KIND
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START_US, at, error, many
from tests.unit.search_api.alerts.world import ERRORS, SILENCE, THREE, Make


async def test_an_alert_fires_with_its_lines_and_resolves(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    engine = await world.start()

    await world.until(49, engine)
    (alert,) = world.told
    assert alert.labels == {"alertname": "Errors", "severity": "medium"}
    assert alert.condition == "count >= 3 over 1m"
    assert alert.value == 3
    assert alert.query == "tags:error"
    assert [sample["message"] for sample in alert.samples] == ["something"] * 3
    assert (alert.window[1] - alert.window[0]).total_seconds() == 60

    await world.until(120, engine)
    assert world.timeline == [(45, "firing", "Errors"), (105, "resolved", "Errors")]
    assert world.told[0].episode == world.told[1].episode
    (kept,) = await details(world.memory)
    assert kept.ends_at is not None
    assert len(kept.samples) == 3


async def test_a_restart_neither_forgets_nor_repeats(make: Make) -> None:
    world = make({**ERRORS, "for": "30s", "keep_firing_for": "30s"})
    world.source.add([*THREE, *(error(s) for s in range(60, 120, 10))])

    while world.now < 240:  # a new process every seven seconds
        await world.until(world.now + 7, await world.start())

    assert world.timeline == [(75, "firing", "Errors"), (195, "resolved", "Errors")]


async def test_a_kill_between_any_two_steps_loses_and_repeats_nothing(make: Make) -> None:
    async def run(fails_at: int | None, *, is_done: bool) -> tuple[list[Any], int]:
        world = make()
        world.source.add(THREE)
        engine = await world.start()
        world.state.fails_at, world.state.is_done = fails_at, is_done
        world.clock.advance(3)
        while world.now < 125:
            world.clock.advance(15)
            try:
                await engine.step()
                await world.take()
            except StateError:
                engine = await world.start()
        return world.timeline, world.state.writes

    expected, writes = await run(None, is_done=False)
    assert [row[1] for row in expected] == ["firing", "resolved"]
    for number in range(1, writes + 1):
        for is_done in (False, True):
            assert (await run(number, is_done=is_done))[0] == expected, (number, is_done)


async def test_two_replicas_that_both_think_they_lead_tell_each_alert_once(make: Make) -> None:
    world = make({**ERRORS, "by": ["service"]})
    services = [f"s{n}" for n in range(20)]
    world.source.add([error(s, service={"name": n}) for n in services for s in (31, 32, 33)])
    one, other = await world.start(), await world.start()

    for _ in range(130):
        world.clock.advance(1)
        for engine in (one, other):
            with suppress(StateError):  # it reads all again in its next step
                await engine.step()
        await world.take()

    assert sorted(world.timeline) == sorted(
        [(45, "firing", n) for n in services] + [(105, "resolved", n) for n in services]
    )


async def test_a_downtime_is_caught_up(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    world.source.add([error(s) for s in (401, 402, 403)])
    await world.until(20, await world.start())

    world.clock.advance(400)  # nobody is there
    await world.until(430, await world.start())

    assert world.timeline == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"), (405, "firing", "Errors"),
    ]  # fmt: skip


async def test_a_long_downtime_is_passed_over_and_that_is_said(make: Make) -> None:
    world = make(catch_up="5m")
    world.source.add(THREE)
    await world.until(20, await world.start())

    world.clock.advance(3_600)
    engine = await world.start()
    await world.until(world.now + 5, engine)

    assert world.timeline == []
    assert engine.standing.passed_over > 200


async def test_a_store_that_does_not_answer_delays_and_is_told_of(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    engine = await world.start()
    await world.until(20, engine)

    world.source.is_down = True
    await world.until(130, engine)
    assert [row[1:] for row in world.timeline] == [("firing", "RuleFailed")]
    assert world.told[0].labels["attributes.rule"] == "group/Errors"
    assert "does not answer" in engine.standing.failures["group/Errors"]
    engine.standing.is_leading = True
    assert engine.standing.parts(0)[-1]["state"] == "failing"

    world.source.is_down = False
    await world.until(180, engine)
    assert [row for row in world.timeline if row[2] == "Errors"] == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
    ]  # fmt: skip
    assert world.timeline[-1][1:] == ("resolved", "RuleFailed")


async def test_absence_is_not_believed_while_the_pipeline_is_late(make: Make) -> None:
    world = make(SILENCE)
    cart = {"name": "cart"}
    world.source.add(many(0, 60, 5, service=cart))
    world.source.add(many(60, 300, 5, service=cart), arrives=300)  # the broker stood still
    world.source.add(many(300, 600, 5, service=cart))
    engine = await world.start()
    await world.until(70, engine)

    while world.now < 300:
        world.late_s = world.now - 60
        await world.until(world.now + 1, engine)
    world.late_s = 0.0
    await world.until(600, engine)

    assert [row[1:] for row in world.timeline] == [
        ("firing", "PipelineLate"), ("resolved", "PipelineLate"),
    ]  # fmt: skip


async def test_real_absence_is_told_once_the_pipeline_is_in_time(make: Make) -> None:
    world = make(SILENCE)
    world.source.add(many(0, 100, 5, service={"name": "cart"}))
    world.late_s = 120.0
    engine = await world.start()
    await world.until(30, engine)
    world.late_s = 0.0
    await world.until(40, engine)
    world.late_s = 120.0
    await world.until(300, engine)
    assert ("firing", "cart") not in [row[1:] for row in world.timeline]

    world.late_s = 0.0
    await world.until(330, engine)

    assert (165, "firing", "cart") in world.timeline


async def test_a_full_outbox_delays_and_loses_nothing(make: Make) -> None:
    world = make(
        {**ERRORS, "by": ["service"], "annotations": {f"a{n}": "x" * 600 for n in range(3)}}
    )
    services = [f"s{n:03}" for n in range(120)]
    world.source.add([error(s, service={"name": n}) for n in services for s in range(31, 200, 12)])
    engine = await world.start()

    await world.until(66, engine, takes=False)  # nobody takes anything
    record = await world.memory.get(KIND, "group/Errors")
    assert record is not None
    assert 10 < len(record.value["outbox"]) < 120
    await world.until(150, engine)

    assert sorted(row[2] for row in world.timeline) == services


async def test_rules_that_differ_in_their_service_are_few_questions(make: Make) -> None:
    measures = ["count > 1000", "error_rate > 50%", "rate > 100/s", "avg(event.duration) > 1s"]
    rules = [
        {"alert": f"{measure[:5]}-{n}", "when": measure, "over": "1m", "where": f"service:s{n}"}
        for measure in measures
        for n in range(25)
    ]
    world = make(*rules)
    world.source.add([at(s, service={"name": f"s{s}"}) for s in range(30)])
    engine = await world.start()

    await world.until(20, engine)
    before = world.source.asked
    await world.until(35, engine)

    assert engine.standing.evaluations == 100 * 4  # at -15, 0, 15 and 30
    assert world.source.asked - before == 3 + 2  # counts, errors, durations; and what came late


async def test_very_long_names_and_words_are_no_trouble(make: Make) -> None:
    words = {f"a{n}": "{{ service.name }}" + "ü" * 900 for n in range(10)}
    world = make({**ERRORS, "by": ["service"], "annotations": words})
    services = [f"{n:03}" + "ä" * 300 for n in range(140)]
    world.source.add([error(s, service={"name": n}) for n in services for s in (31, 32, 33)])
    engine = await world.start()

    await world.until(66, engine)

    assert 4 < len(world.timeline) < 140
    assert engine.standing.overflow["group/Errors"] > 0
    assert engine.standing.failures == {}


@pytest.mark.parametrize("seed", range(4))
async def test_a_backtest_says_what_happened_live(make: Make, seed: int) -> None:
    chance = Random(seed)
    rules = [
        {"alert": "Rate", "when": "error_rate > 30%", "over": "45s", "by": ["service"],
         "min_events": 3, "for": "15s", "recovery": "10%"},
        {"alert": "Slow", "when": "p90(event.duration) > 800ms", "over": "1m",
         "keep_firing_for": "30s"},
        {"alert": "Few", "when": "count < 4", "over": "30s", "by": ["service"]},
        {"alert": "Gone", "when": "absent", "over": "1m", "by": ["service"]},
        {"alert": "Jump", "when": "change(count) > 2", "over": "1m", "no_data": "keep"},
    ]  # fmt: skip
    events = [
        at(
            second,
            service={"name": chance.choice(["cart", "shop"])},
            event={"duration": chance.randrange(10**9)},
            tags=["error"] if chance.random() < 0.5 * (second // 60 % 2) else [],
        )
        for second in sorted(chance.uniform(-14, 600) for _ in range(200))
    ]
    world = make(*rules)
    world.source.add(events)
    engine = await world.start()
    world.clock.advance(-11)  # so that nothing lies before the first evaluation
    await world.until(640, engine)

    backtested = []
    for rule in engine.rules.rules.values():
        result = await backtest(MemorySource(events), rule, START_US - 30 * US, START_US + 630 * US)
        backtested += [(one.episode, one.state, one.value) for one in result.alerts]

    told = [(one.episode, one.state, one.value) for one in world.told]
    assert len(told) > 10
    assert sorted(told, key=str) == sorted(backtested, key=str)


async def test_a_record_that_cannot_be_read_is_begun_anew(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    await world.memory.put(KIND, "group/Errors", {"rule": 7, "outbox": []})

    await world.until(50, await world.start())

    assert world.timeline == [(45, "firing", "Errors")]


@pytest.mark.parametrize("restarts", [True, False])
async def test_what_a_wrong_clock_has_evaluated_holds_nothing_up(
    make: Make, caplog: pytest.LogCaptureFixture, *, restarts: bool
) -> None:
    world = make({**ERRORS, "by": ["service"]}, {**SILENCE, "remember": "30d"}, catch_up="1m")
    world.source.add(many(0, 900, 5, service={"name": "shop"}))
    world.source.add([error(s, service={"name": "cart"}) for s in range(10, 700, 10)])
    engine = await world.start()
    await world.until(60, engine)
    assert ("firing", "cart") in [row[1:] for row in world.timeline]

    world.clock.advance(86_400)  # a day ahead, for a while
    await world.until(world.now + 40, engine)
    world.clock.advance(-86_400)
    engine = await world.start() if restarts else engine
    await world.until(400, engine)
    told = [row[1:] for row in world.timeline]
    assert told.count(("firing", "cart")) == 1 + 2  # again; and its absence on the other day
    assert engine.standing.rewound >= 2
    assert "a clock was wrong" in caplog.text
    assert engine.standing.lag_s(world.clock.now_ns() // 1000) < 15

    await world.until(900, engine)
    told = [row[1:] for row in world.timeline]
    assert (
        told.count(("resolved", "cart")) >= told.count(("firing", "cart")) - 1
    )  # it is absent now
    episodes = [one.episode for one in world.told]
    assert all(episodes.count(one) <= 2 for one in episodes)
    assert all((one.ends_at or one.starts_at) >= one.starts_at for one in world.told)


async def test_a_state_that_is_away_is_told_once(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = make()
    engine = await world.start()
    tries, found = iter(range(3)), world.memory.list

    async def away_at_first(*args: Any, **more: Any) -> Any:
        if next(tries, None) is not None:
            raise StateUnavailable("Elasticsearch does not answer")
        return await found(*args, **more)

    async def goes_on() -> bool:
        return "rules are evaluated again" in caplog.text

    monkeypatch.setattr(world.memory, "list", away_at_first)
    caplog.set_level("INFO", "logboom.alerts")
    running = asyncio.create_task(engine.run(each_s=0.001))
    await soon(goes_on, timeout_s=60, what="it goes on")
    running.cancel()
    await asyncio.wait([running])
    assert caplog.text.count("rules are not evaluated") == 1
