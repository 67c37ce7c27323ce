"""What the embedded store holds after trouble: crashes, damage, full disks, many days."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import AlreadyRunning, DiskFull
from logboom.event import epoch_us, event_id, source_run
from logboom.query.model import Exists, MatchAll, Term
from logboom.store import Count, Document, Outcome, SearchRequest, SortOrder, TimeRange
from logboom.store.local import LocalStore, open_local
from tests.polling import soon
from tests.unit.small_disk import mounted
from tests.unit.store_local.samples import DAY, document, documents

EVERYTHING = TimeRange()


def opened(data: Path) -> LocalStore:
    config = Config.model_validate({"data": data, "index": "logs-%Y.%m.%d"})
    return open_local(config.store, config, SystemClock())


def day_folder(data: Path, day: date = DAY) -> Path:
    return data / "store" / day.strftime("logs-%Y.%m.%d")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    one = opened(tmp_path)
    yield one
    await one.close()


async def all_ids(store: LocalStore) -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.search(SearchRequest(MatchAll(), limit=5000, cursor=cursor))
        ids += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return ids


async def write_and_close(data: Path, some: list[Document]) -> list[Any]:
    store = opened(data)
    writer = await store.writer()
    answers = list(await writer.write(some))
    await writer.close()
    await store.close()
    return answers


async def test_one_process_writes_at_a_time(store: LocalStore, tmp_path: Path) -> None:
    writer = await store.writer()
    other = opened(tmp_path)
    with pytest.raises(AlreadyRunning, match="another process writes"):
        await other.writer()
    await writer.close()
    await (await other.writer()).close()
    await other.close()


async def test_what_was_written_becomes_visible_by_itself(
    store: LocalStore, tmp_path: Path
) -> None:
    writer = await store.writer()
    reader = opened(tmp_path)
    await writer.write(documents(10))

    async def visible() -> bool:
        return await reader.count(MatchAll(), EVERYTHING) == Count(10)

    await soon(visible, timeout_s=10, what="the documents")
    await writer.write(documents(5, first=10))
    await reader.refresh()
    assert await reader.count(MatchAll(), EVERYTHING) == Count(15)
    await writer.close()
    await reader.close()


async def test_refresh_does_not_wait_for_a_writer_that_is_gone(tmp_path: Path) -> None:
    await write_and_close(tmp_path, documents(10))
    with (day_folder(tmp_path) / "documents.zst").open("ab") as file:
        file.write(b"torn")
    store = opened(tmp_path)
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(10)
    await store.close()


# -- crashes ------------------------------------------------------------------------------------

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.unit.store_local.samples import documents
from tests.unit.store_local.test_writing import opened

async def main() -> None:
    store = opened(Path(sys.argv[1]))
    writer = await store.writer()
    some = documents(int(sys.argv[2]), days=3)
    for at in range(0, len(some), 500):
        await writer.write(some[at : at + 500])
        print(at + 500, flush=True)
    await writer.close()
    print("done", flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_after_kill_9_at_any_moment_a_replay_stores_each_document_once(
    tmp_path: Path,
) -> None:
    count, dice = 30_000, random.Random(os.urandom(4))
    everything = documents(count, days=3)
    acknowledged = 0
    for _ in range(6):
        reached, killed = run_child(tmp_path, count, dice.randrange(20))
        acknowledged = max(acknowledged, reached)
        if not killed:
            break
        store = opened(tmp_path)
        writer = await store.writer()
        await store.refresh()
        held = set(await all_ids(store))
        assert {one.id for one in everything[:acknowledged]} <= held
        await writer.close()
        await store.close()
    answers = await write_and_close(tmp_path, everything)
    assert answers[:acknowledged] == [Outcome.DUPLICATE] * acknowledged
    store = opened(tmp_path)
    ids = await all_ids(store)
    assert len(ids) == count
    assert set(ids) == {one.id for one in everything}
    await store.close()


def run_child(data: Path, count: int, writes: int) -> tuple[int, bool]:
    """Lets a process write and kills it soon after some acknowledged writes."""
    command = [sys.executable, "-c", CHILD, str(data), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        reached = 0
        for line in child.stdout:
            if line.strip() == "done":
                child.wait()
                return count, False
            reached = int(line)
            if reached >= 500 * (writes + 1):
                break
        child.send_signal(signal.SIGKILL)
        return reached, True


async def test_events_that_were_synced_and_not_indexed_are_indexed_at_the_next_start(
    tmp_path: Path,
) -> None:
    await write_and_close(tmp_path, documents(100))
    copy = tmp_path / "index before"
    shutil.copytree(day_folder(tmp_path) / "index", copy)
    await write_and_close(tmp_path, documents(200))
    shutil.rmtree(day_folder(tmp_path) / "index")
    copy.rename(day_folder(tmp_path) / "index")
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(100)
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(200)
    assert set(await writer.write(documents(200))) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()


# -- damage -------------------------------------------------------------------------------------


def spoil_meta(folder: Path) -> None:
    (folder / "index" / "meta.json").write_bytes(b"{ this is no JSON")


def empty_a_segment(folder: Path) -> None:
    for path in (folder / "index").glob("*.term"):
        path.write_bytes(b"")


def lose_the_index(folder: Path) -> None:
    shutil.rmtree(folder / "index")


@pytest.mark.parametrize("damage", [spoil_meta, empty_a_segment, lose_the_index])
async def test_a_damaged_index_is_told_and_made_anew_from_the_documents(
    tmp_path: Path, damage: Any
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    damage(day_folder(tmp_path))
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert {event["event"]["id"] for event in page.events} == {
        one.id for one in some if one.day != DAY
    }
    if damage is not lose_the_index:
        assert page.partial
        assert "cannot be read" in page.warnings[0]
        assert "cannot be read" in await store.check()
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    page = await store.search(SearchRequest(MatchAll()))
    assert (page.partial, list(page.warnings)) == (False, [])
    assert set(await writer.write(some)) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()


async def test_damaged_documents_are_set_aside_and_the_other_days_go_on(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[50] ^= 255
    path.write_bytes(data)
    lose_the_index(day_folder(tmp_path))
    store = opened(tmp_path)
    writer = await store.writer()
    assert (tmp_path / "store" / "damaged" / "logs-2026.03.14-1").is_dir()
    assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
    today = [one for one in some if one.day == DAY]
    assert set(await writer.write(some)) == {Outcome.DUPLICATE, Outcome.STORED}
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    assert await store.get(today[0].id) == today[0].event
    await writer.close()
    await store.close()


async def test_one_unreadable_block_costs_no_other_event(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[50] ^= 255
    path.write_bytes(data)
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert page.partial
    assert any("cannot be read" in warning for warning in page.warnings)
    assert len(page.events) >= 200
    await store.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe"])
async def test_a_damaged_description_of_a_day_is_read_from_its_name(
    tmp_path: Path, content: bytes
) -> None:
    await write_and_close(tmp_path, documents(10))
    (day_folder(tmp_path) / "day.json").write_bytes(content)
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(10)
    await store.close()


# -- days ---------------------------------------------------------------------------------------


async def test_many_days_at_once_are_written_with_few_open(store: LocalStore) -> None:
    writer = await store.writer()
    some = [
        document(100 * n, day=DAY - timedelta(days=n % 25), attributes={"round": n // 25})
        for n in range(100)
    ]
    random.Random(3).shuffle(some)
    for at in range(0, 100, 20):
        assert set(await writer.write(some[at : at + 20])) == {Outcome.STORED}
    assert set(await writer.write(some)) == {Outcome.DUPLICATE}
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(100)
    assert len(await store.days()) == 25
    await writer.close()


async def test_a_day_that_is_dropped_while_it_is_read_is_just_gone(
    store: LocalStore, tmp_path: Path
) -> None:
    await write_and_close(tmp_path, documents(4000, days=2))
    assert await store.count(MatchAll(), EVERYTHING) == Count(4000)
    view = store._days.view()
    shutil.rmtree(day_folder(tmp_path))
    assert sum(day.searcher.num_docs for day in view.days) == 4000
    hits = (
        view.days[0]
        .searcher.search(__import__("tantivy").Query.all_query(), 10, order_by_field="_time")
        .hits
    )
    assert len(view.days[0].load([address for _, address in hits])) == 10
    assert await store.count(MatchAll(), EVERYTHING) == Count(2000)
    page = await store.search(SearchRequest(MatchAll(), limit=5000))
    assert (len(page.events), page.partial) == (2000, False)


async def test_searches_answer_while_days_come_and_go(store: LocalStore, tmp_path: Path) -> None:
    writer = await store.writer()
    stop = asyncio.Event()

    async def search() -> None:
        while not stop.is_set():
            page = await store.search(SearchRequest(MatchAll(), limit=200))
            assert all("event" in event for event in page.events)
            await store.count(Exists("attributes.n"), EVERYTHING)

    searching = [asyncio.create_task(search()) for _ in range(3)]
    for number in range(8):
        day = DAY + timedelta(days=number)
        some = [document(1000 * number + n, day=day, attributes={"n": n}) for n in range(300)]
        await writer.write(some)
        if number > 2:
            gone = day_folder(tmp_path, DAY + timedelta(days=number - 3))
            await asyncio.to_thread(shutil.rmtree, gone, ignore_errors=True)
        await asyncio.sleep(0)
    stop.set()
    await asyncio.gather(*searching)
    await writer.close()


# -- a full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    with mounted(tmp_path / "disk", 24) as mount:
        yield mount


async def test_a_full_disk_pauses_writing_and_loses_nothing(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 18 * 2**20)
    store = opened(small_disk)
    writer = await store.writer()
    stored: list[Document] = []

    async def write_until_full() -> None:
        for at in range(0, 400_000, 2000):
            await writer.write(documents(2000, first=at, noise=True))
            stored.extend(documents(2000, first=at, noise=True))

    with pytest.raises(DiskFull, match="no room"):
        await write_until_full()
    waiting = documents(2000, first=len(stored), noise=True)
    for _ in range(3):
        with pytest.raises(DiskFull, match="no room"):
            await writer.write(waiting)
    assert await store.count(Term("service.name", "cart"), EVERYTHING) is not None
    ballast.unlink()

    async def goes_on() -> bool:
        try:
            await writer.write(waiting)
        except DiskFull:
            return False
        return True

    await soon(goes_on, timeout_s=20, what="writing goes on")
    more = documents(2000, first=500_000)
    assert set(await writer.write(more)) == {Outcome.STORED}
    await store.refresh()
    ids = await all_ids(store)
    assert sorted(ids) == sorted(one.id for one in [*stored, *waiting, *more])
    await writer.close()
    await store.close()


# -- many events at one instant -------------------------------------------------------------------


@pytest.mark.parametrize("order", SortOrder)
async def test_thousands_of_events_of_one_instant_are_paged_through_in_the_order_of_ids(
    store: LocalStore, order: SortOrder
) -> None:
    runs = [source_run("instant", number) for number in range(5)]
    time = f"{DAY}T12:00:00Z"
    some = [at_instant(runs[n % 5], 1000 * n, time) for n in range(3000)]
    some += [at_instant(runs[0], 10_000_000 + n, time, foreign=f"{n}-x") for n in range(20)]
    some += [at_instant(runs[1], 20_000_000 + n, time, foreign=runs[1] + "5" * n) for n in range(9)]
    some += [at_instant(runs[2], 30_000_000, f"{DAY}T11:59:59.999Z")]
    some += [at_instant(runs[2], 40_000_000, f"{DAY}T12:00:00.001Z")]
    random.Random(5).shuffle(some)
    writer = await store.writer()
    await writer.write(some)
    await store.refresh()
    ids: list[str] = []
    cursor: str | None = None
    while True:
        request = SearchRequest(MatchAll(), EVERYTHING, 270, order, cursor)
        page = await store.search(request)
        ids += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            break
    ranked = sorted(some, key=lambda one: (epoch_us(one.event["@timestamp"]), one.id))
    expected = [one.id for one in ranked]
    assert ids == (expected if order is SortOrder.ASC else expected[::-1])
    await writer.close()


def at_instant(run: str, offset: int, time: str, *, foreign: str | None = None) -> Document:
    one = document(offset)
    identity = foreign or event_id(run, offset)
    log = {"source": run, "offset": offset}
    event = {**one.event, "@timestamp": time, "event": {"id": identity}, "log": log}
    return Document.of(identity, DAY, event)
