"""Nothing that is slow keeps others from being evaluated."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from logboom.errors import StateUnavailable
from search_api.alerts.engine import Engine
from search_api.alerts.expressions import parse_where
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.alerts.turns import InTurns
from search_api.alerts.under_way import UnderWay
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START_US, error
from tests.unit.search_api.alerts.world import World, group_of

ERRORS = {"alert": "Errors", "when": "count >= 3", "over": "1m", "where": "tags:error"}
SLOW = {"alert": "Slow", "when": "count > 0", "over": "1m", "where": "tags:error AND slow"}


async def evaluated(engine: Engine, name: str, second: int, world: World) -> None:
    async def is_evaluated() -> bool:
        standing = engine.standing.groups.get(name)
        await world.take()
        return standing is not None and standing.last_us == START_US + second * US

    await soon(is_evaluated, timeout_s=60, what=f"{name} is evaluated for {second}")


async def test_a_question_that_is_not_answered_holds_up_its_own_group_only(tmp_path: Path) -> None:
    world = World(tmp_path, group_of(ERRORS), late="0s")
    world.source.add([error(s) for s in (31, 32, 33)])
    await world.kept.put({**group_of(SLOW), "name": "a slow one"}, "")
    world.source.slow_query, world.source.slow = parse_where(SLOW["where"]), asyncio.Event()
    engine = await world.start()
    world.clock.advance(4)
    running = asyncio.create_task(engine.run(each_s=0.01))

    for second in (0, 15, 30, 45):
        await evaluated(engine, "group", second, world)
        world.clock.advance(15)
    assert world.timeline == [(45, "firing", "Errors")]
    assert engine.standing.groups["a slow one"].last_us is None
    assert not engine.standing.success_us  # of all groups
    assert engine.standing.lag_s(world.clock.now_ns() // 1000) > 30

    async def is_known_alone() -> bool:
        return set(engine.rules.groups) == set(engine.standing.groups) == {"group"}

    await world.kept.delete("a slow one", "")  # also while it is asked
    world.clock.advance(5)  # rules are read that often
    await soon(is_known_alone, timeout_s=60, what="the other group is gone")
    world.clock.advance(10)  # it may have been evaluated for second 60 beside the other one
    await evaluated(engine, "group", 75, world)

    async def has_succeeded() -> bool:
        return engine.standing.success_us is not None

    await soon(has_succeeded, timeout_s=60, what="all groups are evaluated")
    running.cancel()
    await asyncio.wait([running])
    assert set(engine.rules.groups) == {"group"}
    await world.close()


async def test_a_new_rule_that_fails_is_asked_once_for_each_instant(tmp_path: Path) -> None:
    world = World(tmp_path, group_of(ERRORS), late="0s")
    world.source.is_down = True
    engine = await world.start()
    world.clock.advance(4)
    for _ in range(5):
        await engine.step()
    assert world.source.asked == 1
    world.clock.advance(15)
    await engine.step()
    assert world.source.asked == 2
    await world.close()


async def test_what_takes_long_gives_its_turn_to_others() -> None:
    done, answered = asyncio.Event(), asyncio.Event()

    class Slow(MemorySource):
        async def samples(self, *arguments: object, **more: object) -> list[dict[str, object]]:
            if not done.is_set():
                done.set()
                await answered.wait()
            return [{}]

    source = InTurns(Slow(), at_once=1, slow_s=0.01)
    query = parse_where("")
    slow = asyncio.create_task(source.samples(query, None, 1))  # type: ignore[arg-type]
    await done.wait()
    assert await source.samples(query, None, 1) == [{}]  # type: ignore[arg-type]
    assert not slow.done()
    answered.set()
    assert await slow == [{}]


async def test_questions_that_take_long_are_never_many_at_once() -> None:
    answered, asked = asyncio.Event(), list[int]()

    class Slow(MemorySource):
        async def samples(self, *arguments: object, **more: object) -> list[dict[str, object]]:
            asked.append(1)
            await answered.wait()
            return [{}]

    async def is_full() -> bool:
        return len(asked) == 3

    source = InTurns(Slow(), at_once=1, most=3, slow_s=0.001)
    query = parse_where("")
    asking = [
        asyncio.create_task(source.samples(query, None, 1))  # type: ignore[arg-type]
        for _ in range(5)
    ]
    await soon(is_full, timeout_s=60, what="three are asked")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.samples(query, None, 1), 0.05)  # type: ignore[arg-type]
    assert len(asked) == 3
    answered.set()
    assert await asyncio.gather(*asking) == [[{}]] * 5


async def test_what_one_ends_with_is_told_once_the_others_go_on() -> None:
    async def fails() -> None:
        raise StateUnavailable("gone")

    under_way, gate = UnderWay(), asyncio.Event()

    async def waits() -> None:
        await gate.wait()

    under_way.begin("waits", waits())
    under_way.begin("fails", fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(StateUnavailable):
        under_way.reap()
    under_way.reap()
    assert (under_way.has("waits"), under_way.has("fails")) == (True, False)
    await under_way.stop()
    assert not under_way.has("waits")


async def test_a_mistake_of_ours_comes_first_and_nothing_is_swallowed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(error: Exception) -> None:
        raise error

    async def fails_at_its_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise StateUnavailable("while it ends")

    under_way = UnderWay()
    under_way.begin("one", fails(StateUnavailable("the state is gone")))
    under_way.begin("two", fails(KeyError("a mistake")))
    await under_way.wait()
    with pytest.raises(KeyError):
        under_way.reap()
    assert "the state is gone" in caplog.text

    under_way.begin("three", fails_at_its_end())
    await asyncio.sleep(0)
    await under_way.stop()
    assert "while it ends" in caplog.text
