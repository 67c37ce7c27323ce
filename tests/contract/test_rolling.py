"""Rolling up on both stores with their own states: the rows of every tier are the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.rollups import Tier
from logboom.state import State, open_state
from logboom.store import Document, Store, open_store
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
