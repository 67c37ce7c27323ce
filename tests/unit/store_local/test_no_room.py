"""Want of room is told as such, whichever of tantivy's files it meets first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from logboom.errors import DiskFull
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import StoreFolder
from tests.unit.small_disk import mounted
from tests.unit.store_local.samples import DAY, documents

FILES = 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", 24, files=FILES) as mount:
        yield mount


@pytest.fixture
def writer(small_disk: Path) -> Iterator[DayWriter]:
    folder = StoreFolder(small_disk, "logs-%Y.%m.%d").create(DAY)
    one = DayWriter(folder, memory_bytes=15_000_000)
    one.append(documents(500, noise=True))
    one.commit()
    yield one
    one.close()


def write_until_full(writer: DayWriter) -> None:
    for at in count(1):
        writer.append(documents(500, first=1_000 * at, noise=True))
        writer.commit()


@pytest.mark.parametrize("left_bytes", [0, 4_096, 50_000, 700_000])
def test_a_disk_without_room_for_bytes_is_told_as_full(
    small_disk: Path, writer: DayWriter, left_bytes: int
) -> None:
    free = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(bytes(free - left_bytes))
    for _ in range(2):
        with pytest.raises(DiskFull, match="no room left"):
            write_until_full(writer)


@pytest.mark.parametrize("left_files", [0, 1, 2, 4, 8])
def test_a_disk_without_room_for_files_is_told_as_full(
    small_disk: Path, writer: DayWriter, left_files: int
) -> None:
    left = os.statvfs(small_disk).f_favail
    for number in range(left - left_files):
        (small_disk / f"ballast-{number}").touch()
    for _ in range(2):
        with pytest.raises(DiskFull, match="no room left"):
            write_until_full(writer)
