"""A full disk stops archives, backups and new days with a clear word, and leaves nothing half-written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from logboom.archive.manifest import manifests
from logboom.backup.making import make_backup
from logboom.backup.manifest import backups
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import DiskFull
from logboom.store import Outcome, open_store
from tests.unit.archive.place import Place
from tests.unit.small_disk import mounted
from tests.unit.store_local.samples import DAY, documents


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 1 MiB."""
    with mounted(tmp_path_factory.mktemp("small") / "disk", 1) as mount:
        yield mount


def files_in(folder: Path) -> list[str]:
    found = (path.name for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.endswith(".lock"))


def fill(path: Path) -> None:
    """Takes all the room that is left."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(descriptor, bytes(4096)):
            pass
    except OSError:
        os.close(descriptor)


async def test_an_archive_without_room_leaves_the_day_and_nothing_else(
    place: Place, small_disk: Path
) -> None:
    await place.writer.write(documents(8000, noise=True))  # about 1.1 MiB that hardly compress
    work = place.work(archive_to=small_disk / "archives")
    with pytest.raises(DiskFull, match="no room"):
        await work.archive(DAY)
    assert await place.days() == {DAY: 8000}
    assert files_in(small_disk) == []
    keeper = place.keeper(keep=timedelta(days=1), archive_to=small_disk / "archives")
    await keeper.keep()
    assert keeper.trouble is not None
    assert "no room" in keeper.trouble
    await place.work(archive_to=place.data / "archives").archive(DAY)
    assert await place.days() == {}


async def test_a_backup_without_room_leaves_those_before_it_whole(
    place: Place, small_disk: Path
) -> None:
    config = Config.model_validate({"data": place.data, "index": "logs-%Y.%m.%d"})
    await place.writer.write(documents(50))
    first = await make_backup(config, small_disk, place.clock, keep=5)
    await place.writer.write(documents(8000, first=100, noise=True))
    place.clock.advance(300)
    with pytest.raises(DiskFull, match="no room"):
        await make_backup(config, small_disk, place.clock, keep=5)
    assert backups(small_disk) == [first]
    assert not [name for name in files_in(small_disk) if name.endswith(".new")]


async def test_a_new_day_begins_once_there_is_room(small_disk: Path) -> None:
    config = Config.model_validate({"data": small_disk, "index": "logs-%Y.%m.%d"})
    store = await open_store(config, clock=SystemClock())
    writer = await store.writer()
    ballast = small_disk / "ballast"
    fill(ballast)
    with pytest.raises(DiskFull, match="no room"):
        await writer.write(documents(10))
    assert await store.days() == []
    ballast.unlink()
    assert set(await writer.write(documents(10))) == {Outcome.STORED}
    await store.refresh()
    assert [one.documents for one in await store.days()] == [10]
    assert list(manifests(small_disk)) == []
    await writer.close()
    await store.close()
