"""What the file system refuses for a while, or for one day, stops neither writing nor the other days."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.errors import StoreDamaged, StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import Count, Outcome, Rejected, SearchRequest
from logboom.store.local import committing, soundness
from logboom.store.local.documents import DocumentWriter
from logboom.store.local.folders import DayFolder, StoreFolder
from logboom.store.local.soundness import is_marked
from logboom.store.local.writer import LocalWriter
from tests.polling import soon
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import (
    EVERYTHING,
    day_folder,
    opened,
    spoil_events,
    write_and_close,
)
from tests.unit.store_local.writing import LOOK_S, opened_writer


async def test_writing_goes_on_after_the_days_could_not_be_listed(
    writer: LocalWriter, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def refuse(_folder: StoreFolder) -> list[str]:
        asked.append(True)
        raise OSError(errno.EMFILE, "too many open files")

    async def is_asked_twice() -> bool:
        clock.advance(LOOK_S)
        return len(asked) > 1

    assert await writer.write(documents(1)) == [Outcome.STORED]
    with monkeypatch.context() as refused:
        refused.setattr(StoreFolder, "_names", refuse)
        await soon(is_asked_twice, timeout_s=20, what="the days are looked at again")
    assert await writer.write(documents(1, first=1)) == [Outcome.STORED]


async def test_writing_goes_on_after_a_day_could_not_be_looked_at(
    writer: LocalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def refuse(_folder: DayFolder) -> bool:
        asked.append(True)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def is_asked_twice() -> bool:
        return len(asked) > 1

    with monkeypatch.context() as refused:
        refused.setattr(committing, "needs_mending", refuse)
        assert await writer.write(documents(1)) == [Outcome.STORED]
        await soon(is_asked_twice, timeout_s=20, what="the day is looked at again")
    assert await writer.write(documents(1, first=1)) == [Outcome.STORED]


@pytest.mark.parametrize("kind", ["term", "fast", "store"])
async def test_a_day_of_which_a_file_may_not_be_read_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(path: Path) -> bool:
        if path.suffix == f".{kind}":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return True

    await write_and_close(tmp_path, documents(200, days=2))
    index = day_folder(tmp_path) / "index"
    for path in index.glob(f"*.{kind}"):
        path.write_bytes(b"")  # who tests may be one who may read everything
    monkeypatch.setattr(soundness, "_is_sound", refuse)
    store = opened(tmp_path)
    for _ in range(2):
        page = await store.search(SearchRequest(MatchAll(), limit=5))
        assert len(page.events) == 5
        assert page.partial
        assert "the day 2026-03-14 cannot be read" in page.warnings[0]
        assert await store.count(MatchAll(), EVERYTHING) == Count(100, exact=False)
    assert not is_marked(index)
    await store.close()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Has a file refused to whoever wants to read all of it."""
    read_bytes = Path.read_bytes

    def refuse(path: Path, number: int) -> None:
        def read(one: Path) -> bytes:
            if one == path:
                raise OSError(number, os.strerror(number), str(path))
            return read_bytes(one)

        monkeypatch.setattr(Path, "read_bytes", read)

    return refuse


@pytest.mark.parametrize("name", ["documents.dict", "documents.idx"])
def test_documents_that_cannot_be_opened_leave_no_file_open(
    tmp_path: Path, refused: Callable[[Path, int], None], name: str
) -> None:
    DocumentWriter(tmp_path).close()
    refused(tmp_path / name, errno.EACCES)
    before = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(PermissionError):
        DocumentWriter(tmp_path)
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("name", ["documents.dict", "documents.idx"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
async def test_a_day_of_which_the_dictionary_or_the_directory_is_refused_stops_no_other(
    tmp_path: Path, refused: Callable[[Path, int], None], name: str, number: int
) -> None:
    await write_and_close(tmp_path, documents(200, days=2))
    refused(day_folder(tmp_path) / name, number)
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=200))
    assert len(page.events) == (200 if (name, number) == ("documents.idx", errno.EIO) else 100)
    assert page.partial == (len(page.events) < 200)
    writer = await store.writer()
    young = document(1_001, day=DAY + timedelta(days=1))
    assert await writer.write([young]) == [Outcome.STORED]
    await writer.close()
    await store.close()


