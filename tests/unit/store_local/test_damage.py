"""What the embedded store holds after damage: what can be made anew is, the rest is set aside."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logboom.errors import StoreDamaged, StoreUnavailable
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Phrase
from logboom.store import Count, Document, Outcome, SearchRequest, TimeRange
from logboom.store.cells import CellsRequest
from logboom.store.local.day_index import DayIndex
from logboom.store.local.documents import DocumentWriter
from logboom.store.local.soundness import begin_anew, is_marked, is_unfinished, mark
from tests.polling import soon
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import (
    EVERYTHING,
    all_ids,
    day_folder,
    opened,
    spoil_events,
    write_and_close,
)


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
    spoil_events(day_folder(tmp_path))
    lose_the_index(day_folder(tmp_path))
    store = opened(tmp_path)
    writer = await store.writer()
    assert (tmp_path / "store" / "damaged" / "logs-2026.03.14-1").is_dir()
    assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
    today = [one for one in some if one.day == DAY]
    assert set(await writer.write(some)) == {Outcome.DUPLICATE, Outcome.STORED}
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300, exact=False)
    assert await store.get(today[0].id) == today[0].event
    await writer.close()
    await store.close()


async def test_answers_over_a_day_that_was_set_aside_say_so(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    spoil_events(day_folder(tmp_path))
    lose_the_index(day_folder(tmp_path))
    store = opened(tmp_path)
    writer = await store.writer()
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert (len(page.events), page.total, page.partial) == (150, Count(150, exact=False), True)
    missing = "events of 2026-03-14 are missing: logs-2026.03.14-1 is damaged and set aside"
    assert list(page.warnings) == list(page.lost) == [missing]
    assert (await store.histogram(MatchAll(), EVERYTHING, interval_us=DAY_US, by=None)).partial
    assert not (await store.groups(MatchAll(), EVERYTHING, field="service.name")).complete
    others = TimeRange(START_US + DAY_US, START_US + 2 * DAY_US)
    assert await store.count(MatchAll(), others) == Count(150)
    assert not (await store.search(SearchRequest(MatchAll(), times=others))).partial
    assert await store.cells(CellsRequest(MatchAll(), START_US, START_US + 2 * DAY_US))
    shutil.rmtree(tmp_path / "store" / "damaged")
    assert await store.count(MatchAll(), EVERYTHING) == Count(150)
    await writer.close()
    await store.close()


async def test_one_unreadable_block_costs_no_other_event(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    spoil_events(day_folder(tmp_path))
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


# -- an index that opens and is spoilt inside ----------------------------------------------------

DAY_US = 86_400_000_000
START_US = epoch_us(f"{DAY}T00:00:00Z")


def empty_inside(folder: Path, kind: str) -> None:
    """Files of the index keep their length and their end; what was before it is zeros."""
    for path in (folder / "index").glob(f"*.{kind}"):
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size - 200))


@pytest.mark.parametrize("kind", ["fast", "idx", "term"])
async def test_a_spoilt_index_keeps_no_other_day_from_answering_and_is_made_anew(
    tmp_path: Path, kind: str
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    empty_inside(day_folder(tmp_path), kind)
    store = opened(tmp_path)
    asked = Phrase("message", "event number")
    await store.search(SearchRequest(MatchAll(), limit=1000))  # whichever comes upon it
    assert await store.count(asked, EVERYTHING) == Count(150, exact=False)
    knows_strays = kind != "term"  # spoilt terms are not believed that there are none
    later = await store.count(asked, TimeRange(START_US + DAY_US, None))
    assert later == Count(150, exact=knows_strays)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert (len(page.events), page.partial, page.total) == (150, True, Count(150, exact=False))
    assert (await store.histogram(asked, EVERYTHING, interval_us=DAY_US, by=None)).partial
    fields = ["service.name"]
    assert not (await store.facets(MatchAll(), EVERYTHING, fields=fields)).complete
    assert not (await store.groups(asked, EVERYTHING, field="service.name")).complete
    readable = TimeRange(START_US + DAY_US, START_US + 2 * DAY_US)
    found = await store.facets(MatchAll(), readable, fields=fields)
    assert found.complete is knows_strays
    assert "its index is spoilt" in await store.check()
    with pytest.raises(StoreDamaged, match="2026-03-14 cannot be read"):
        await store.rollups.summarise(START_US, START_US + DAY_US)
    assert await store.rollups.summarise(START_US + DAY_US, START_US + 2 * DAY_US)
    with pytest.raises(StoreDamaged, match="its index is spoilt"):
        await store.count_by_source(DAY)
    assert [one.documents for one in await store.count_by_source()] == [150]
    with pytest.raises(StoreUnavailable, match="its index is spoilt"):
        await store.cells(CellsRequest(MatchAll(), START_US, START_US + 1_000_000))
    writer = await store.writer()
    assert await store.count(asked, EVERYTHING) == Count(300)
    assert set(await writer.write(some)) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()


async def test_where_nobody_knows_of_strays_in_a_day_that_cannot_be_read_no_number_is_exact(
    tmp_path: Path,
) -> None:
    some = documents(300, days=2)
    stray = document(1000, event={"id": "stray", "created": f"{DAY}T00:00:00.000Z"}).event
    stray["@timestamp"] = "2001-01-01T00:00:00.000Z"
    await write_and_close(tmp_path, [*some, Document.of("stray", DAY, stray)])
    start_us = epoch_us("2001-01-01T00:00:00Z")
    then = TimeRange(start_us - DAY_US, start_us + DAY_US)
    store = opened(tmp_path)
    assert await store.count(MatchAll(), then) == Count(1)
    spoil_meta(day_folder(tmp_path))
    assert await store.count(MatchAll(), then) == Count(0, exact=False)
    page = await store.search(SearchRequest(MatchAll(), times=then))
    assert (page.partial, page.total) == (True, Count(0, exact=False))
    with pytest.raises(StoreUnavailable, match="2026-03-14 cannot be read"):
        await store.cells(CellsRequest(MatchAll(), start_us, start_us + 1_000_000))
    writer = await store.writer()
    assert await store.count(MatchAll(), then) == Count(1)
    await writer.close()
    await store.close()


async def test_an_index_at_whose_opening_tantivy_panics_keeps_no_other_day_from_answering(
    tmp_path: Path,
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    change_the_last_byte_but_one(day_folder(tmp_path))
    store = opened(tmp_path)
    assert await store.get(some[1].id) == some[1].event
    assert await store.count(MatchAll(), EVERYTHING) == Count(150, exact=False)
    assert "2026-03-14 cannot be read" in await store.check()
    assert is_marked(day_folder(tmp_path) / "index")
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    await writer.close()
    await store.close()


def change_the_last_byte_but_one(folder: Path) -> None:
    """In the terms; what follows them are the checksum and the length of its description."""
    for path in (folder / "index").glob("*.term"):
        data = bytearray(path.read_bytes())
        end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        data[end - 2] ^= 0x7F
        path.write_bytes(data)


async def test_an_index_that_is_spoilt_under_its_writer_is_made_anew(tmp_path: Path) -> None:
    store, reader = opened(tmp_path), opened(tmp_path)
    writer = await store.writer()
    await writer.write(documents(100))
    await store.refresh()
    empty_inside(day_folder(tmp_path), "term")
    asked = Phrase("message", "event number")
    assert await reader.count(asked, EVERYTHING) == Count(0, exact=False)
    await writer.write(documents(100, first=100))

    async def is_mended() -> bool:
        return await reader.count(asked, EVERYTHING) == Count(200)

    await soon(is_mended, timeout_s=20, what="the index is made anew")
    await writer.close()
    await store.close()
    await reader.close()


async def test_a_writer_that_cannot_look_up_makes_the_index_anew(tmp_path: Path) -> None:
    store = opened(tmp_path)
    writer = await store.writer()
    some = [foreign(number) for number in range(100)]
    await writer.write(some)
    await store.refresh()
    empty_inside(day_folder(tmp_path), "term")
    empty_inside(day_folder(tmp_path), "idx")
    empty_inside(day_folder(tmp_path), "fast")

    async def answers() -> set[object]:
        try:
            return set(await writer.write(some))
        except StoreUnavailable:
            return set()

    assert await soon(answers, timeout_s=20, what="the write is answered") == {Outcome.DUPLICATE}
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(100)
    await writer.close()
    await store.close()


async def test_what_is_a_duplicate_is_not_asked_of_an_index_that_is_known_to_be_spoilt(
    tmp_path: Path,
) -> None:
    await write_and_close(tmp_path / "other", documents(100, first=1000))
    store = opened(tmp_path)
    writer = await store.writer()
    await writer.write(documents(100))
    await store.refresh()
    index = day_folder(tmp_path) / "index"  # it opens and answers, but not about these events
    shutil.copytree(day_folder(tmp_path / "other") / "index", index, dirs_exist_ok=True)
    mark(index)
    assert set(await writer.write(documents(100))) == {Outcome.DUPLICATE}
    await store.refresh()
    assert sorted(await all_ids(store)) == sorted(one.id for one in documents(100))
    await writer.close()
    await store.close()


async def test_a_day_whose_index_is_being_made_anew_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_and_close(tmp_path, documents(300))
    mark(day_folder(tmp_path) / "index")
    reached, go_on = threading.Event(), threading.Event()
    read_from = DocumentWriter.read_from

    def wait_in_the_middle(self: DocumentWriter, number: int) -> Iterator[tuple[int, bytes]]:
        for at, line in read_from(self, number):
            if at == 100:
                reached.set()
                go_on.wait(30)
            yield at, line

    reader, store = opened(tmp_path), opened(tmp_path)
    assert await reader.count(MatchAll(), EVERYTHING) == Count(300)
    monkeypatch.setattr(DocumentWriter, "read_from", wait_in_the_middle)
    opening = asyncio.create_task(store.writer())
    try:
        assert await asyncio.to_thread(reached.wait, 30)
        assert await reader.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
        page = await reader.search(SearchRequest(MatchAll()))
        assert (page.partial, page.total) == (True, Count(0, exact=False))
        assert "is being made anew" in await reader.check()
    finally:
        go_on.set()
        writer = await opening
    assert await reader.count(MatchAll(), EVERYTHING) == Count(300)
    assert set(await writer.write(documents(300))) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()
    await reader.close()


async def test_a_crash_while_an_index_is_made_anew_is_made_good_at_the_next_start(
    tmp_path: Path,
) -> None:
    await write_and_close(tmp_path, documents(300))
    begin_anew(day_folder(tmp_path) / "index")
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    await writer.close()
    await store.close()


def test_an_index_that_is_lost_can_be_begun_anew_unless_its_day_is_gone(tmp_path: Path) -> None:
    begin_anew(tmp_path / "index")
    assert is_unfinished(tmp_path / "index")
    lost = DayIndex(tmp_path / "gone" / "index", lambda _: iter(()), memory_bytes=2**24)
    with pytest.raises(StoreUnavailable, match="the day is gone"):
        lost.open(is_new=False)


def foreign(number: int) -> Document:
    """An event with an id that says nothing of where it comes from: it has to be looked up."""
    one = document(number, event={"id": f"id-{number}", "created": f"{DAY}T00:00:00.000Z"})
    return Document.of(f"id-{number}", DAY, one.event)
