"""A part of a day that is lost, or unreadable at its end, is told and never taken for less."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from logboom.errors import StoreUnavailable
from logboom.query.model import MatchAll, Phrase
from logboom.store import Count, Outcome, SearchRequest
from logboom.store.local import day_index, index_writer
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import StoreFolder
from logboom.store.local.soundness import begin_anew, finish, is_unfinished, mark
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import EVERYTHING, all_ids, day_folder, opened, write_and_close


def lose_the_index(folder: Path) -> None:
    shutil.rmtree(folder / "index")


def lose_its_description(folder: Path) -> None:
    (folder / "index" / "meta.json").unlink()


def lose_the_events(folder: Path) -> None:
    (folder / "documents.zst").unlink()


def spoil_its_description(folder: Path) -> None:
    (folder / "index" / "meta.json").write_bytes(b"{ this is no JSON")


def mark_it(folder: Path) -> None:
    mark(folder / "index")


@pytest.mark.parametrize("damage", [mark_it, spoil_its_description, lose_the_index])
async def test_a_last_block_that_cannot_be_read_is_told_when_the_index_is_made_anew_at_a_start(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[-1] ^= 255
    path.write_bytes(data)
    damage(day_folder(tmp_path))
    store = opened(tmp_path)
    writer = await store.writer()
    assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
    aside = tmp_path / "store" / "damaged" / "logs-2026.03.14-1"
    assert (aside / "documents.zst").read_bytes() == data
    assert await store.count(MatchAll(), EVERYTHING) == Count(150, exact=False)
    assert set(await writer.write(some)) == {Outcome.STORED, Outcome.DUPLICATE}
    await store.refresh()
    assert sorted(await all_ids(store)) == sorted(one.id for one in some)
    await writer.close()
    await store.close()


async def test_an_end_that_a_crash_has_torn_is_cut_off_though_the_index_is_made_anew(
    tmp_path: Path,
) -> None:
    some = documents(300)
    await write_and_close(tmp_path, some)
    with (day_folder(tmp_path) / "documents.zst").open("ab") as file:
        file.write(b"LBD1 the first bytes of a block")
    lose_the_index(day_folder(tmp_path))
    assert set(await write_and_close(tmp_path, some)) == {Outcome.DUPLICATE}
    assert not (tmp_path / "store" / "damaged").exists()


@pytest.mark.parametrize("known", [False, True], ids=["never read", "read before"])
@pytest.mark.parametrize("damage", [lose_the_index, lose_its_description, lose_the_events])
async def test_a_day_of_which_a_part_is_lost_is_told(
    tmp_path: Path, damage: Callable[[Path], None], *, known: bool
) -> None:
    await write_and_close(tmp_path, documents(300, days=2))
    store = opened(tmp_path)
    if known and damage is not lose_the_events:  # who has them open still reads them
        assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    damage(day_folder(tmp_path))
    assert await store.count(MatchAll(), EVERYTHING) == Count(150, exact=False)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert (len(page.events), page.partial) == (150, True)
    what = "events" if damage is lose_the_events else "index"
    assert f"the day 2026-03-14 cannot be read: {day_folder(tmp_path)}: its {what}" in str(
        page.warnings
    )
    await store.close()


async def test_an_event_that_may_be_in_a_day_that_cannot_be_read_is_not_told_as_missing(
    tmp_path: Path,
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    lose_the_index(day_folder(tmp_path))
    store = opened(tmp_path)
    with pytest.raises(StoreUnavailable, match="2026-03-14 cannot be read"):
        await store.get(some[0].id)
    assert await store.get(some[1].id) == some[1].event
    await (await store.writer()).close()
    assert await store.get(some[0].id) == some[0].event
    assert await store.get("unknown") is None
    await store.close()


async def test_a_day_that_has_only_begun_is_not_missed(tmp_path: Path) -> None:
    await write_and_close(tmp_path, documents(150))
    folder = StoreFolder(tmp_path / "store", "logs-%Y.%m.%d").create(documents(2, days=2)[1].day)
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(150)
    (folder.path / "documents.zst").touch()
    assert await store.count(MatchAll(), EVERYTHING) == Count(150)
    await store.close()


def test_an_index_that_was_lost_says_that_it_does_not_hold_all_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StoreFolder(tmp_path, "logs-%Y.%m.%d").create(DAY)
    writer = DayWriter(folder, memory_bytes=15_000_000)
    assert not is_unfinished(folder.index)
    writer.append(documents(100))
    writer.commit()
    writer.close()
    lose_the_index(folder.path)
    seen: list[bool] = []
    open_index_writer = index_writer.open_index_writer

    def look(*args: object, **others: object) -> object:
        seen.append(is_unfinished(folder.index))
        return open_index_writer(*args, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(day_index, "open_index_writer", look)
    DayWriter(folder, memory_bytes=15_000_000).close()
    assert seen == [True]
    assert not is_unfinished(folder.index)


# -- an index that is made anew between two looks -------------------------------------------------


def empty_inside(folder: Path, kind: str) -> None:
    """Files of the index keep their length and their end; what was before it is zeros."""
    for path in (folder / "index").glob(f"*.{kind}"):
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size - 200))


@pytest.mark.parametrize("is_finished", [False, True], ids=["under way", "done"])
async def test_a_question_that_fails_while_the_index_is_made_anew_is_answered_without_the_day(
    tmp_path: Path, *, is_finished: bool
) -> None:
    """The search takes its view of the days first, and fails when their index is another one."""
    await write_and_close(tmp_path / "sound", documents(300, days=2))
    await write_and_close(tmp_path, documents(300, days=2))
    folder = day_folder(tmp_path)
    store = opened(tmp_path)
    await store.count(MatchAll(), EVERYTHING)
    empty_inside(folder, "fast")
    view = store._days.view
    reached, go_on = threading.Event(), threading.Event()

    def wait_after_the_view() -> object:
        taken = view()
        if not reached.is_set():
            reached.set()
            go_on.wait(30)
        return taken

    store._days.view = wait_after_the_view  # type: ignore[method-assign, assignment]
    searching = asyncio.create_task(store.search(SearchRequest(Phrase("message", "event number"))))
    assert await asyncio.to_thread(reached.wait, 30)
    begin_anew(folder / "index")
    if is_finished:
        for path in (day_folder(tmp_path / "sound") / "index").iterdir():
            shutil.copy(path, folder / "index" / path.name)
        finish(folder / "index")
    go_on.set()
    page = await searching
    assert page.partial is not is_finished
    assert page.total == Count(300 if is_finished else 150, exact=is_finished)
    await store.close()


async def test_an_index_that_is_there_again_when_it_is_asked_for_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_and_close(tmp_path, documents(300, days=2))
    store = opened(tmp_path)
    hidden = day_folder(tmp_path) / "index" / "meta.json"
    hidden.rename(hidden.with_suffix(".away"))
    forget = store._days._forget
    monkeypatch.setattr(
        store._days,
        "_forget",
        lambda folder: (
            forget(folder),
            folder.day == DAY and hidden.with_suffix(".away").rename(hidden),
        ),
    )
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    await store.close()


async def test_a_day_without_its_description_is_read_and_written_to(tmp_path: Path) -> None:
    await write_and_close(tmp_path, documents(10))
    (day_folder(tmp_path) / "day.json").unlink()
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(10)
    writer = await store.writer()
    assert await writer.write([document(10)]) == [Outcome.STORED]
    assert set(await writer.write(documents(11))) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()
