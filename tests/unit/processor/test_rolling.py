"""Rolling up on the embedded store: rows follow the events, whatever comes between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.event import epoch_us
from logboom.rollups import Row, Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.state import State, open_state
from logboom.state.lease import EMBEDDED, Lease
from logboom.store import Document, Store, StoreWriter, open_store
from processor.rolling.opening import Rolling, open_rolling
from processor.rolling.roller import LEASE, Roller
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
FAR_US = 2**50 * 4
DAY_US = 86_400_000_000


@dataclass(slots=True)
class Pipeline:
    """A store with its writer, and what rolls it up."""

    store: Store
    writer: StoreWriter
    state: State
    rolling: Rolling
    clock: ManualClock
    config: Config

    async def write(self, documents: Sequence[Document]) -> None:
        await self.writer.write(documents)
        await self.rolling.mark(touched_minutes(documents))

    async def rows(self, tier: Tier) -> list[Row]:
        return in_order(await self.store.rollups.rows(tier, 0, FAR_US))

    async def roll_all(self) -> None:
        while await self.rolling.roller.roll():
            pass

    async def expect(self, documents: Sequence[Document]) -> None:
        for tier in Tier:
            assert await self.rows(tier) == truth(documents, tier)


@pytest.fixture
async def pipeline(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pipeline]:
    section: dict[str, Any] = getattr(request, "param", {})
    config = Config.model_validate({"data": tmp_path, "rollups": section})
    clock = ManualClock(NOW)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    rolling = open_rolling(config, store, state, "one", clock)
    yield Pipeline(store, writer, state, rolling, clock, config)
    await writer.close()
    await state.close()
    await store.close()


def events(*times: str, first: int = 0, **fields: Any) -> list[Document]:
    return [
        happening(number, f"2026-03-14T{time}:00.000Z", **fields)
        for number, time in enumerate(times, first)
    ]


async def test_each_tier_is_the_sum_of_the_one_below(pipeline: Pipeline) -> None:
    documents = events("09:00", "09:04", "09:05", "08:59", service="a", status=503, duration=7_000)
    await pipeline.write(documents)
    await pipeline.roll_all()
    await pipeline.expect(documents)
    assert await pipeline.rolling.marks.behind(None, 10) == []


async def test_late_events_and_replays_are_counted_once(pipeline: Pipeline) -> None:
    first = events("09:00", "09:01", error=True)
    await pipeline.write(first)
    await pipeline.roll_all()
    late = [
        happening(10, "2026-03-11T23:59:59.999Z"),
        happening(11, "2026-03-14T03:00:00.000Z", service="late"),
        *events("09:00", first=12),
    ]
    await pipeline.write([*late, *first])
    await pipeline.roll_all()
    await pipeline.write([*first, *late])
    await pipeline.roll_all()
    await pipeline.expect([*first, *late])


async def test_a_minute_that_is_marked_again_meanwhile_stays_marked(pipeline: Pipeline) -> None:
    await pipeline.write(events("09:00"))
    (seen,) = await pipeline.rolling.marks.newest(int(NOW.timestamp()) * 1_000_000)
    await pipeline.write(events("09:00", first=1))
    await pipeline.rolling.marks.clear([seen])
    (left,) = await pipeline.rolling.marks.behind(None, 10)
    assert (left.start_us, left.tier) == (seen.start_us, Tier.MINUTE)
    await pipeline.roll_all()
    await pipeline.expect(events("09:00", "09:00"))


async def test_rows_of_a_dropped_day_stay(pipeline: Pipeline, tmp_path: Path) -> None:
    documents = events("09:00", "09:01", "09:01")
    await pipeline.write(documents)
    await pipeline.roll_all()
    await pipeline.rolling.marks.mark_day(NOW.date())
    await pipeline.writer.close()
    (folder,) = (tmp_path / "store").glob("logboom-logs-*")
    folder.rename(tmp_path / "gone")
    pipeline.writer = await pipeline.store.writer()
    await pipeline.roll_all()
    await pipeline.expect(documents)


@pytest.mark.parametrize("pipeline", [{"minutes": "2d", "five_minutes": "5d"}], indirect=True)
async def test_each_tier_is_kept_for_its_time(pipeline: Pipeline) -> None:
    old, older = [happening(0, "2026-03-11T09:00:00Z")], [happening(1, "2026-03-04T09:00:00Z")]
    new = events("09:00", first=2)
    await pipeline.write([*old, *older, *new])
    await pipeline.roll_all()
    assert await pipeline.rows(Tier.MINUTE) == truth(new)
    assert await pipeline.rows(Tier.FIVE_MINUTES) == truth([*old, *new], Tier.FIVE_MINUTES)
    assert await pipeline.rows(Tier.HOUR) == truth([*old, *older, *new], Tier.HOUR)
    later = [happening(3, "2026-03-11T09:01:00Z"), happening(4, "2026-03-04T09:07:00Z")]
    await pipeline.write(later)
    await pipeline.roll_all()
    fives = truth([*old, *later[:1], *new], Tier.FIVE_MINUTES)
    assert await pipeline.rows(Tier.FIVE_MINUTES) == fives
    everything = [*old, *older, *new, *later]
    assert await pipeline.rows(Tier.HOUR) == truth(everything, Tier.HOUR)
    pipeline.clock.advance(timedelta(days=4).total_seconds())
    await pipeline.rolling.roller.roll()
    assert await pipeline.rows(Tier.MINUTE) == []
    assert await pipeline.rows(Tier.FIVE_MINUTES) == truth(new, Tier.FIVE_MINUTES)


async def test_what_was_stored_before_there_were_rollups_is_rolled_up(pipeline: Pipeline) -> None:
    documents = [happening(0, "2026-03-12T09:00:00Z"), *events("07:00", "09:00", first=1)]
    await pipeline.writer.write(documents)
    await pipeline.store.refresh()
    await pipeline.roll_all()
    await pipeline.expect(documents)


async def test_late_events_of_a_day_whose_events_are_gone_are_told(pipeline: Pipeline) -> None:
    gone, day = GoneDays(pipeline.state), happening(0, "2026-03-11T09:00:00Z").day
    await pipeline.write([happening(0, "2026-03-11T09:00:00Z"), *events("09:00", first=1)])
    await pipeline.roll_all()
    await gone.note(day)
    await pipeline.store.drop_day(day)
    await pipeline.roll_all()
    assert await gone.late(0, FAR_US) == []
    await pipeline.write([happening(7, "2026-03-11T09:00:20Z")])
    await pipeline.roll_all()
    await gone.note(day)
    assert await gone.late(0, FAR_US) == [day]
    assert await gone.late(epoch_us("2026-03-11T23:59:00Z"), FAR_US) == [day]
    assert await gone.late(epoch_us("2026-03-12T00:00:00Z"), FAR_US) == []
    await gone.forget(day)
    await gone.forget(day)
    assert await gone.late(0, FAR_US) == []


async def test_of_a_day_that_begins_anew_each_row_is_the_one_with_more_events(
    pipeline: Pipeline,
) -> None:
    def at(number: int, minute: str, service: str, *, error: bool = False) -> Document:
        return happening(number, f"2026-03-11T09:{minute}:00Z", service=service, error=error)

    more = [at(0, "00", "a", error=True), at(1, "00", "a", error=True)]
    await pipeline.write([*more, at(2, "10", "a", error=True)])
    await pipeline.roll_all()
    await pipeline.store.drop_day(more[0].day)
    fewer = [at(3, "00", "a")]
    new = [at(4, "00", "b"), at(5, "10", "a"), at(6, "10", "a")]
    await pipeline.write([*fewer, *new])
    await pipeline.roll_all()
    await pipeline.expect([*more, *new])


async def test_what_waits_is_counted(pipeline: Pipeline) -> None:
    marks, first = pipeline.rolling.marks, epoch_us("2026-03-14T09:00:00Z")
    await pipeline.write(events("09:00", "09:04", "08:59"))
    await marks.mark_day(happening(0, "2026-03-11T09:00:00Z").day)
    assert await marks.waiting(0, FAR_US) == 3 + 1440
    assert await marks.waiting(first, first + 5 * 60_000_000) == 2
    assert await marks.waiting(first + 1, first + 4 * 60_000_000) == 0
    start = epoch_us("2026-03-11T09:30:00Z")
    assert await marks.waiting(start, start + 3_600_000_000) == 60
    await pipeline.roll_all()
    assert (await marks.waiting(0, FAR_US), pipeline.rolling.roller.progress.waiting) == (0, 0)


async def test_what_waits_is_told_by_who_rolls_alone(pipeline: Pipeline) -> None:
    await pipeline.write(events("09:00", "09:04", "08:59"))
    pipeline.rolling.roller.progress.waiting = 3
    other = Lease(pipeline.state, LEASE, "another", pipeline.clock)
    assert await other.take()
    await pipeline.rolling.roller.roll()
    assert pipeline.rolling.roller.progress.waiting == 0


async def test_many_minutes_are_marked_as_hours(pipeline: Pipeline) -> None:
    times = [f"{n // 60:02}:{n % 60:02}" for n in range(300)]
    documents = events(*times)
    await pipeline.write(documents)
    assert len(await pipeline.rolling.marks.behind(None, 1000)) == 5
    await pipeline.roll_all()
    await pipeline.expect(documents)


async def test_one_of_two_rolls_at_a_time(pipeline: Pipeline) -> None:
    one, two = (Lease(pipeline.state, LEASE, name, pipeline.clock) for name in ("one", "two"))
    assert await one.take()
    assert not await two.take()
    pipeline.clock.advance(20)
    assert await one.take()
    pipeline.clock.advance(59)
    assert not await two.take()
    pipeline.clock.advance(2)
    assert await two.take()
    assert not await one.take()
    await two.give_back()
    assert await one.take()


async def test_a_second_roller_does_no_harm(pipeline: Pipeline) -> None:
    documents = events("09:00", "09:01", service="a")
    await pipeline.write(documents)
    slow = await pipeline.store.rollups.summarise(*_minute())
    await pipeline.write(events("09:00", "09:00", first=5, service="a"))
    await pipeline.roll_all()
    await pipeline.store.rollups.keep(Tier.MINUTE, slow)
    everything = [*documents, *events("09:00", "09:00", first=5, service="a")]
    await pipeline.expect(everything)
    second = Roller(
        pipeline.store, Marks(pipeline.state), GoneDays(pipeline.state),
        Lease(pipeline.state, LEASE, EMBEDDED, pipeline.clock), pipeline.config.rollups, pipeline.clock,
    )  # fmt: skip
    await pipeline.rolling.mark(touched_minutes(everything))
    await second.roll()
    await pipeline.expect(everything)


async def test_rolling_goes_on_while_events_come(pipeline: Pipeline) -> None:
    documents = events(*["09:00", "09:01", "09:04"] * 20, service="a", duration=7)
    lease = Lease(pipeline.state, LEASE, EMBEDDED, pipeline.clock)
    second = Roller(
        pipeline.store, pipeline.rolling.marks, GoneDays(pipeline.state), lease,
        pipeline.config.rollups, pipeline.clock,
    )  # fmt: skip
    is_written = asyncio.Event()

    async def write() -> None:
        for start in range(0, len(documents), 6):
            await pipeline.write(documents[start : start + 6])
        is_written.set()

    async def roll(roller: Roller) -> None:
        while not is_written.is_set():
            await roller.roll()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(roll(second))
        tasks.create_task(roll(pipeline.rolling.roller))
        tasks.create_task(write())
    await pipeline.roll_all()
    await pipeline.expect(documents)


async def test_a_busy_minute_does_not_hold_up_the_others(pipeline: Pipeline) -> None:
    busy = [happening(n, "2026-03-14T05:00:00Z") for n in range(3)]
    others = [happening(10 + n, f"2026-03-14T0{n}:00:00Z") for n in (0, 1, 6, 7)]
    await pipeline.write([*busy, *others])
    for _ in range(4):
        await pipeline.rolling.roller.roll()
        await pipeline.rolling.mark(touched_minutes(busy))
    assert len(await pipeline.rolling.marks.behind(None, 10)) == 1
    await pipeline.expect([*busy, *others])


def _minute() -> tuple[int, int]:
    start_us = int(NOW.replace(minute=0, second=0).timestamp()) * 1_000_000
    return start_us, start_us + Tier.MINUTE.width_us


async def test_a_day_that_cannot_be_read_waits_and_holds_up_no_other(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    yesterday = [happening(n, f"2026-03-13T22:0{n}:00.000Z") for n in range(3)]
    today = events("09:04", "09:05", first=10)
    await pipeline.write([*yesterday, *today])
    await pipeline.writer.close()
    (folder,) = (tmp_path / "store").glob("*2026.03.13")
    meta = folder / "index" / "meta.json"
    content = meta.read_bytes()
    meta.write_bytes(b"{ this is no JSON")
    await pipeline.roll_all()
    left = await pipeline.rolling.marks.behind(None, 100)
    assert {mark.start_us // DAY_US for mark in left} == {
        epoch_us("2026-03-13T00:00:00Z") // DAY_US
    }
    await pipeline.expect(today)
    meta.write_bytes(content)
    await pipeline.roll_all()
    await pipeline.expect([*yesterday, *today])
    assert await pipeline.rolling.marks.behind(None, 10) == []


@pytest.mark.parametrize(
    ("backlog", "rests"),
    [
        ([], [3.0]),
        ([True, True, False], [3.0, 1.0, 1.0]),
        ([True] * 99, [3.0, *[1.0] * 17]),
    ],
)
async def test_it_rests_longer_while_there_is_a_backlog(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, backlog: list[bool], rests: list[float]
) -> None:
    roller, slept, left = pipeline.rolling.roller, list[float](), iter(backlog)
    rounds = 0

    async def one_round() -> float:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            raise asyncio.CancelledError
        return 3.0

    async def sleep(for_s: float) -> None:
        slept.append(for_s)

    monkeypatch.setattr(roller, "_round", one_round)
    monkeypatch.setattr("processor.rolling.roller.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await roller.run(lambda: next(left, False))
    assert slept == rests
