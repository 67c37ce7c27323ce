"""Whoever rolls up is killed after each of its durable writes in turn: the rows are the truth later."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.rollups import Row, Tier
from logboom.state import open_state
from logboom.store import Document, open_store
from processor.rolling.opening import Rolling, open_rolling
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
BEYOND_US = 2**51
LEASE_S = 120
LEAST_WRITES = 12
"""Three batches (this hour, two old days), each of three tiers and their marks."""


class Dying:
    """Something whose durable writes are counted, until one of them is the last.

    Args:
        thing: The rollups of a store, or a state.
        left: How many writes it lives for; shared.
    """

    def __init__(self, thing: Any, left: list[int]) -> None:
        self._thing = thing
        self._left = left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        await self._thing.keep(tier, rows)
        self._written()

    async def delete_many(self, kind: str, versions: Mapping[str, str]) -> int:
        gone: int = await self._thing.delete_many(kind, versions)
        self._written()
        return gone

    def _written(self) -> None:
        self._left[0] -= 1
        if not self._left[0]:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """A store with such rollups."""

    def __init__(self, store: Any, left: list[int]) -> None:
        self._store = store
        self.rollups = Dying(store.rollups, left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def roll_and_die(config: Config, writes: int, seconds: float) -> None:
    asyncio.run(_roll_and_die(config, writes, seconds))


async def _roll_and_die(config: Config, writes: int, seconds: float) -> None:
    clock, left = ManualClock(NOW), [writes]
    clock.advance(seconds)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    dying: Any = DyingStore(store, left)
    forgetting: Any = Dying(state, left)
    await _roll_all(open_rolling(config, dying, forgetting, f"after {writes}", clock))
    await state.close()
    await store.close()


def happened(turn: int) -> list[Document]:
    """Events of this hour and of two old days: in each turn others of the same minutes."""
    times = ["2026-03-14T09:04:00.000Z"]
    times += [f"2026-03-{day}T{hour:02}:07:00.000Z" for day in (11, 13) for hour in range(0, 24, 5)]
    return [
        happening(100 * turn + n, time, service=f"s{n % 2}", level="info", duration=1000 + turn)
        for n, time in enumerate(times)
    ]


async def _roll_all(rolling: Rolling) -> None:
    while await rolling.roller.roll():
        pass


@pytest.mark.timeout(300)
async def test_rows_are_the_truth_after_a_kill_behind_any_write(config: Config) -> None:
    clock = ManualClock(NOW)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    documents: list[Document] = []
    survived, writes, seconds = False, 0, 0.0
    while not survived:
        writes += 1
        new = happened(writes)
        documents += new
        await writer.write(new)
        rolling = open_rolling(config, store, state, f"one {writes}", clock)
        await rolling.mark(touched_minutes(new))
        child = multiprocessing.get_context("spawn").Process(
            target=roll_and_die, args=(config, writes, seconds)
        )
        child.start()
        await asyncio.to_thread(child.join, 60)
        survived = child.exitcode == 0
        assert survived or child.exitcode == -signal.SIGKILL
        clock.advance(LEASE_S)  # that of the dead one has ended
        await _roll_all(rolling)
        for tier in Tier:
            assert in_order(await store.rollups.rows(tier, 0, BEYOND_US)) == truth(documents, tier)
        assert await rolling.marks.behind(None, 100) == []
        clock.advance(LEASE_S)
        seconds += 2 * LEASE_S
    assert writes > LEAST_WRITES
    await writer.close()
    await state.close()
    await store.close()
