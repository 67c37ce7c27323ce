"""Files of a day are taken away, cut or put back from a copy while it is written to: no later event is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.errors import StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import Count, Outcome
from logboom.store.local.committing import Committer
from logboom.store.local.documents import DATA_NAME
from logboom.store.local.writer import LocalWriter
from tests.polling import soon
from tests.unit.store_local.samples import DAY, documents
from tests.unit.store_local.stores import EVERYTHING, all_ids, day_folder, opened
from tests.unit.store_local.writing import LOOK_S, opened_writer

TOLD = "removed, cut or replaced while it was written to"
SET_ASIDE = "logs-2026.03.14-1 is damaged and set aside"


def remove_the_events(folder: Path) -> None:
    (folder / DATA_NAME).unlink()


def cut_the_events(folder: Path) -> None:
    os.truncate(folder / DATA_NAME, 100)


def remove_the_day(folder: Path) -> Path:
    """At once: tantivy's threads may be about to write to it."""
    return folder.rename(folder.parents[1] / "away")


def put_a_copy_back(folder: Path) -> None:
    # What tantivy was just writing it removes again by its path: also from the copy, while it is made.
    shutil.copytree(remove_the_day(folder), folder, ignore=shutil.ignore_patterns(".tmp*"))


async def ids_after_a_restart(data: Path) -> list[str]:
    store = opened(data)
    await (await store.writer()).close()
    found = sorted(await all_ids(store))
    await store.close()
    return found


def ids(first: int, end: int) -> list[str]:
    return sorted(one.id for one in documents(end - first, first=first))


@pytest.mark.parametrize("is_committed", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize(
    ("damage", "stays"),
    [
        (remove_the_events, False),
        (cut_the_events, False),
        (remove_the_day, False),
        (put_a_copy_back, True),
    ],
)
async def test_what_is_told_as_stored_after_files_were_taken_away_is_found(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object], *, stays: bool, is_committed: bool,
) -> None:  # fmt: skip
    writer = opened_writer(tmp_path, clock)
    with monkeypatch.context() as silent:
        silent.setattr(Committer, "_commit_what_waits", lambda _committer: None)
        assert set(await writer.write(documents(100))) == {Outcome.STORED}
        if is_committed:
            await writer.flush()
        damage(day_folder(tmp_path))
        for first in (100, 200):
            answers = await writer.write(documents(100, first=first))
            assert list(answers) == [Outcome.STORED] * 100
    await writer.flush()
    await writer.close()
    assert await ids_after_a_restart(tmp_path) == ids(0 if stays else 100, 300)


@pytest.mark.parametrize("damage", [remove_the_events, cut_the_events])
async def test_a_day_whose_events_were_taken_away_is_told_and_set_aside(
    tmp_path: Path, writer: LocalWriter, damage: Callable[[Path], object],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    await writer.write(documents(100))
    await writer.flush()
    damage(day_folder(tmp_path))
    await writer.write(documents(100, first=100))
    assert f"the file of 100 events was {TOLD}" in caplog.text
    store = opened(tmp_path)
    assert SET_ASIDE in await store.check()
    await store.close()


async def test_it_is_set_aside_though_nothing_more_is_written_to_it(
    tmp_path: Path, writer: LocalWriter, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await writer.write(documents(100))
    await writer.flush()
    remove_the_events(day_folder(tmp_path))
    store = opened(tmp_path)

    async def is_set_aside() -> bool:
        clock.advance(LOOK_S)
        return SET_ASIDE in await store.check()

    await soon(is_set_aside, timeout_s=20, what="the day is set aside")
    assert await store.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    assert "its events are lost" in caplog.text
    await store.close()


@pytest.mark.parametrize("damage", [remove_the_events, put_a_copy_back])
async def test_a_write_during_which_files_are_taken_away_fails_and_is_stored_when_it_is_repeated(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
) -> None:  # fmt: skip
    writer = opened_writer(tmp_path, clock)
    monkeypatch.setattr(Committer, "_commit_what_waits", lambda _committer: None)
    await writer.write(documents(100))
    await writer.flush()
    fdatasync = os.fdatasync

    def take_away(descriptor: int) -> None:
        fdatasync(descriptor)
        monkeypatch.setattr(os, "fdatasync", fdatasync)
        damage(day_folder(tmp_path))

    monkeypatch.setattr(os, "fdatasync", take_away)
    with pytest.raises(StoreUnavailable, match=TOLD):
        await writer.write(documents(100, first=100))
    answers = await writer.write(documents(100, first=100))
    assert list(answers) == [Outcome.STORED] * 100
    await writer.close()
    assert set(ids(100, 200)) <= set(await ids_after_a_restart(tmp_path))


async def test_an_index_is_not_committed_beside_events_that_are_not_its_own(
    tmp_path: Path, writer: LocalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Committer, "_commit_what_waits", lambda _committer: None)
    await writer.write(documents(100))
    await writer.flush()
    await writer.write(documents(100, first=100))
    put_a_copy_back(day_folder(tmp_path))
    described = (day_folder(tmp_path) / "index" / "meta.json").read_bytes()
    with pytest.raises(StoreUnavailable, match=TOLD):
        await writer.flush()
    assert (day_folder(tmp_path) / "index" / "meta.json").read_bytes() == described
    assert DAY not in writer._days
    assert set(await writer.write(documents(200))) == {Outcome.DUPLICATE}
