"""Late events that an evaluation was about to look at are not forgotten, whatever happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from search_api.alerts.rules import US
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import error, many
from tests.unit.search_api.alerts.world import World, group_of

ERRORS = {"alert": "Errors", "when": "count >= 3", "over": "1m", "where": "tags:error"}
OTHER = {"alert": "Other", "when": "count > 1000", "over": "1m"}

Make = Callable[..., World]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    worlds: list[World] = []

    def one(*rules: Any, every: str) -> World:
        worlds.append(World(tmp_path / str(len(worlds)), group_of(*rules, every=every)))
        return worlds[-1]

    yield one
    for world in worlds:
        await world.close()


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
