"""Days leave the store and come back with every event, whatever happens meanwhile."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logboom.archive import files
from logboom.archive.keeping import too_old
from logboom.archive.manifest import manifests
from logboom.archive.removals import all_removals
from logboom.archive.work import Restored
from logboom.errors import ArchiveDamaged, DayChanged, StoreRefused, StoreUnavailable
from logboom.query.model import MatchAll
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.store import Outcome, TimeRange
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import DayFolder
from logboom.store.local.writer import LocalWriter
from tests.unit.archive.place import NOW, Place
from tests.unit.store_local.samples import DAY, RUN, document, documents
from tests.unit.store_local.stores import day_folder


async def test_a_day_comes_back_from_its_archive_as_it_was(place: Place) -> None:
    strange = document(9_000_000, message='"Anführung" – 검색\n', attributes={"n": 2**70, "e": []})
    await place.writer.write([*documents(3000), strange])
    before = await place.digest()
    work = place.work()
    made = await work.archive(DAY)
    assert (made.events, made.digest, made.runs) == (3001, before, {RUN: 3001})
    assert (made.first, made.last) == ("2026-03-14T00:00:00.000Z", "2026-03-14T02:30:00.000Z")
    assert await place.days() == {}
    assert await place.ledger({"2026-03-14": 3001}) == "green"

    assert await Marks(place.state).behind(None, 100) == []
    assert await work.restore(made) == Restored(3001, 0)
    assert len(await Marks(place.state).behind(None, 100)) == 24  # its rates are worked out anew
    assert await place.digest() == before
    assert await place.ledger({"2026-03-14": 3001}) == "green"
    assert await work.restore(made) == Restored(0, 3001)
    assert await place.days() == {DAY: 3001}
    assert await place.digest() == before
    assert await all_removals(place.state) == []


async def test_days_are_known_whose_rates_may_lack_what_came_late(place: Place) -> None:
    gone, work = GoneDays(place.state), place.work()
    await place.writer.write(documents(10))
    made = await work.archive(DAY)
    await gone.note_late(DAY)
    assert await gone.late(0, 2**52) == [DAY]
    await place.writer.write([document(500)])
    await work.drop(DAY)
    await work.restore(made)
    assert await gone.late(0, 2**52) == [DAY]  # the event that came late is gone yet
    await work.drop(DAY)
    assert await gone.late(0, 2**52) == [DAY]


async def test_a_restored_day_lacks_nothing(place: Place) -> None:
    gone, work = GoneDays(place.state), place.work()
    await place.writer.write(documents(10))
    made = await work.archive(DAY)
    await gone.note_late(DAY)
    await work.restore(made)
    assert await gone.late(0, 2**52) == []


async def test_an_archive_is_readable_without_us(place: Place, run_tool: Any) -> None:
    await place.writer.write(documents(100))
    made = await place.work().archive(DAY)
    assert run_tool("zstdcat", str(made.data)).count("\n") == 100
    told = json.loads(made.path.read_text())
    assert run_tool("sha256sum", str(made.data)).split()[0] == told["sha256"]
    lines = [json.loads(line) for line in run_tool("zstdcat", str(made.data)).splitlines()]
    assert [line["log"]["offset"] for line in lines] == list(range(100))


async def test_what_is_written_while_a_day_is_archived_is_not_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.writer.write(documents(100))
    late = documents(3, first=500)
    finish = files.ArchiveWriter.finish

    def finish_late(self: Any, **words: Any) -> Any:
        made = finish(self, **words)
        if late:
            place.writer._write([late.pop()])  # type: ignore[attr-defined]
        return made

    monkeypatch.setattr(files.ArchiveWriter, "finish", finish_late)
    made = await place.work().archive(DAY)
    assert made.events == 103
    assert [one.stem for one in manifests(made.folder)] == [made.stem]
    assert await place.days() == {}


async def test_a_day_that_is_written_to_is_not_dropped(place: Place) -> None:
    await place.writer.write(documents(10))
    await place.store.refresh()
    with pytest.raises(DayChanged, match="has 10 events, not 9"):
        await place.store.drop_day(DAY, expected=9)
    assert await place.days() == {DAY: 10}
    assert await place.store.drop_day(DAY, expected=10)
    assert not await place.store.drop_day(DAY)
    assert await place.writer.write(documents(10)) == [Outcome.STORED] * 10


async def test_today_is_never_dropped(place: Place) -> None:
    await place.writer.write([document(0, day=NOW.date())])
    with pytest.raises(StoreRefused, match="not over yet"):
        await place.work().drop(NOW.date())
    keeper = place.keeper(keep=timedelta(hours=1))
    await keeper.keep()
    assert list(await place.days()) == [NOW.date()]


async def test_a_dropped_day_stays_in_the_ledger(place: Place) -> None:
    await place.writer.write(documents(300, days=2))
    acked = {"2026-03-14": 150, "2026-03-15": 150}
    assert await place.ledger(acked) == "green"
    assert await place.work().drop(DAY) == 150
    assert await place.ledger(acked) == "green"
    assert await place.ledger(acked | {"2026-03-14": 151}) == "red"
    assert await place.work().drop(DAY + timedelta(days=1)) == 150
    assert await place.ledger(acked) == "green"
    await place.writer.write([document(1000)])  # a late one, for a day that is gone
    assert await place.ledger(acked | {"2026-03-14": 151}) == "green"
    await place.work().drop(DAY)
    assert await place.ledger(acked | {"2026-03-14": 151}) == "green"


async def test_retention_archives_and_leaves_restored_days_alone(place: Place) -> None:
    await place.writer.write(documents(60, days=6))  # the 14th to the 19th
    keeper = place.keeper(keep=timedelta(days=3), archive_to=place.data / "a")
    await keeper.keep()
    assert [one.day for one in manifests(place.data / "a")] == [
        date(2026, 3, d) for d in (14, 15, 16)
    ]
    assert list(await place.days()) == [date(2026, 3, d) for d in (17, 18, 19)]
    work = place.work(archive_to=place.data / "a")
    made = next(manifests(place.data / "a"))
    await work.restore(made)
    await keeper.keep()
    assert DAY in await place.days()
    place.clock.advance(8 * 86400)
    await keeper.keep()
    assert await place.days() == {}
    assert [one.stem for one in manifests(place.data / "a")].count(made.stem) == 1
    assert len(list(manifests(place.data / "a"))) == 6
    assert keeper.counts.archived == 7


async def test_what_was_deleted_can_be_restored_until_its_grace_is_over(place: Place) -> None:
    await place.writer.write(documents(20, days=2))
    keeper = place.keeper(keep=timedelta(days=5), grace=timedelta(days=2))
    await keeper.keep()
    work = place.work()
    (gone,) = manifests(work.deleted)
    assert (gone.day, gone.delete_after) == (DAY, "2026-03-22T12:00:00.000Z")
    await work.restore(gone)
    assert await place.days() == {DAY: 10, DAY + timedelta(days=1): 10}
    assert list(manifests(work.deleted)) == []
    await work.delete(DAY, timedelta(days=2))
    place.clock.advance(2 * 86400)
    await keeper.keep()
    assert [one.day for one in manifests(work.deleted)] == [DAY + timedelta(days=1)]


async def test_old_archives_are_deleted_with_the_same_grace(place: Place) -> None:
    await place.writer.write(documents(10))
    section = {
        "keep": timedelta(days=1), "archive_to": place.data / "a",
        "archive_keep": timedelta(days=10), "grace": timedelta(days=1),
    }  # fmt: skip
    keeper = place.keeper(**section)
    await keeper.keep()
    assert len(list(manifests(place.data / "a"))) == 1
    place.clock.advance(6 * 86400)
    await keeper.keep()
    assert list(manifests(place.data / "a")) == []
    assert len(list(manifests(place.data / "a" / "deleted"))) == 1
    place.clock.advance(86400)
    await keeper.keep()
    left = [path.name for path in (place.data / "a" / "deleted").iterdir()]
    assert left == [".archives.lock"]


def test_two_archives_of_one_name_are_written_at_once(tmp_path: Path) -> None:
    one, other = (files.ArchiveWriter(tmp_path, DAY, "logs") for _ in range(2))
    one.add(documents(30))
    other.add(documents(50, first=100))
    finished = [writer.finish(created="2026-03-20T12:00:00Z") for writer in (other, one)]
    assert [(made.stem, made.events) for made in finished] == [("logs", 50), ("logs-2", 30)]
    for made in manifests(tmp_path):
        files.check(made)


def test_two_equal_archives_become_one(tmp_path: Path) -> None:
    one, other = (files.ArchiveWriter(tmp_path, DAY, "logs") for _ in range(2))
    for writer in (one, other):
        writer.add(documents(30))
    finished = [writer.finish(created="2026-03-20T12:00:00Z") for writer in (one, other)]
    assert finished[0] == finished[1]
    assert len(list(tmp_path.glob("*.zst"))) == 1
    assert list(tmp_path.glob(".*.new")) == []


def test_what_a_crash_has_left_of_an_archive_is_cleared_up(tmp_path: Path) -> None:
    left = tmp_path / ".logs.0123.ndjson.zst.new"
    left.write_bytes(b"half of it")
    first = files.ArchiveWriter(tmp_path, DAY, "logs")
    assert not left.exists()
    files.ArchiveWriter(tmp_path, DAY, "logs").give_up()
    first.add(documents(3))
    assert first.finish(created="2026-03-20T12:00:00Z").events == 3


@pytest.mark.parametrize("place_of_damage", [10, -10])
async def test_a_damaged_archive_is_told_and_nothing_of_it_restored(
    place: Place, place_of_damage: int
) -> None:
    await place.writer.write(documents(100))
    made = await place.work().archive(DAY)
    data = bytearray(made.data.read_bytes())
    data[place_of_damage] ^= 1
    made.data.write_bytes(data)
    with pytest.raises(ArchiveDamaged, match="not the file that its manifest tells of"):
        await place.work().restore(made)
    assert await place.days() == {}


async def test_a_folder_that_cannot_be_used_leaves_the_day_where_it_is(place: Place) -> None:
    await place.writer.write(documents(100))
    (place.data / "a").write_text("a file, no folder")
    keeper = place.keeper(keep=timedelta(days=1), archive_to=place.data / "a")
    await keeper.keep()
    assert keeper.trouble is not None
    assert "2026-03-14 is too old and cannot be let go" in keeper.trouble
    assert await place.days() == {DAY: 100}


def test_a_day_is_too_old_only_after_its_end() -> None:
    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]
    assert too_old(days, datetime(2026, 3, 20, tzinfo=UTC), timedelta(days=9)) == days[:2]
    assert too_old(days, datetime(2026, 3, 19, 23, tzinfo=UTC), timedelta(days=9)) == days[:1]


@pytest.mark.parametrize("block_is_spoilt", [False, True])
async def test_a_day_of_which_the_index_cannot_be_read_is_dropped_by_its_name(
    place: Place, *, block_is_spoilt: bool
) -> None:
    await place.writer.write(documents(3000, days=2))
    await place.store.refresh()
    place.writer._forget(place.writer._days[DAY])  # type: ignore[attr-defined]
    folder = day_folder(place.data)
    shutil.rmtree(folder / "index")
    if block_is_spoilt:
        data = bytearray((folder / "documents.zst").read_bytes())
        data[-1] ^= 255
        (folder / "documents.zst").write_bytes(data)
    assert not (await place.store.count(MatchAll(), TimeRange())).exact
    assert await place.days() == {DAY: 1500, DAY + timedelta(days=1): 1500}
    keeper = place.keeper(keep=timedelta(days=5), grace=timedelta(0))
    await keeper.keep()
    assert keeper.trouble is None
    assert await place.days() == {DAY + timedelta(days=1): 1500}
    counted = await place.ledger({"2026-03-14": 1500, "2026-03-15": 1500})
    assert counted == ("red" if block_is_spoilt else "green")


async def test_a_day_that_is_being_mended_is_refused_before_an_archive_of_it_is_made(
    place: Place,
) -> None:
    await place.writer.write(documents(100))
    await place.writer.write([document(1, day=DAY + timedelta(days=1))])
    work, go_on = place.work(), threading.Event()
    assert isinstance(place.writer, LocalWriter)

    def wait(_folder: DayFolder) -> DayWriter:
        go_on.wait(30)
        raise StoreUnavailable("this was no mending")

    place.writer._mender.begin(DayFolder(DAY, day_folder(place.data)), wait)
    try:
        for leave in (work.archive(DAY), work.delete(DAY, timedelta(days=1))):
            with pytest.raises(StoreUnavailable, match="is being made anew"):
                await leave
        assert not list(place.data.rglob("*.ndjson*"))
        assert not list(place.data.rglob("*.json.zst"))
        assert await all_removals(place.state) == []
    finally:
        go_on.set()


@pytest.mark.parametrize("part", ["state", "store"])
async def test_what_was_away_is_told_until_the_next_look(
    place: Place, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    async def away(*_: object) -> list[Any]:
        tries.append(part)
        raise StoreUnavailable(f"does not answer, try {len(tries)}", where="there")

    tries: list[str] = []
    await place.writer.write(documents(10))
    keeper = place.keeper(keep=timedelta(days=1), grace=timedelta(0))
    with monkeypatch.context() as patch:
        if part == "state":
            patch.setattr(place.state, "list", away)
        else:
            patch.setattr(place.store, "days", away)
        for number in (1, 2):
            await keeper.look()
            said = f"days cannot be looked after: there: does not answer, try {number}"
            assert (place.told, keeper.trouble) == ({said}, said)
    await keeper.look()
    assert (place.told, keeper.trouble) == (set(), None)
    assert await place.days() == {}  # what could not be done was done then, not an hour later


async def test_a_day_that_cannot_go_is_told_until_it_could(place: Place) -> None:
    await place.writer.write(documents(10))
    wrong = place.data / "a"
    wrong.write_text("a file, no folder")
    keeper = place.keeper(keep=timedelta(days=1), archive_to=wrong)
    for _ in range(3):
        await keeper.look()
    assert len(place.told) == 1
    wrong.unlink()
    place.clock.advance(3600)
    await keeper.look()
    assert place.told == set()
    assert await place.days() == {}
