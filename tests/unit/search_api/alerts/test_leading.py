"""Who leads again remembers nothing of how late the pipeline was when it led before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import StateUnavailable
from logboom.state import Record, State
from logboom.state.local import LocalState
from logboom.store import open_store
from search_api.alerts.alerting import Alerting
from search_api.alerts.evaluate import Evaluated, instants_between
from search_api.alerts.evaluating import Evaluating
from search_api.alerts.keeping import CURSORS, Book
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import US
from search_api.alerts.standing import Standing
from search_api.pipeline.state import PipelineState, Snapshot
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START, START_US, error, many
from tests.unit.search_api.alerts.world import ERRORS, SILENCE, THREE, Make


class DownBroker:
    """What is known of a pipeline whose broker does not answer."""

    looks = 0

    async def timely_snapshot(self) -> Snapshot:
        self.looks += 1
        return Snapshot((), (), (), "the broker does not answer")


async def led(alerting: Alerting, pipeline: DownBroker) -> None:
    """Leads until the pipeline was looked at twice."""
    looks = pipeline.looks + 2
    running = asyncio.create_task(alerting.run())

    async def has_looked() -> bool:
        return pipeline.looks >= looks

    await soon(has_looked, timeout_s=60, what="it leads")
    running.cancel()
    await asyncio.wait([running])


class PausedState:
    """A state whose writers of cursors are paused, as a process is whose machine sleeps."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.goes_on = asyncio.Event()
        self.is_paused = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    async def put(self, kind: str, *args: Any, **more: Any) -> Record:
        if kind == CURSORS:
            self.is_paused.set()
            await self.goes_on.wait()
        return await self._state.put(kind, *args, **more)


async def test_who_leads_no_longer_moves_no_cursor(make: Make) -> None:
    world = make()
    world.source.add([*THREE, *(error(second) for second in range(200, 300, 5))])
    paused = PausedState(cast("State", world.state))
    paused.goes_on.set()
    state, world.state = world.state, cast("Any", paused)
    before = await world.start()
    await world.until(20, before)
    paused.goes_on.clear()
    paused.is_paused.clear()
    world.clock.advance(15)
    under_way = asyncio.create_task(before.step())
    await paused.is_paused.wait()

    world.state = state
    await world.until(280, await world.start())
    now_is = await world.memory.get(CURSORS, "group")
    paused.goes_on.set()
    await under_way
    assert await world.memory.get(CURSORS, "group") == now_is

    await world.until(400, before)  # it leads again, and goes on from there
    assert world.timeline == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
        (225, "firing", "Errors"), (360, "resolved", "Errors"),
    ]  # fmt: skip


async def test_a_rule_that_has_no_cursor_yet_is_not_given_that_of_others(make: Make) -> None:
    world = make(ERRORS, SILENCE)
    world.source.add(many(-60, 20, 5, service__name="cart"))
    world.source.add(many(95, 300, 5, service__name="cart"))
    world.state.fails_at, world.state.is_done = 2, False  # the rules' states are written before
    with pytest.raises(StateUnavailable):
        await world.until(5, await world.start())
    world.most_late_s = 200.0  # what has gone silent waits, and others go on
    await world.until(150, await world.start())
    engine = await world.start()
    await world.until(160, engine)
    assert world.timeline == []

    world.most_late_s = 0.0
    await world.until(180, engine)

    assert world.timeline == [(90, "firing", "cart"), (105, "resolved", "cart")]


async def test_what_another_one_has_decided_meanwhile_is_not_decided_again(make: Make) -> None:
    world = make()
    world.source.add(THREE)
    engine = await world.start()
    await world.until(130, engine)
    (rule,) = engine.rules.rules.values()
    book = Book(world.memory)
    await book.read()
    evaluating = Evaluating(world.source, book, Standing())
    due = Due(rule, instants_between(START_US, START_US + 105 * US, rule.every_us))
    found = await find(world.source, [due])

    result = await evaluating._evaluated(due, found.data, START_US + 130 * US, 100)

    assert result == Evaluated(book.kept[rule.id].state, ())


async def test_a_trouble_of_long_ago_is_not_counted_from_then(tmp_path: Path) -> None:
    clock, pipeline = ManualClock(START), DownBroker()
    config = Config.model_validate({"data": tmp_path})
    store, memory = await open_store(config, clock=clock), LocalState(tmp_path / "state", clock)
    alerting = Alerting(store, memory, cast("PipelineState", cast("Any", pipeline)), config, clock)

    await led(alerting, pipeline)
    assert alerting.engine.standing.late_s == 0
    clock.advance(3_600)  # others lead meanwhile, and the broker answers them
    await led(alerting, pipeline)
    assert alerting.engine.standing.late_s == 0

    await memory.close()
    await store.close()
