"""What the embedded store does when there is no room, or its index fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logboom.errors import DiskFull, StoreUnavailable
from logboom.query.model import Term
from logboom.store import Document, Outcome
from logboom.store.local import LocalStore, day_index
from logboom.store.local.index_writer import Added, Chunk
from logboom.store.port import StoreWriter
from tests.polling import soon
from tests.unit.small_disk import mounted
from tests.unit.store_local.samples import documents
from tests.unit.store_local.stores import EVERYTHING, all_ids, day_folder, opened


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
        for at in range(len(stored), 400_000, 2000):
            await writer.write(documents(2000, first=at, noise=True))
            stored.extend(documents(2000, first=at, noise=True))

    for _ in range(4):  # an index that is opened again may free some room, which is used then
        with pytest.raises(DiskFull, match="no room"):
            await write_until_full()
    waiting = documents(2000, first=len(stored), noise=True)
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


class FailingWriter:
    """An index writer that fails at what it is given."""

    def add(self, chunk: Chunk) -> Added:
        raise ValueError("nothing more can be written")

    def commit(self) -> None:
        raise ValueError("nothing more can be written")

    def close(self, *, waits: bool) -> None:
        pass


async def assert_told_once(store: LocalStore, writer: StoreWriter, some: list[Document]) -> None:
    """What the writes before have stored is told as stored by the first that answers, and by no other."""
    assert list(await writer.write(some)) == [Outcome.STORED] * len(some)
    assert list(await writer.write(some)) == [Outcome.DUPLICATE] * len(some)
    await store.refresh()
    assert sorted(await all_ids(store)) == sorted(one.id for one in some)


async def test_what_is_stored_though_the_index_fails_is_told_once_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    writer = await store.writer()
    with monkeypatch.context() as broken:
        broken.setattr(day_index, "open_index_writer", lambda *_, **__: FailingWriter())
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="nothing more can be written"):
                await writer.write(documents(10))
    await assert_told_once(store, writer, documents(20))
    await writer.close()
    await store.close()


async def test_what_is_stored_though_the_disk_fails_is_told_once_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "the disk fails")

    store = opened(tmp_path)
    writer = await store.writer()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail)
        with pytest.raises(StoreUnavailable, match="the disk fails"):
            await writer.write(documents(10))
    await assert_told_once(store, writer, documents(20))
    await writer.close()
    await store.close()


async def test_what_is_stored_of_a_write_that_fails_is_told_once_it_is_repeated(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path)
    writer = await store.writer()
    some = documents(20, days=2)
    second = day_folder(tmp_path, some[1].day)
    second.parent.mkdir(exist_ok=True)
    second.write_text("in the way of a day")
    with pytest.raises(StoreUnavailable):
        await writer.write(some)
    second.unlink()
    await assert_told_once(store, writer, some)
    await writer.close()
    await store.close()
