"""A store acknowledges events before searches see them: what is not seen yet is no silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from logboom.broker import PartitionLag
from logboom.errors import StoreUnavailable
from search_api.alerts.lateness import Late, Lateness
from search_api.alerts.visible import Visible
from search_api.pipeline.state import Snapshot
from tests.unit.search_api.alerts.timeline import many
from tests.unit.search_api.alerts.world import Make, Told, World

FEW = {"alert": "Few", "when": "count < 8", "over": "15s"}
ABSENT = {"alert": "Gone", "when": "absent", "over": "15s", "by": ["service"]}
SLOW = {"alert": "Slow", "when": "rate < 0.6/s", "over": "15s"}
STEADY = {"alert": "Steady", "when": "count > 8", "over": "15s"}


class LateToShow:
    """A store of which a refresh ends when it has shown all that was written."""

    def __init__(self) -> None:
        self.shows = asyncio.Event()
        self.shows.set()
        self.refreshed = 0
        self.is_down = False

    async def refresh(self) -> None:
        if self.is_down:
            raise StoreUnavailable("it is down")
        await self.shows.wait()
        self.refreshed += 1


class Paused:
    """An event a second till 150; the processor stands still for a while, and then commits all at once.

    Args:
        world: Has the clock, and the events as searches see them.
        pause: First and last second of the pause.
        shown: The second in which searches see what was stored at the end of it.
    """

    def __init__(self, world: World, pause: tuple[int, int], shown: int) -> None:
        self.world, self.pause, self.shown = world, pause, shown
        self.store = LateToShow()
        self.visible = Visible(self.store)
        self.lateness = Lateness(self.visible.position, 3.0)
        before, after = pause[0], pause[1]
        service = {"service": {"name": "cart"}}
        world.source.add(many(-60, before, 1, **service))
        world.source.add(many(before, after, 1, **service), arrives=shown)
        world.source.add(many(after, 150, 1, **service))

    def lag(self) -> PartitionLag:
        now, (first, last) = int(self.world.now), self.pause
        end = 60 + min(now, 150)
        return PartitionLag(0, 60 + first if first <= now < last else end, end)

    async def late(self) -> Late:
        seen = Snapshot((), (), (self.lag(),), None)
        return self.lateness.note(seen, self.world.clock.now_ns() / 1e9)

    async def run(self, until: int) -> None:
        engine = await self.world.start(late=self.late)
        looking: asyncio.Task[None] | None = None
        while self.world.now < until:
            now = self.world.now + 1
            if self.pause[1] <= now < self.shown:
                self.store.shows.clear()
            else:
                self.store.shows.set()
            if looking is None or looking.done():
                looking = asyncio.create_task(self.visible.look([self.lag()]))
            await asyncio.sleep(0.001)
            await self.world.until(now, engine)
        assert looking is not None
        self.store.shows.set()
        await looking


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (FEW, [(160, "firing", "Few")]),
        (SLOW, [(160, "firing", "Slow")]),
        (ABSENT, [(165, "firing", "cart")]),
        (STEADY, [(-5, "firing", "Steady"), (160, "resolved", "Steady")]),
    ],
)
@pytest.mark.parametrize("pause", [(40, 54), (43, 61), (47, 73)])
async def test_what_is_acknowledged_and_not_yet_seen_is_no_silence(
    make: Make, rule: Mapping[str, Any], told: list[Told], pause: tuple[int, int]
) -> None:
    world = make(rule, every="5s")
    paused = Paused(world, pause, shown=pause[1] + 3)

    await paused.run(190)

    assert [one for one in world.timeline if one[2] != "PipelineLate"] == told


async def test_positions_are_visible_that_were_committed_before_a_refresh() -> None:
    store = LateToShow()
    visible = Visible(store)
    assert visible.position(PartitionLag(0, 9, 9)) == 0

    store.shows.clear()
    looking = asyncio.create_task(visible.look([PartitionLag(0, 9, 20)]))
    await asyncio.sleep(0)
    assert visible.position(PartitionLag(0, 15, 20)) == 0
    store.shows.set()
    await looking
    assert visible.position(PartitionLag(0, 15, 20)) == 9

    assert visible.position(PartitionLag(1, 5, 5)) == 0  # of others nothing is known
    assert visible.position(PartitionLag(0, 3, 3)) == 0  # it was made anew
    await visible.look([PartitionLag(0, 9, 30)])
    assert store.refreshed == 1  # nothing was committed since


async def test_while_the_store_cannot_be_refreshed_nothing_more_is_visible(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = LateToShow()
    visible = Visible(store)
    await visible.look([PartitionLag(0, 5, 5)])
    store.is_down = True

    for committed in (7, 8):
        await visible.look([PartitionLag(0, committed, 9)])
        assert visible.position(PartitionLag(0, committed, 9)) == 5
    assert len(caplog.messages) == 1
    store.is_down = False
    await visible.look([PartitionLag(0, 9, 9)])
    assert visible.position(PartitionLag(0, 9, 9)) == 9


def test_what_searches_see_soon_is_not_late() -> None:
    seen = {0: 10}
    late = Lateness(lambda lag: seen[lag.partition], 3.0)

    def most_s(committed: int, end: int, now_s: float) -> float:
        return late.note(Snapshot((), (), (PartitionLag(0, committed, end),), None), now_s).most_s

    assert most_s(10, 10, 100) == 0
    assert most_s(12, 12, 101) == 0  # what `settle` waits for anyway
    assert most_s(12, 12, 103) == 0
    assert most_s(12, 12, 104) == 4  # it may have come since the look before
    seen[0] = 12
    assert most_s(12, 12, 105) == 0
