"""What happens when more is to be remembered, or to be told, than there is room for?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from search_api.alerts.alert import AlertState
from search_api.alerts.data import Data
from search_api.alerts.ending import end_all
from search_api.alerts.evaluate import Transition, evaluate_in_turns
from search_api.alerts.expressions import parse_where
from search_api.alerts.keeping import Book, Kept, details, write_details
from search_api.alerts.outbox import KIND
from search_api.alerts.rules import US
from search_api.alerts.states import Episode, Key, RuleState, SeriesState, latest
from search_api.alerts.telling import alert_of
from tests.unit.search_api.alerts.timeline import START, START_US, at, error, many, rule_of
from tests.unit.search_api.alerts.world import Make, World, group_of

ERRORS = {"alert": "Errors", "when": "count >= 3", "over": "1m", "where": "tags:error"}
LARGE = {f"a{n}": "x" * 600 for n in range(3)}
"""An alert with these takes more than 2,000 bytes."""

SERVICES = [f"s{n:03}" for n in range(120)]


async def test_a_rule_that_is_changed_while_nobody_takes_anything_ends_later(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, group_of({**ERRORS, "by": ["service"], "annotations": LARGE}))
    world.source.add([error(s, service={"name": n}) for n in SERVICES for s in range(31, 300, 12)])
    engine = await world.start()
    await world.until(80, engine)  # all of them fire, and that is taken
    assert len(world.told) == 120

    await world.kept.put(group_of({**ERRORS, "when": "count > 1000", "by": ["service"]}), "me")
    await world.until(95, engine, takes=False)
    record = await world.memory.get(KIND, "group/Errors")
    assert record is not None
    assert 10 < len(record.value["outbox"]) < 120
    await world.until(160, engine)

    ended = [row[2] for row in world.timeline if row[1] == "resolved"]
    assert sorted(ended) == SERVICES
    assert engine.standing.failures == {}
    await world.close()


async def test_where_nobody_is_to_be_told_nothing_waits(tmp_path: Path) -> None:
    world = World(tmp_path, group_of({**ERRORS, "by": ["service"]}))
    world.source.add([error(s, service={"name": n}) for n in SERVICES for s in (31, 32, 33)])
    await world.until(50, await world.start(), takes=False)
    engine = await world.start(is_told=False)

    await world.until(80, engine, takes=False)
    record = await world.memory.get(KIND, "group/Errors")
    assert record is not None
    assert record.value["outbox"] == []
    assert len(record.value["series"]) == 120
    assert all(series[3] for series in record.value["series"].values())  # they fire

    await world.until(125, engine, takes=False)
    ended = [one for one in await details(world.memory) if one.state is AlertState.RESOLVED]
    assert len(ended) == 120
    await world.close()


def test_episodes_are_remembered_as_far_as_there_is_room() -> None:
    one = Episode(Key(("x" * 3_000,)), START_US, START_US + US)
    small = Episode(Key(("x",)), START_US, START_US + US)

    assert len(latest([one] * 90)) == 6
    assert latest([one, *[small] * 200]) == (small,) * 100


async def test_a_state_that_is_too_large_fails_its_own_rule(tmp_path: Path) -> None:
    large = {"alert": "Large", "when": "count > 0", "over": "1m", "annotations": {}}
    world = World(tmp_path, group_of(ERRORS, large))
    world.source.add([error(s) for s in (31, 32, 33)])
    engine = await world.start()
    await world.until(20, engine)
    kept = await world.memory.get(KIND, "group/Large")
    assert kept is not None
    seen = [[[f"{number:04}" + "x" * 246], START_US] for number in range(900)]
    await world.memory.put(KIND, "group/Large", {**kept.value, "seen": seen})

    engine = await world.start()
    await world.until(50, engine)
    assert list(engine.standing.failures) == ["group/Large"]
    assert world.timeline == [(45, "firing", "Errors")]
    await world.close()


async def gone(world: World, number: int) -> Book:
    """A rule that is gone fires so many series."""
    rule = rule_of("count > 0", by=["service"], annotations={"text": "x" * 900})
    keys = [Key((f"s{n:03}",)) for n in range(number)]
    told = [Transition(key, AlertState.FIRING, START_US, START_US, 1.0) for key in keys]
    await write_details(world.memory, [alert_of(rule, one, ()) for one in told])
    series = {key: SeriesState(START_US, START_US, 1.0, fired_us=START_US) for key in keys}
    book = Book(world.memory)
    await book.write({rule.id: Kept(RuleState("gone", series=series))})
    return book


async def test_a_rule_that_is_gone_ends_as_much_as_there_is_room_for(tmp_path: Path) -> None:
    world = World(tmp_path, group_of(ERRORS))
    book = await gone(world, 450)

    turns = 0
    while book.kept["group/Rule"].state.series:
        await end_all(book, "group/Rule", START)
        await end_all(book, "group/Rule", START)
        await world.take()
        await book.read()
        turns += 1

    assert turns > 1
    assert len(world.told) == 450
    assert {alert.state for alert in world.told} == {AlertState.RESOLVED}
    await world.close()


async def test_a_rule_that_is_too_much_at_once_goes_on_with_the_latest_instant(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, group_of(ERRORS), late="0s")
    world.source.longest_us = 60 * US  # the window of one instant
    world.source.add([error(s) for s in (71, 72, 73)])
    await world.until(20, await world.start())
    world.clock.advance(60)  # three instants are missed

    engine = await world.start()
    await world.until(100, engine)

    assert world.timeline == [(75, "firing", "Errors")]
    assert engine.standing.failures == {}
    assert engine.standing.passed_over == 3
    await world.close()


async def test_others_have_their_turn_between_instants() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    rule, instants = rule_of("count > 0"), [START_US + n * 15 * US for n in range(100)]
    counting = asyncio.create_task(count())
    await evaluate_in_turns(rule, Data(), RuleState(rule.fingerprint()), instants)
    counting.cancel()
    assert turns >= 99


async def test_a_record_that_somebody_else_has_written_ends_the_next_time(tmp_path: Path) -> None:
    world = World(tmp_path, group_of(ERRORS))
    book = await gone(world, 3)
    record = await world.memory.get(KIND, "group/Rule")
    assert record is not None
    await world.memory.put(KIND, "group/Rule", record.value)

    await end_all(book, "group/Rule", START)
    await world.take()
    assert world.told == []
    await end_all(book, "group/Rule", START + timedelta(seconds=5))
    await world.take()

    assert [(one.state, one.ends_at) for one in world.told] == [(AlertState.RESOLVED, START)] * 3
    assert {one.annotations["resolved"] for one in world.told} == {"the rule is gone"}
    assert {one.labels["service.name"] for one in world.told} == {"s000", "s001", "s002"}
    await world.close()


async def test_rules_of_a_file_that_cannot_be_read_after_a_restart_are_not_gone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rules.yaml"
    text = "groups: [{name: files, rules: [{alert: One, when: count > 0, over: 1m}]}]"
    file.write_text(text)
    world = World(tmp_path / "state", group_of(ERRORS), rules=[str(file)])
    world.source.add([error(31)])
    await world.until(50, await world.start())
    assert world.timeline == [(45, "firing", "One")]

    file.write_text(text.replace("count", "cont"))
    engine = await world.start()
    await world.until(70, engine)
    assert str(file) in engine.standing.problems
    assert "One" not in [row[2] for row in world.timeline if row[1] == "resolved"]

    file.write_text("groups: []")
    await world.until(80, engine)
    assert "One" in [row[2] for row in world.timeline if row[1] == "resolved"]
    await world.close()


async def test_late_windows_that_are_too_much_are_asked_for_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    narrow = {**ERRORS, "alert": "Narrow", "where": "tags:error AND NOT wide", "over": "30s"}
    world = World(tmp_path, group_of(ERRORS, narrow))
    world.source.add([error(s) for s in range(10, 300, 40)])
    world.source.add([error(s) for s in (41, 42, 43)], arrives=200)
    engine = await world.start()
    await world.until(190, engine)
    world.source.longest_us = 240 * US  # a minute more is looked at by one than by the other
    world.source.limits_only = parse_where("tags:error")

    await world.until(300, engine)

    assert caplog.text.count("windows that late events have changed") == 1
    assert engine.standing.passed_over > 0
    assert [row for row in world.timeline if row[2] == "Narrow"] == [
        (45, "firing", "Narrow"), (75, "resolved", "Narrow"),
    ]  # fmt: skip
    await world.close()


async def test_late_windows_are_asked_for_again_when_the_store_was_away(tmp_path: Path) -> None:
    world = World(tmp_path, group_of(ERRORS))
    world.source.add([error(s) for s in (41, 42, 43)], arrives=200)
    engine = await world.start()
    await world.until(190, engine)
    world.source.away_for_us = 120 * US
    await world.until(230, engine)
    assert world.timeline == []
    world.source.away_for_us = None
    await world.until(260, engine)

    assert [row[0] for row in world.timeline] == [45, 105]
    await world.close()


async def test_late_firings_that_are_too_many_to_be_told_are_counted(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    world = make({"alert": "Any", "when": "count > 0", "over": "15s", "by": ["service"]})
    world.source.add(many(0, 300, 5, service__name="cart"))
    early = [at(number / 2, service={"name": f"s{number:03}"}) for number in range(130)]
    world.source.add(early, arrives=200)
    engine = await world.start()

    await world.until(260, engine)

    ended = [name for _, state, name in world.timeline if state == "resolved"]
    assert sorted(ended) == [f"s{number:03}" for number in range(30, 130)]
    assert engine.standing.untold == 30
    notes = [
        one.annotations.get("untold", "")
        for one in world.told
        if one.labels["service.name"] != "cart"
    ]
    assert len(notes) == 200
    assert all("30 earlier firings of this rule" in note for note in notes)
    book = Book(world.memory)
    await book.read()
    assert book.kept["group/Any"].state.untold == 30
    assert "30 firings that late events show, and that are over, are not told" in caplog.text
