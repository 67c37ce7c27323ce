"""Many marked stretches are worked out together where little has happened, and one by one elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from logboom.clock import ManualClock
from logboom.config import Config, RollupsSection
from logboom.errors import TooManyRows
from logboom.event import epoch_us
from logboom.rollups import Row, Tier
from logboom.rollups.marks import Mark
from logboom.state import open_state
from logboom.store import open_store
from processor.rolling.opening import open_rolling
from processor.rolling.summing import Progress, Summing
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
NOW_US = epoch_us("2026-03-14T09:05:30Z")
DAY = "2026-03-12"
DAYS = 20
FAR_US = 2**51


class Counting:
    """Counts what is asked of the state and of the rollups."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        self.calls += 1
        await self._thing.keep(tier, rows)

    async def delete_many(self, kind: str, versions: Mapping[str, str]) -> int:
        self.calls += 1
        gone: int = await self._thing.delete_many(kind, versions)
        return gone

    async def delete(self, kind: str, key: str, *, expected: Any) -> bool:
        self.calls += 1
        gone: bool = await self._thing.delete(kind, key, expected=expected)
        return gone


class CountingStore:
    """A store whose rollups count."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.rollups = Counting(store.rollups)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_an_old_day_takes_a_few_writes_and_not_some_for_each_hour(tmp_path: Path) -> None:
    config, clock = Config(data=tmp_path), ManualClock(NOW)
    opened, memory = await open_store(config, clock=clock), open_state(config, clock)
    writer = await opened.writer()
    store, state = CountingStore(opened), Counting(memory)
    shared: Any = store
    memory_of: Any = state
    rolling = open_rolling(config, shared, memory_of, "one", clock)
    begin = NOW - timedelta(days=DAYS)
    times = [f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S.000Z}" for hour in range(24 * DAYS)]
    documents = [happening(n, time, service="a", duration=n) for n, time in enumerate(times)]
    await writer.write(documents)
    await rolling.mark(touched_minutes(documents))
    while await rolling.roller.roll():
        pass
    for tier in Tier:
        assert in_order(await opened.rollups.rows(tier, 0, FAR_US)) == truth(documents, tier)
    # A batch is a day, or one of the two newest hours.
    assert store.rollups.calls <= 3 * (DAYS + 3)
    assert state.calls <= DAYS + 3
    await writer.close()
    await memory.close()
    await opened.close()


class SlowRollups:
    """Rollups of which only the questions matter, and how long the answers take.

    Args:
        clock: Is moved on.
        seconds: What a minute of a question takes.
        most: Minutes of which there are not too many rows.
    """

    def __init__(self, clock: ManualClock, seconds: float, *, most: int = 1440) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self.asked: list[tuple[str, int]] = []

    async def summarise(self, start_us: int, end_us: int) -> list[Row]:
        minutes = (end_us - start_us) // Tier.MINUTE.width_us
        self._clock.advance(self._seconds * minutes)
        if minutes > self._most:
            raise TooManyRows("too many")
        first = datetime.fromtimestamp(start_us // 1_000_000, UTC)
        self.asked.append((f"{first:%H:%M}", minutes))
        starts = range(start_us, end_us, Tier.MINUTE.width_us)
        return [Row(one, "a", "h", "info", 1) for one in starts]

    async def rows(self, tier: Tier, start_us: int, end_us: int) -> list[Row]:
        return []

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        self.kept = {**getattr(self, "kept", {}), tier: [row.start_us for row in rows]}


class StoreOf:
    """A store that has only rollups."""

    def __init__(self, rollups: Any) -> None:
        self.rollups = rollups


def marks(*times: str) -> list[Mark]:
    return [
        Mark(epoch_us(f"{DAY}T{time}:00Z"), Tier.MINUTE, "1")
        if ":" in time
        else Mark(epoch_us(f"{DAY}T{time}:00:00Z"), Tier.HOUR, "1")
        for time in times
    ]


def summing(rollups: SlowRollups, clock: ManualClock) -> Summing:
    store: Any = StoreOf(rollups)
    return Summing(store, RollupsSection(), clock, Progress())


async def test_only_marked_minutes_are_asked_for_where_an_answer_takes_long() -> None:
    clock = ManualClock(NOW)
    rollups = SlowRollups(clock, 0.11)
    wanted = marks("00:00", "00:01", "00:05", "01:00")
    done = await summing(rollups, clock).work_out(wanted, NOW_US)
    assert rollups.asked == [("00:00", 2), ("00:05", 1), ("01:00", 1)]
    assert done == wanted


async def test_where_answers_are_quick_each_question_goes_further() -> None:
    clock = ManualClock(NOW)
    rollups = SlowRollups(clock, 0.0)
    wanted = marks(*(f"{hour:02}" for hour in range(24)))
    assert await summing(rollups, clock).work_out(wanted, NOW_US) == wanted
    assert rollups.asked == [
        ("00:00", 60),
        ("01:00", 120),
        ("03:00", 240),
        ("07:00", 480),
        ("15:00", 540),
    ]


async def test_of_what_lies_between_marks_nothing_is_kept() -> None:
    clock = ManualClock(NOW)
    rollups = SlowRollups(clock, 0.0)
    wanted = marks("00:00", "00:02", "00:05", "00:07")
    await summing(rollups, clock).work_out(wanted, NOW_US)
    assert rollups.asked == [("00:00", 1), ("00:02", 1), ("00:05", 1), ("00:07", 1)]
    wanted = marks("00:00", "00:01", "00:03", "00:05")
    await summing(rollups, clock).work_out(wanted, NOW_US)
    assert rollups.asked[4:] == [("00:00", 2), ("00:03", 3)]
    assert rollups.kept[Tier.MINUTE] == [mark.start_us for mark in wanted]


async def test_what_takes_long_is_kept_before_more_is_asked_for() -> None:
    clock = ManualClock(NOW)
    rollups = SlowRollups(clock, 0.01)
    wanted = marks("00", "01", "02")
    assert await summing(rollups, clock).work_out(wanted, NOW_US) == wanted[:1]
    assert rollups.asked == [("00:00", 60)]


async def test_a_stretch_with_too_many_rows_is_asked_for_in_parts() -> None:
    clock = ManualClock(NOW)
    rollups = SlowRollups(clock, 0.0, most=20)
    wanted = marks("00")
    assert await summing(rollups, clock).work_out(wanted, NOW_US) == wanted
    assert rollups.asked == [("00:00", 15), ("00:15", 15), ("00:30", 15), ("00:45", 15)]


class WideRollups(Counting):
    """Rollups that have one minute with too many rows."""

    async def summarise(self, start_us: int, end_us: int) -> Sequence[Row]:
        if start_us <= epoch_us(f"{DAY}T03:07:00Z") < end_us:
            raise TooManyRows("too many")
        rows: Sequence[Row] = await self._thing.summarise(start_us, end_us)
        return rows


async def test_one_hour_that_is_too_wide_holds_up_no_other_of_its_day(tmp_path: Path) -> None:
    config, clock = Config(data=tmp_path), ManualClock(NOW)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    shared: Any = CountingStore(store)
    shared.rollups = WideRollups(store.rollups)
    rolling = open_rolling(config, shared, state, "one", clock)
    times = [f"{DAY}T{hour:02}:07:00.000Z" for hour in range(6)]
    documents = [happening(n, time) for n, time in enumerate(times)]
    await writer.write(documents)
    await rolling.mark(touched_minutes(documents))
    while await rolling.roller.roll():
        pass
    others = [document for n, document in enumerate(documents) if n != 3]
    for tier in Tier:
        assert in_order(await store.rollups.rows(tier, 0, FAR_US)) == truth(others, tier)
    assert rolling.roller.progress.too_wide == 1
    assert await rolling.marks.behind(None, 10) == []
    await writer.close()
    await state.close()
    await store.close()
