"""Days of the embedded store go while they are read; damaged ones are told; commits are seen at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tantivy import Query

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import LocalBrokerSection
from logboom.errors import AlreadyRunning, StoreDamaged
from logboom.query.model import MatchAll
from logboom.store import Count, SearchRequest, TimeRange
from logboom.store.local import LocalStore
from search_api.pipeline.state import PipelineState
from tests.unit.archive.place import NOW
from tests.unit.store_local.samples import DAY, documents
from tests.unit.store_local.stores import day_folder, opened, write_and_close

EVERYTHING = TimeRange()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    one = opened(tmp_path)
    yield one
    await one.close()


async def test_a_day_is_read_to_its_end_though_it_is_dropped(
    store: LocalStore, tmp_path: Path
) -> None:
    await write_and_close(tmp_path, documents(6000, days=2))
    reader, first = opened(tmp_path), store._days.view().days[0]
    seen: list[str] = []
    async for piece in reader.read_day(DAY):
        seen += [one.id for one in piece]
        await store.drop_day(DAY)
    assert seen == [one.id for one in documents(6000, days=2) if one.day == DAY]
    found = first.searcher.search(Query.all_query(), 10, order_by_field="_time").hits
    assert not any(isinstance(one, StoreDamaged) for one in first.lines([a for _, a in found]))
    assert await reader.count(MatchAll(), EVERYTHING) == Count(3000)
    assert not list((tmp_path / "store").glob("*.dropped-*"))
    await reader.close()


async def test_searches_have_clean_answers_while_days_are_dropped(
    store: LocalStore, tmp_path: Path
) -> None:
    writer = await store.writer()
    reader = opened(tmp_path)
    stop = asyncio.Event()

    async def search() -> None:
        while not stop.is_set():
            page = await reader.search(SearchRequest(MatchAll(), limit=500))
            assert not page.warnings
            assert len(page.events) in {0, 300}

    searching = asyncio.create_task(search())
    for _ in range(6):
        await writer.write(documents(300))
        await store.refresh()
        await store.drop_day(DAY)
    stop.set()
    await searching
    await writer.close()
    await reader.close()


async def test_only_the_one_who_writes_drops(store: LocalStore, tmp_path: Path) -> None:
    writer = await store.writer()
    await writer.write(documents(10))
    other = opened(tmp_path)
    with pytest.raises(AlreadyRunning):
        await other.drop_day(DAY)
    await writer.close()
    assert await other.drop_day(DAY)
    await other.close()


async def test_what_a_crash_left_of_a_dropped_day_is_deleted(
    store: LocalStore, tmp_path: Path
) -> None:
    await write_and_close(tmp_path, documents(10))
    left = day_folder(tmp_path).with_name(f"{day_folder(tmp_path).name}.dropped-1")
    day_folder(tmp_path).rename(left)
    assert await store.days() == []
    assert await store.check() == f"embedded store with 0 days in {tmp_path / 'store'}"
    await (await store.writer()).close()
    assert not left.exists()


async def test_a_commit_is_seen_by_the_next_search_of_another_reader(
    store: LocalStore, tmp_path: Path
) -> None:
    writer, reader = await store.writer(), opened(tmp_path)
    for number in range(4):
        await writer.write(documents(1, first=number))
        await store.refresh()  # commits; the reader is another store, as in another process
        assert await reader.count(MatchAll(), EVERYTHING) == Count(number + 1)
    await writer.close()
    await reader.close()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[2] ^= 255
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut_off, flip_a_header, Path.unlink])
async def test_a_damaged_day_is_set_aside_and_told_and_the_others_go_on(
    tmp_path: Path, damage: Any
) -> None:
    await write_and_close(tmp_path, documents(600, days=2))
    damage(day_folder(tmp_path) / "documents.zst")
    (day_folder(tmp_path) / "documents.idx").unlink()
    store = opened(tmp_path)
    writer = await store.writer()
    (trouble,) = await store.troubles()
    assert trouble.startswith("logs-2026.03.14-1 is damaged and set aside in ")
    assert (tmp_path / "store" / "damaged" / "logs-2026.03.14-1" / "index").is_dir()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300, exact=False)
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    health = await PipelineState(broker, store, "g", tmp_path, ManualClock(NOW)).health(
        with_reasons=True
    )
    assert [one["state"] for one in health["parts"] if one["name"] == "days"] == ["damaged"]
    await broker.close()
    await writer.close()
    await store.close()
