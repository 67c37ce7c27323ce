"""A round of rollups keeps no more rows at once than one question may have."""

from __future__ import annotations

from typing import Any

from logboom.clock import ManualClock
from logboom.config import RollupsSection
from logboom.errors import TooManyRows
from logboom.event import epoch_us
from logboom.rollups import Row, Tier
from logboom.rollups.marks import Mark
from processor.rolling.summing import Progress, Summing
from tests.unit.processor.test_rolling_together import DAY, NOW, NOW_US, StoreOf, marks

MOST = 200  # for MOST_ROWS, a thousandth
EACH_MINUTE = 2  # rows of a minute in the busy part of the day
BUSY_US = epoch_us(f"{DAY}T07:00:00Z")


class Uneven:
    def __init__(self) -> None:
        self.most_kept = 0

    async def summarise(self, start_us: int, end_us: int) -> list[Row]:
        busy = range(max(start_us, BUSY_US), end_us, Tier.MINUTE.width_us)
        if len(busy) * EACH_MINUTE > MOST:
            raise TooManyRows("too many")
        return [Row(one, "a", str(n), "info", 1) for one in busy for n in range(EACH_MINUTE)]

    async def rows(self, tier: Tier, start_us: int, end_us: int) -> list[Row]:
        return []

    async def keep(self, tier: Tier, rows: Any) -> None:
        self.most_kept = max(self.most_kept, len(rows))


async def test_a_busy_part_behind_a_quiet_one_is_not_taken_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr("processor.rolling.summing._MANY_ROWS", MOST // 10)
    rollups = Uneven()
    store: Any = StoreOf(rollups)
    summing = Summing(store, RollupsSection(), ManualClock(NOW), Progress())
    wanted = marks(*(f"{hour:02}" for hour in range(24)))
    left = wanted
    done: list[Mark] = []
    while left:
        taken = await summing.work_out(left, NOW_US)
        done += taken
        left = left[len(taken) :]
    assert done == wanted
    assert rollups.most_kept <= MOST + MOST // 10
