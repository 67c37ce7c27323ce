"""A backup is made while everything runs, and what is restored from it is what was there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from logboom.backup.making import _alone, make_backup, pieces_of
from logboom.backup.manifest import Backup, backups, write_backup
from logboom.backup.pieces import turn
from logboom.backup.restoring import choose, restore, try_out
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import AlreadyRunning, ArchiveDamaged, UsageError
from logboom.store import Outcome, open_store
from logboom.store.local.syncing import sync_folder
from tests.unit.archive.place import Place
from tests.unit.store_local.samples import DAY, documents


def config_of(data: Path) -> Config:
    return Config.model_validate({"data": data, "index": "logs-%Y.%m.%d"})


async def make(place: Place, folder: Path, keep: int = 10) -> Backup:
    return await make_backup(config_of(place.data), folder, place.clock, keep=keep)


async def tried(place: Place, folder: Path, name: str | None = None) -> list[str]:
    chosen = choose(folder, name)
    config = config_of(place.data)
    done = await try_out(config, folder, chosen, SystemClock(), folder / "scratch")
    assert not (folder / "scratch").exists()
    return list(done.troubles)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


async def test_what_is_restored_is_what_was_there(
    place: Place, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await place.writer.write(documents(600, days=3))
    await place.state.put("rule", "a", {"n": 1})
    made = await make(place, folder)
    assert [day.events for day in made.days] == [200, 200, 200]
    assert await tried(place, folder) == []
    target = tmp_path_factory.mktemp("restored") / "data"
    await restore(config_of(target), folder, made, place.clock)
    rows = sqlite3.connect(target / "state" / "state.sqlite3").execute("SELECT key FROM records")
    assert rows.fetchall() == [("a",)]
    store = await open_store(config_of(target), clock=place.clock)
    writer = await store.writer()
    assert set(await writer.write(documents(600, days=3))) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()
    with pytest.raises(UsageError, match="not empty"):
        await restore(config_of(target), folder, made, place.clock)


async def test_a_backup_adds_only_what_is_new(place: Place, folder: Path) -> None:
    await place.writer.write(documents(2000, days=2, noise=True))
    first = await make(place, folder)
    place.clock.advance(300)
    second = await make(place, folder)
    assert second.added < first.added / 20
    await place.writer.write(documents(100, first=50_000, days=2))
    place.clock.advance(300)
    third = await make(place, folder)
    assert third.events == first.events + 100
    assert await tried(place, folder, third.name) == []
    assert await tried(place, folder, first.name) == []


async def test_the_index_of_a_quiet_day_is_in_the_backup(place: Place, folder: Path) -> None:
    await place.writer.write(documents(100, days=2))
    await place.store.refresh()
    old = SystemClock().now_ns() - 3600 * 10**9
    quiet = place.data / "store" / f"logs-{DAY:%Y.%m.%d}" / "documents.zst"
    place.clock.advance((SystemClock().now_ns() - place.clock.now_ns()) / 1e9)
    os.utime(quiet, ns=(old, old))
    made = await make(place, folder)
    indices = {file.path.split("/")[1] for file in made.files if "/index/" in file.path}
    assert indices == {quiet.parent.name}
    assert await tried(place, folder) == []


async def test_the_oldest_backups_go_with_what_only_they_need(place: Place, folder: Path) -> None:
    for number in range(4):
        await place.writer.write(documents(50, first=100 * number))
        await make(place, folder, keep=2)
        place.clock.advance(300)
    known = backups(folder)
    assert [one.events for one in known] == [150, 200]
    needed = {piece for one in known for file in one.files for piece in file.pieces}
    assert {path.name for path in (folder / "pieces").glob("??/*")} == needed
    assert await tried(place, folder, known[0].name) == []


async def test_a_spoilt_or_missing_piece_is_told(place: Place, folder: Path) -> None:
    await place.writer.write(documents(100))
    made = await make(place, folder)
    piece = next(f.pieces[0] for f in made.files if f.path.endswith("documents.zst"))
    path = folder / "pieces" / piece[:2] / piece
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveDamaged, match="piece of the backup"):
        await tried(place, folder)
    assert not path.exists()
    with pytest.raises(ArchiveDamaged, match="piece of the backup cannot be read"):
        pieces_of(folder).read(piece)
    with pytest.raises(ArchiveDamaged):
        await restore(config_of(folder / "target"), folder, made, place.clock)
    assert not (folder / "target").exists()


def spoil(folder: Path, name: str) -> Path:
    path = folder / "pieces" / name[:2] / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path


def data_piece(made: Backup) -> str:
    return next(file.pieces[0] for file in made.files if file.path.endswith("documents.zst"))


async def test_a_spoilt_piece_is_noticed_within_a_day_and_copied_anew(
    place: Place, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await place.writer.write(documents(100))
    made = await make(place, folder)
    spoil(folder, data_piece(made))
    found = 0
    for _ in range(24):
        place.clock.advance(3600)
        found += (await make(place, folder, keep=30)).spoilt
    assert found == 1
    assert "a piece of the backup" in caplog.text
    assert await tried(place, folder) == []
    assert await tried(place, folder, made.name) == []


@pytest.mark.parametrize("is_missing", [False, True])
async def test_a_piece_that_a_try_has_found_spoilt_is_in_the_next_backup(
    place: Place, folder: Path, is_missing: bool
) -> None:
    await place.writer.write(documents(100))
    made = await make(place, folder)
    path = spoil(folder, data_piece(made))
    if is_missing:
        path.unlink()
    with pytest.raises(ArchiveDamaged, match="make a backup"):
        await tried(place, folder)
    place.clock.advance(1)
    again = await make(place, folder)
    assert data_piece(again) == data_piece(made)
    assert await tried(place, folder, again.name) == []


def test_what_is_kept_again_replaces_a_spoilt_piece(folder: Path) -> None:
    name = pieces_of(folder).keep(b"content")
    spoil(folder, name)
    assert pieces_of(folder).keep(b"content") == name
    assert pieces_of(folder).read(name) == b"content"


@pytest.mark.parametrize("minutes", [1, 5, 7, 60, 180])
def test_every_piece_has_its_turn_once_a_day(minutes: int) -> None:
    step, start = minutes * 60 * 10**9, 1_777_777_777 * 10**9
    looks = range(start, start + 24 * 3600 * 10**9 + step, step)
    seen = [n for since, now in pairwise(looks) for n in turn(since, now)]
    assert set(seen) == set(range(256))
    assert len(seen) <= 257
    assert len(turn(start, start + 24 * 3600 * 10**9)) == 32


async def test_the_names_of_pieces_are_durable_before_the_manifest_tells_of_them(
    place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.writer.write(documents(100))
    synced: list[Path] = []

    def note(path: Path) -> None:
        synced.append(path)
        sync_folder(path)

    monkeypatch.setattr("logboom.backup.pieces.sync_folder", note)
    monkeypatch.setattr("logboom.backup.manifest.sync_folder", note)
    made = await make(place, folder)
    needed = {folder / "pieces" / piece[:2] for file in made.files for piece in file.pieces}
    assert {folder, folder / "pieces", *needed} <= set(synced[:-1])
    assert synced[-1] == folder / "backups"


async def test_a_backup_without_some_events_is_told(place: Place, folder: Path) -> None:
    await place.writer.write(documents(100, days=2))
    made = await make(place, folder)
    shutil.rmtree(folder / "backups")
    days = (replace(made.days[0], events=51), replace(made.days[1], digest="0" * 64))
    write_backup(folder, replace(made, days=days))
    first, second, *others = await tried(place, folder)
    assert first == "the day 2026-03-14 has 50 of its 51 events"
    assert second == "the events of the day 2026-03-15 are not those that were backed up"
    assert others == ["a search finds 100 of 101 events"]


async def test_a_day_that_was_dropped_is_not_in_the_next_backup(place: Place, folder: Path) -> None:
    await place.writer.write(documents(20, days=2))
    await make(place, folder)
    await place.work().drop(DAY)
    place.clock.advance(300)
    made = await make(place, folder)
    assert [day.day for day in made.days] == [str(DAY + timedelta(days=1))]
    assert await tried(place, folder) == []


async def test_one_process_makes_backups_at_a_time(place: Place, folder: Path) -> None:
    with _alone(folder), pytest.raises(AlreadyRunning):
        await make(place, folder)
    with pytest.raises(UsageError, match="must not lie in the data folder"):
        await make(place, place.data / "backups")


async def test_archives_in_the_data_folder_are_copied(
    place: Place, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await place.writer.write(documents(10))
    archive = place.data / "archives" / "logs-2026.03.14.json"
    archive.parent.mkdir()
    archive.write_text("{}")
    made = await make(place, folder)
    target = tmp_path_factory.mktemp("restored") / "data"
    await restore(config_of(target), folder, made, place.clock)
    assert (target / "archives" / archive.name).read_text() == "{}"


async def test_a_manifest_that_cannot_be_read_is_told_and_passed_over(
    place: Place, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await place.writer.write(documents(10))
    first = await make(place, folder)
    (folder / "backups" / f"{first.name}.json").write_bytes(b"")
    place.clock.advance(5)
    pieces = set((folder / "pieces").glob("*/*"))
    assert pieces
    second = await make(place, folder, keep=1)
    assert backups(folder) == [second]
    assert "is no manifest of a backup" in caplog.text
    assert pieces <= set((folder / "pieces").glob("*/*"))
    assert await tried(place, folder) == []
