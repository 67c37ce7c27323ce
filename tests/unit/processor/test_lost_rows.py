"""Rows that are lost are worked out anew, as far as the store has their events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import StoreRefused, StoreUnavailable
from logboom.rollups import Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.state import State, open_state
from logboom.store import Document, Store, open_store
from processor.rolling.opening import Rolling, open_rolling
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
FAR_US = 2**50 * 4
OLD = [happening(n, f"2026-03-11T09:0{n}:00Z", service="a") for n in range(5)]
NEW = [happening(n, f"2026-03-14T09:0{n - 10}:00Z", service="b") for n in range(10, 15)]


class Running:
    """A store with what rolls it up, from a start to a stop."""

    def __init__(self, store: Store, state: State, clock: ManualClock, config: Config) -> None:
        self.store = store
        self.state = state
        self.clock = clock
        self.said: list[str] = []
        self.rolling: Rolling = open_rolling(
            config, store, state, "one", clock, warn=self.said.append
        )

    async def roll_all(self) -> None:
        while await self.rolling.roller.roll():
            pass

    async def expect(self, documents: Sequence[Document]) -> None:
        for tier in Tier:
            rows = in_order(await self.store.rollups.rows(tier, 0, FAR_US))
            assert rows == truth(documents, tier)


@asynccontextmanager
async def running(folder: Path, documents: Sequence[Document] = ()) -> AsyncIterator[Running]:
    config, clock = Config.model_validate({"data": folder}), ManualClock(NOW)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    if documents:
        await writer.write(documents)
        await store.refresh()
    try:
        yield Running(store, state, clock, config)
    finally:
        await writer.close()
        await state.close()
        await store.close()


def remove(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def overwrite(file: Path) -> None:
    file.write_bytes(b"x" * 50_000)


async def end_rolled(folder: Path) -> None:
    async with running(folder, [*OLD, *NEW]) as one:
        await one.roll_all()
        await one.expect([*OLD, *NEW])
        assert one.said == []


@pytest.mark.parametrize("spoil", [remove, cut, overwrite])
async def test_rates_of_a_file_that_is_lost_are_worked_out_anew(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    await end_rolled(tmp_path)
    spoil(tmp_path / "store" / "rollups.sqlite3")
    async with running(tmp_path) as again:
        if spoil is not remove:
            with pytest.raises(StoreRefused, match="set aside"):
                await again.rolling.roller.roll()
        await again.roll_all()
        await again.expect([*OLD, *NEW])
        (said,) = again.said
        assert said == (
            "rates were lost with rollups.sqlite3; those of 2 days from 2026-03-11 to 2026-03-14"
            " are worked out anew"
        )


async def test_an_older_copy_of_the_file_that_is_put_back_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "store" / "rollups.sqlite3"
    async with running(tmp_path, OLD) as one:
        await one.roll_all()
    older = file.read_bytes()
    async with running(tmp_path, NEW) as two:
        await two.rolling.mark(touched_minutes(NEW))
        await two.roll_all()
        await two.expect([*OLD, *NEW])
    file.write_bytes(older)
    async with running(tmp_path) as again:
        await again.roll_all()
        await again.expect([*OLD, *NEW])
        (said,) = again.said
        assert said == (
            "rates were lost with rollups.sqlite3; those of 2 days from 2026-03-11 to 2026-03-14"
            " are worked out anew"
        )
    async with running(tmp_path) as later:
        assert await later.rolling.roller.roll() == 0
        assert later.said == []


async def test_the_file_as_it_was_last_is_no_older_copy(tmp_path: Path) -> None:
    await end_rolled(tmp_path)
    file = tmp_path / "store" / "rollups.sqlite3"
    last = file.read_bytes()
    file.unlink()
    file.write_bytes(last)
    (tmp_path / "store" / "rollups.sqlite3.kept").write_text("")  # power was lost as it was written
    async with running(tmp_path) as again:
        assert await again.rolling.roller.roll() == 0
        assert again.said == []


async def test_until_then_the_minutes_wait(tmp_path: Path) -> None:
    await end_rolled(tmp_path)
    (tmp_path / "store" / "rollups.sqlite3").unlink()
    async with running(tmp_path) as again:
        await again.rolling.roller._lost_rows.look()
        assert await Marks(again.state).waiting(0, FAR_US) == 2 * 24 * 60


async def test_rates_whose_events_are_gone_are_told_as_lost(tmp_path: Path) -> None:
    await end_rolled(tmp_path)
    async with running(tmp_path) as second:
        await GoneDays(second.state).note(date(2026, 3, 11))
        await second.store.drop_day(date(2026, 3, 11))
        await second.roll_all()
        await second.expect([*OLD, *NEW])
        assert await GoneDays(second.state).lost(0, FAR_US) == []
    (tmp_path / "store" / "rollups.sqlite3").unlink()
    async with running(tmp_path) as third:
        await third.roll_all()
        await third.expect(NEW)
        assert await GoneDays(third.state).lost(0, FAR_US) == [date(2026, 3, 11)]
        (said,) = third.said
        assert said.endswith("; those of the day 2026-03-14 are worked out anew, and those of the day"
                             " 2026-03-11, whose events are gone, cannot be")  # fmt: skip
        await GoneDays(third.state).note_late(date(2026, 3, 11))
        assert await GoneDays(third.state).lost(0, FAR_US) == [date(2026, 3, 11)]


async def test_a_start_alone_works_out_nothing_anew(tmp_path: Path) -> None:
    await end_rolled(tmp_path)
    async with running(tmp_path) as again:
        assert await again.rolling.roller.roll() == 0
        assert again.said == []


async def test_a_file_that_is_taken_away_while_it_is_open_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, NEW) as one:
        await one.roll_all()
        (tmp_path / "store" / "rollups.sqlite3").unlink()
        one.clock.advance(11)
        with pytest.raises(StoreUnavailable, match="removed or replaced while it was open"):
            await one.rolling.roller.roll()
