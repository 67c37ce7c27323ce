"""Days that nobody writes to are brought into order by a writer that runs, and others go on meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from tantivy import Index

from logboom.clock import ManualClock
from logboom.errors import StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import Count, Document, Outcome, Rejected
from logboom.store.local import LocalStore, day_index, mending
from logboom.store.local.committing import Committer
from logboom.store.local.documents import DocumentWriter
from logboom.store.local.folders import DayFolder
from logboom.store.local.index_writer import IndexWriter, open_index_writer
from logboom.store.local.soundness import begin_anew, mark
from logboom.store.local.writer import LocalWriter
from tests.polling import soon
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close
from tests.unit.store_local.test_full_disk import FailingWriter
from tests.unit.store_local.writing import LOOK_S, TODAY, opened_writer


@pytest.fixture
async def writer(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LocalWriter]:
    """After there are 150 events of one day."""
    await write_and_close(tmp_path, documents(150))
    one = opened_writer(tmp_path, clock)
    yield one
    await one.close()


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[LocalStore]:
    one = opened(tmp_path)
    yield one
    await one.close()


async def soon_counted(reader: LocalStore, wanted: Count) -> None:
    async def is_counted() -> bool:
        return await reader.count(MatchAll(), EVERYTHING) == wanted

    await soon(is_counted, timeout_s=20, what=f"{wanted} are counted")


async def soon_answered(
    writer: LocalWriter, some: Sequence[Document]
) -> Sequence[Outcome | Rejected]:
    """As a processor does: it writes again while a day is not ready to be written to."""

    async def answers() -> Sequence[Outcome | Rejected]:
        try:
            return await writer.write(some)
        except StoreUnavailable:
            return ()

    return await soon(answers, timeout_s=20, what="the write is answered")


def spoil_its_description(folder: Path) -> None:
    (folder / "index" / "meta.json").write_bytes(b"{ this is no JSON")


def lose_the_index(folder: Path) -> None:
    shutil.rmtree(folder / "index")


def leave_it_unfinished(folder: Path) -> None:
    begin_anew(folder / "index")


@pytest.mark.parametrize("damage", [spoil_its_description, lose_the_index, leave_it_unfinished])
async def test_a_day_that_nobody_writes_to_is_made_anew_while_a_processor_runs(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, clock: ManualClock,
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    await writer.write([document(1, day=TODAY)])
    await writer.flush()
    damage(day_folder(tmp_path))
    assert await reader.count(MatchAll(), EVERYTHING) == Count(1, exact=False)
    clock.advance(LOOK_S)
    await soon_counted(reader, Count(151))
    assert list(await soon_answered(writer, documents(150))) == [Outcome.DUPLICATE] * 150


async def test_a_day_beyond_repair_that_nobody_writes_to_is_set_aside(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, clock: ManualClock
) -> None:
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[50] ^= 255
    path.write_bytes(data)
    lose_the_index(day_folder(tmp_path))
    assert await reader.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    clock.advance(LOOK_S)

    async def is_told() -> bool:
        return "logs-2026.03.14-1 is damaged and set aside" in await reader.check()

    await soon(is_told, timeout_s=20, what="the day is set aside, and told")
    assert await reader.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    assert set(await soon_answered(writer, documents(150))) == {Outcome.STORED}


@pytest.mark.parametrize("damage", [lambda folder: mark(folder / "index"), lose_the_index])
async def test_an_open_day_is_made_anew_though_nothing_more_is_written_to_it(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, damage: Callable[[Path], None]
) -> None:
    await writer.write([document(200)])
    await writer.flush()
    inode = (day_folder(tmp_path) / "index" / "meta.json").stat().st_ino
    damage(day_folder(tmp_path))

    async def is_another() -> bool:
        meta = day_folder(tmp_path) / "index" / "meta.json"
        return meta.exists() and meta.stat().st_ino != inode

    await soon(is_another, timeout_s=20, what="the index is made anew")
    await soon_counted(reader, Count(151))


async def test_while_a_day_is_made_anew_others_are_written_to_and_it_is_neither_written_nor_dropped(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    reached, go_on = threading.Event(), threading.Event()
    read_from = DocumentWriter.read_from

    def wait(self: DocumentWriter, number: int) -> Iterator[tuple[int, bytes]]:
        if self.path.parent == day_folder(tmp_path):
            reached.set()
            go_on.wait(30)
        yield from read_from(self, number)

    monkeypatch.setattr(DocumentWriter, "read_from", wait)
    mark(day_folder(tmp_path) / "index")
    clock.advance(LOOK_S)
    try:

        async def is_under_way() -> bool:
            return reached.is_set()

        await soon(is_under_way, timeout_s=20, what="the day is made anew")
        assert await writer.write([document(1, day=TODAY)]) == [Outcome.STORED]
        with pytest.raises(StoreUnavailable, match="is being made anew"):
            await writer.write([document(200), document(2, day=TODAY)])
        with pytest.raises(StoreUnavailable, match="is being made anew"):
            await writer.drop_day(DAY, expected=None)
    finally:
        go_on.set()
    await soon_counted(reader, Count(152))
    answers = await soon_answered(writer, [document(200), document(2, day=TODAY)])
    assert list(answers) == [Outcome.STORED] * 2
    assert await writer.drop_day(DAY, expected=151)


async def test_a_writer_that_is_closed_does_not_wait_until_a_day_is_made_anew(
    tmp_path: Path, clock: ManualClock
) -> None:
    await write_and_close(tmp_path, documents(5_000))
    writer = opened_writer(tmp_path, clock)
    mark(day_folder(tmp_path) / "index")
    writer._stopping.set()
    with pytest.raises(StoreUnavailable, match="stopped before all is indexed"):
        writer._opened(writer._folder.days()[0])
    writer._stopping.clear()
    await writer.close()
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    await (await store.writer()).close()
    assert await store.count(MatchAll(), EVERYTHING) == Count(5_000)
    await store.close()


async def test_a_day_that_was_closed_before_all_was_indexed_is_caught_up_with(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its index fails, and it makes room for others: no more events come for it."""
    with monkeypatch.context() as broken:
        broken.setattr(day_index, "open_index_writer", lambda *_, **__: FailingWriter())
        with pytest.raises(StoreUnavailable, match="nothing more can be written"):
            await writer.write([document(200)])
        writer._forget(writer._days[DAY])
    await writer.write([document(1, day=date(2026, 3, 15))])
    await writer.flush()
    assert await reader.count(MatchAll(), EVERYTHING) == Count(151)
    clock.advance(LOOK_S)
    await soon_counted(reader, Count(152))


