"""What a disk has not taken is not told as stored, however whole it looks in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logboom.errors import StoreUnavailable
from logboom.store import Outcome
from logboom.store.local.committing import Committer
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.documents import DATA_NAME, DocumentWriter
from logboom.store.local.folders import StoreFolder
from logboom.store.local.writer import LocalWriter
from tests.unit.store_local.disks import Disk
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import all_ids, day_folder, opened

LINES = [document(number).value for number in range(300)]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_what_is_told_as_stored_after_the_disk_has_failed_is_on_it(
    tmp_path: Path, disk: Disk
) -> None:
    store = opened(tmp_path)
    writer = await store.writer()
    assert set(await writer.write(documents(100))) == {Outcome.STORED}
    disk.fails = True
    with pytest.raises(StoreUnavailable, match="the disk fails"):
        await writer.write(documents(100, first=100))
    disk.fails = False
    assert set(await writer.write(documents(50, first=120))) == {Outcome.STORED}
    assert set(await writer.write(documents(100))) == {Outcome.DUPLICATE}
    assert set(await writer.write(documents(100, first=100))) <= set(Outcome)
    assert disk.holds(day_folder(tmp_path) / DATA_NAME)
    await store.refresh()
    assert sorted(await all_ids(store)) == sorted(one.id for one in documents(200))
    await writer.close()
    await store.close()


async def test_a_disk_that_fails_as_an_index_is_committed_is_told_and_what_is_stored_stays(
    writer: LocalWriter, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Committer, "_commit_what_waits", lambda _committer: None)
    assert set(await writer.write(documents(100))) == {Outcome.STORED}
    disk.fails = True
    with pytest.raises(StoreUnavailable, match="the disk fails"):
        await writer.flush()
    disk.fails = False
    await writer.flush()
    assert set(await writer.write(documents(100))) == {Outcome.DUPLICATE}


def test_after_a_failure_all_syncs_fail_until_what_is_in_doubt_is_cut_off(
    tmp_path: Path, disk: Disk
) -> None:
    """The thread that commits may be the one that is told of it."""
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(0)
    writer.append(LINES[:100])
    writer.sync()
    writer.append(LINES[100:200])
    disk.fails = True
    with pytest.raises(OSError, match="the disk fails"):
        writer.sync()
    disk.fails = False
    writer.append(LINES[200:])
    with pytest.raises(OSError, match="the disk fails"):
        writer.sync()
    writer.cut_unfinished(100)
    assert writer.count == 100
    writer.append(LINES[200:])
    writer.sync()
    assert [line for _, line in writer.read_from(0)] == LINES[:100] + LINES[200:]
    assert disk.holds(writer.path)
    writer.close()


def test_what_is_in_doubt_is_cut_off_when_the_files_are_closed(tmp_path: Path, disk: Disk) -> None:
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(0)
    writer.append(LINES[:100])
    writer.sync()
    writer.append(LINES[100:])
    disk.fails = True
    with pytest.raises(OSError, match="the disk fails"):
        writer.sync()
    writer.close()
    writer = DocumentWriter(tmp_path)
    assert writer.count == 100
    writer.close()
    assert disk.holds(writer.path)


def test_what_a_process_leaves_that_ended_while_the_disk_failed_is_written_once_more(
    tmp_path: Path, disk: Disk
) -> None:
    ended = DocumentWriter(tmp_path)
    ended.cut_unfinished(0)
    ended.append(LINES)
    disk.fails = True
    with pytest.raises(OSError, match="the disk fails"):
        ended.sync()
    for descriptor in (ended._data, ended._index):
        os.close(descriptor)
    disk.fails = False
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(0)
    assert writer.count == len(LINES)
    assert disk.holds(writer.path)
    writer.close()


def test_nothing_that_is_acknowledged_is_cut_off_where_writing_it_once_more_fails(
    tmp_path: Path, disk: Disk
) -> None:
    """It was synced before the process ended, and is not indexed yet."""
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(0)
    writer.append(LINES)
    writer.sync()
    writer.close()
    disk.fails = True
    writer = DocumentWriter(tmp_path)
    for _ in range(2):
        with pytest.raises(OSError, match="the disk fails"):
            writer.cut_unfinished(100)
    writer.close()
    disk.fails = False
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(100)
    assert [line for _, line in writer.read_from(0)] == LINES
    assert disk.holds(writer.path)
    writer.close()


def test_an_index_is_not_committed_when_its_events_cannot_be_synced(
    tmp_path: Path, disk: Disk
) -> None:
    folder = StoreFolder(tmp_path, "logs-%Y.%m.%d").create(DAY)
    writer = DayWriter(folder, memory_bytes=15_000_000)
    assert set(writer.append(documents(100))) == {Outcome.STORED}
    disk.fails = True
    with pytest.raises(OSError, match="the disk fails"):
        writer.commit()
    assert writer.is_broken
    disk.fails = False
    assert set(writer.append(documents(100))) == {Outcome.DUPLICATE}
    assert set(writer.append(documents(100, first=100))) == {Outcome.STORED}
    writer.commit()
    assert not writer.uncommitted
    assert disk.holds(folder.path / DATA_NAME)
    writer.close()