def test_a_bad_end_is_not_cut_off_where_the_directory_cannot_be_read(
    tmp_path: Path, refused: Callable[[Path, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = DocumentWriter(tmp_path)
    writer.append([b'{"a":1}'] * 40)
    writer.close()
    spoil_events(tmp_path, -1)
    left = (tmp_path / "documents.zst").read_bytes()
    refused(tmp_path / "documents.idx", errno.EIO)
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(writer.noted)
    with pytest.raises(StoreDamaged):
        list(writer.read_from(0))
    writer.close()
    monkeypatch.undo()
    assert (tmp_path / "documents.zst").read_bytes() == left


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders and files that nobody may open: who tests may be one who may open everything."""
    paths: list[Path] = []
    for name in ("open", "stat", "listdir", "scandir"):
        monkeypatch.setattr(os, name, _unless_forbidden(getattr(os, name), paths))
    monkeypatch.setattr(io, "open", _unless_forbidden(io.open, paths))
    return paths


def _unless_forbidden(call: Callable[..., Any], paths: list[Path]) -> Callable[..., Any]:
    def called(path: Any = ".", *args: Any, **named: Any) -> Any:
        asked = Path(os.fsdecode(path)) if isinstance(path, str | bytes | Path) else None
        if asked and any(asked == one or one in asked.parents for one in paths):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return call(path, *args, **named)

    return called


YOUNG = DAY + timedelta(days=1)


async def test_a_day_whose_folder_may_not_be_opened_keeps_no_other_from_answering(
    tmp_path: Path, forbidden: list[Path]
) -> None:
    await write_and_close(tmp_path, documents(200, days=2))
    forbidden += (
        path for path in (day_folder(tmp_path) / "day.json", day_folder(tmp_path) / "index")
    )
    forbidden.append(day_folder(tmp_path) / "documents.zst")
    store = opened(tmp_path)
    writer = await store.writer()
    page = await store.search(SearchRequest(MatchAll(), limit=5))
    assert (len(page.events), page.partial) == (5, True)
    assert "the day 2026-03-14 cannot be read" in page.warnings[0]
    assert await store.count(MatchAll(), EVERYTHING) == Count(100, exact=False)
    assert [one.day for one in await store.days()] == [DAY, YOUNG]
    assert {one.day for one in await store.count_by_source()} == {YOUNG}
    assert "2026-03-14 cannot be read" in await store.check()
    assert await writer.write([document(1_001, day=YOUNG)]) == [Outcome.STORED]
    await writer.close()
    await store.close()


async def test_events_of_other_days_are_stored_while_those_of_a_refused_day_wait(
    tmp_path: Path, clock: ManualClock, forbidden: list[Path]
) -> None:
    await write_and_close(tmp_path, documents(2))
    forbidden.append(day_folder(tmp_path) / "documents.zst")
    writer = opened_writer(tmp_path, clock)
    late, young = document(1_000), document(1_001, day=YOUNG)
    with pytest.raises(StoreUnavailable, match="2026-03-14 cannot be written"):
        await writer.write([late, young])
    clock.advance(31)
    answer, other = await writer.write([late, young])
    assert isinstance(answer, Rejected)
    assert "Permission denied" in answer.reason
    assert other is Outcome.STORED
    forbidden.clear()
    assert await writer.write([late, young]) == [Outcome.STORED, Outcome.DUPLICATE]
    forbidden.append(day_folder(tmp_path) / "documents.zst")
    await writer.close()


async def test_events_wait_as_long_as_no_day_can_be_written(
    tmp_path: Path, clock: ManualClock, forbidden: list[Path]
) -> None:
    await write_and_close(tmp_path, documents(2))
    writer = opened_writer(tmp_path, clock)
    forbidden.append(tmp_path / "store")
    for _ in range(3):
        clock.advance(31)
        with pytest.raises(StoreUnavailable):
            await writer.write([document(1_000)])
    forbidden.clear()
    assert await writer.write([document(1_000)]) == [Outcome.STORED]
    await writer.close()


async def test_a_day_is_told_whose_events_may_not_be_read_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_and_close(tmp_path, documents(200, days=2))
    store = opened(tmp_path)
    assert await store.troubles() == []
    path, access = day_folder(tmp_path) / "documents.zst", os.access
    monkeypatch.setattr(
        os, "access", lambda one, mode: access(one, mode) and (one != path or mode == os.F_OK)
    )
    assert await store.count(MatchAll(), EVERYTHING) == Count(200)  # they are open yet
    (told,) = await store.troubles()
    assert told == f"the events of 2026-03-14 may not be read: {day_folder(tmp_path)}"
    await store.close()
