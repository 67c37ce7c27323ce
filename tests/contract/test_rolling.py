"""Rolling up on both stores with their own states: the rows of every tier are the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import httpx
import pytest

from logboom.clock import ManualClock
from logboom.config import Config, LocalStoreSection
from logboom.rollups import Tier
from logboom.state import State, open_state
from logboom.store import Document, Store, open_store
from logboom.store.elastic.rollups import base_name
from processor.rolling.opening import Rolling, open_rolling
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
BEYOND_US = 2**51


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    opened = await open_store(config, clock=ManualClock(NOW))
    yield opened
    await opened.close()


@pytest.fixture
async def state(config: Config) -> AsyncIterator[State]:
    opened = open_state(config, ManualClock(NOW))
    yield opened
    await opened.close()


def documents() -> list[Document]:
    """Of this minute, of the hours before, of days ago, and one out of range."""
    times = [f"2026-03-14T{9 - n % 3:02}:0{n % 6}:{n % 60:02}.000Z" for n in range(60)]
    times += ["2026-03-13T23:59:59.999Z", "2026-03-11T00:00:00.000Z"]
    made = [
        happening(
            n, time, service=f"s{n % 3}", host="h" if n % 2 else None, error=n % 7 == 0,
            level="info", status=200 + 100 * (n % 4), duration=1_000 * n,
        )
        for n, time in enumerate(times)
    ]  # fmt: skip
    stray = happening(
        999, "1999-01-01T00:00:00.000Z", read="2026-03-14T09:05:10.000Z", day=date(2026, 3, 14)
    )
    return [*made, stray]


async def roll_all(rolling: Rolling) -> None:
    while await rolling.roller.roll():
        pass


async def test_rows_follow_what_is_stored(config: Config, store: Store, state: State) -> None:
    clock = ManualClock(NOW)
    rolling = open_rolling(config, store, state, "one", clock)
    other = open_rolling(config, store, state, "two", clock)
    writer = await store.writer()
    happened = documents()
    for first in (0, 30, 0):  # the same again, as after crashes
        some = happened[first : first + 40]
        await writer.write(some)
        await rolling.mark(touched_minutes(some))
        await rolling.roller.roll()
    await roll_all(rolling)
    clock.advance(60)  # the first one's lease has ended
    await other.mark(touched_minutes(happened[:5]))
    await roll_all(other)
    for tier in Tier:
        rows = await store.rollups.rows(tier, 0, BEYOND_US)
        assert in_order(rows) == truth(happened, tier)
    assert await rolling.marks.behind(None, 100) == []
    await writer.close()


async def test_rows_that_are_lost_are_worked_out_anew(
    config: Config, store: Store, state: State
) -> None:
    happened, clock = documents(), ManualClock(NOW)
    rolling = open_rolling(config, store, state, "one", clock)
    writer = await store.writer()
    await writer.write(happened)
    await roll_all(rolling)
    clock.advance(11)  # indices that are new are known by the next look
    await roll_all(rolling)
    await writer.close()
    await store.close()
    await _lose_rows(config)
    clock.advance(61)
    again, said = await open_store(config, clock=clock), list[str]()
    await roll_all(open_rolling(config, again, state, "two", clock, warn=said.append))
    for tier in Tier:
        rows = await again.rollups.rows(tier, 0, BEYOND_US)
        assert in_order(rows) == truth(happened, tier)
    assert len(said) == 1
    assert said[0].startswith("rates were lost with ")
    clock.advance(61)
    await roll_all(open_rolling(config, again, state, "three", clock, warn=said.append))
    assert len(said) == 1
    await again.close()


async def _lose_rows(config: Config) -> None:
    """Removes the file; of the indices, that of a day, and that of a month's hours."""
    if isinstance(config.store, LocalStoreSection):
        (config.data / "store" / "rollups.sqlite3").unlink()
        return
    base = base_name(config.index)
    async with httpx.AsyncClient(base_url=config.store.urls[0], timeout=60) as client:
        for name in ("1m-2026.03.13", "1h-2026.03"):
            answer = await client.delete(f"/{base}-{name}")
            assert answer.status_code == 200, answer.text
