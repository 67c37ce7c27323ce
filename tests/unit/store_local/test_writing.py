"""Who writes to the embedded store, when is it seen, and what becomes of many days?"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from logboom.errors import AlreadyRunning
from logboom.event import epoch_us
from logboom.query.model import Exists, MatchAll
from logboom.store import Count, Outcome, SearchRequest, TimeRange
from logboom.store.local import LocalStore
from tests.polling import soon
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    one = opened(tmp_path)
    yield one
    await one.close()


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
    assert len(view.days[0].lines([address for _, address in hits])) == 10
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


async def test_an_event_that_the_index_refuses_is_found_by_its_time_its_source_and_its_id(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("logboom.store.local.unusual._address", lambda _event: "no address")
    some = [document(5_000, client={"ip": "no address"}), document(6_000)]
    writer = await store.writer()
    assert set(await writer.write(some)) == {Outcome.STORED}
    await store.refresh()
    times = TimeRange(epoch_us(f"{DAY}T00:00:05Z"), epoch_us(f"{DAY}T00:00:06Z"))
    page = await store.search(SearchRequest(MatchAll(), times))
    assert page.events == [some[0].event]
    assert await store.get(some[0].id) == some[0].event
    assert [one.documents for one in await store.count_by_source()] == [2]
    assert set(await writer.write(some)) == {Outcome.DUPLICATE}
    assert f"the event {some[0].id} cannot be indexed as it is" in caplog.text
    await writer.close()