async def test_what_nobody_foresaw_at_mending_is_told(
    tmp_path: Path, writer: LocalWriter, clock: ManualClock, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(_store: object, _folder: object, _open: object) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(mending, "bring_into_order", fail)
    mark(day_folder(tmp_path) / "index")
    clock.advance(LOOK_S)

    async def is_told() -> bool:
        return "nobody foresaw this" in caplog.text

    await soon(is_told, timeout_s=20, what="it is told")
    assert await writer.write([document(1, day=TODAY)]) == [Outcome.STORED]


async def test_what_nobody_foresaw_when_an_index_is_opened_again_is_raised_by_the_next_write(
    tmp_path: Path, writer: LocalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_writer: LocalWriter) -> None:
        raise KeyError("nobody foresaw this")

    async def is_raised() -> bool:
        try:
            await writer.write([document(1, day=TODAY)])
        except KeyError:
            return True
        return False

    await writer.write([document(200)])
    await writer.flush()
    with monkeypatch.context() as broken:
        broken.setattr(LocalWriter, "_mend", fail)
        mark(day_folder(tmp_path) / "index")
        await soon(is_raised, timeout_s=20, what="it is raised")


async def test_a_day_that_cannot_be_mended_keeps_no_younger_one_from_it(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await writer.write([document(1, day=TODAY), document(2, day=TODAY + timedelta(days=1))])
    await writer.flush()
    for one in list(writer._days.values()):
        writer._forget(one)
    read_from = DocumentWriter.read_from

    def refuse(self: DocumentWriter, number: int) -> Iterator[tuple[int, bytes]]:
        if self.path.parent == day_folder(tmp_path):
            raise PermissionError("this day only")
        yield from read_from(self, number)

    async def are_mended() -> bool:
        clock.advance(LOOK_S)
        return await reader.count(MatchAll(), EVERYTHING) == Count(2, exact=False)

    for day in (DAY, TODAY, TODAY + timedelta(days=1)):
        lose_the_index(day_folder(tmp_path, day))
    with monkeypatch.context() as broken:
        broken.setattr(DocumentWriter, "read_from", refuse)
        await soon(are_mended, timeout_s=20, what="the younger days are mended")
    await soon(lambda: _all_are_mended(reader, clock), timeout_s=20, what="the oldest is mended")


async def _all_are_mended(reader: LocalStore, clock: ManualClock) -> bool:
    clock.advance(LOOK_S)
    return await reader.count(MatchAll(), EVERYTHING) == Count(152)


async def test_a_day_that_stays_broken_keeps_no_other_from_being_visible_after_the_end(
    tmp_path: Path, writer: LocalWriter, reader: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(index: Index, path: Path, *, memory_bytes: int) -> IndexWriter:
        if path == day_folder(tmp_path) / "index":
            return FailingWriter()
        return open_index_writer(index, path, memory_bytes=memory_bytes)

    monkeypatch.setattr(Committer, "_commit_what_waits", lambda _committer: None)
    with monkeypatch.context() as broken:
        broken.setattr(day_index, "open_index_writer", fail)
        with pytest.raises(StoreUnavailable, match="nothing more can be written"):
            await writer.write([document(200)])
        await writer.write([document(1, day=TODAY)])
        await writer.close()
    assert await reader.count(MatchAll(), EVERYTHING) == Count(151)


async def test_a_day_found_while_the_writer_is_closed_is_left_to_the_next_start(
    tmp_path: Path, writer: LocalWriter, clock: ManualClock, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    looks, closes = threading.Event(), threading.Event()
    join = Committer.join

    def join_when_it_has_found_one(committer: Committer) -> None:
        closes.set()
        join(committer)

    def find_one(_: Path) -> bool:
        looks.set()
        return closes.wait(20)

    lose_the_index(day_folder(tmp_path))
    monkeypatch.setattr(Committer, "join", join_when_it_has_found_one)
    monkeypatch.setattr(mending, "is_marked", find_one)
    clock.advance(LOOK_S)
    assert await asyncio.to_thread(looks.wait, 20)
    await writer.close()
    assert "cannot be mended" not in caplog.text
    monkeypatch.undo()
    await opened_writer(tmp_path, clock).close()
    assert not mending.needs_mending(DayFolder(DAY, day_folder(tmp_path)))
