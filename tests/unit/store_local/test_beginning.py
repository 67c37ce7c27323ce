"""A day that cannot be brought into order when a writer begins keeps no other from being written."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tantivy import Index

from logboom.clock import ManualClock
from logboom.errors import DiskFull, StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import Count, Outcome
from logboom.store.local import LocalStore, day_index
from logboom.store.local.documents import DocumentWriter
from logboom.store.local.folders import StoreFolder
from logboom.store.local.index_writer import IndexWriter, open_index_writer
from logboom.store.local.soundness import mark
from tests.polling import soon
from tests.unit.store_local.samples import document, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close
from tests.unit.store_local.writing import LATER, LOOK_S, TODAY, opened_writer


@pytest.mark.parametrize(
    ("refusal", "error"),
    [("No space left on device (os error 28)", DiskFull), ("nobody knows", StoreUnavailable)],
)
async def test_other_days_are_written_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    refusal: str, error: type[Exception],
) -> None:  # fmt: skip
    def refuse(index: Index, path: Path, *, memory_bytes: int) -> IndexWriter:
        if path == day_folder(tmp_path) / "index":
            raise ValueError(refusal)
        return open_index_writer(index, path, memory_bytes=memory_bytes)

    async def is_mended() -> bool:
        clock.advance(LOOK_S)
        return await reader.count(MatchAll(), EVERYTHING) == Count(151)

    await write_and_close(tmp_path, documents(150))
    mark(day_folder(tmp_path) / "index")
    clock, reader = ManualClock(LATER), opened(tmp_path)
    with monkeypatch.context() as refusing:
        refusing.setattr(day_index, "open_index_writer", refuse)
        with caplog.at_level(logging.WARNING):
            writer = opened_writer(tmp_path, clock)
        assert "the day 2026-03-14 cannot be brought into order" in caplog.text
        assert await writer.write([document(1, day=TODAY)]) == [Outcome.STORED]
        await writer.flush()
        assert await reader.count(MatchAll(), EVERYTHING) == Count(1, exact=False)
        assert any("2026-03-14" in trouble for trouble in await reader.troubles())
        with pytest.raises(error):
            await writer.write([document(200)])
    await soon(is_mended, timeout_s=20, what="the day is made anew")
    assert set(await writer.write(documents(150))) == {Outcome.DUPLICATE}
    assert not await reader.troubles()
    await writer.close()
    await reader.close()


async def test_events_that_stay_out_of_an_index_are_told(tmp_path: Path) -> None:
    await write_and_close(tmp_path, documents(150))
    documents_left = DocumentWriter(day_folder(tmp_path))
    documents_left.cut_unfinished(150)
    documents_left.append([document(number).value for number in range(150, 160)])
    documents_left.sync()
    documents_left.close()
    clock = ManualClock(LATER)
    folder = StoreFolder(tmp_path / "store", "logs-%Y.%m.%d")
    reader = LocalStore(folder, clock, writer_memory_bytes=2**24)
    assert not await reader.troubles()
    clock.advance(31)
    (trouble,) = await reader.troubles()
    assert "searches see 150 of the 160 events of 2026-03-14" in trouble
    writer = opened_writer(tmp_path, clock)
    assert not await reader.troubles()
    await writer.close()
    await reader.close()
