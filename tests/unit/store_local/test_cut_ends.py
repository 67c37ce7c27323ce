"""Who reads a day whose end is cut off, and written anew, finds what is there then."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logboom.errors import DiskFull, StoreDamaged
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DATA_NAME, DocumentWriter
from tests.unit.store_local.disks import Disk
from tests.unit.store_local.samples import document

BEFORE = [document(number).value for number in range(40)]
HALF = [document(number).value for number in range(1_000, 1_200)]
ANEW = [document(number, other=f"text {number}").value for number in range(2_000, 2_150)]

CHILD = """
import os, signal, sys
from pathlib import Path
from logboom.store.local.documents import DocumentWriter
from tests.unit.store_local.test_cut_ends import HALF

def write_half(descriptor, data, offset):
    pwrite(descriptor, data[: len(data) // 2], offset)
    os.kill(os.getpid(), signal.SIGKILL)

writer = DocumentWriter(Path(sys.argv[1]))
writer.cut_unfinished(40)
pwrite, os.pwrite = os.pwrite, write_half
writer.append(HALF)
"""


def begun(folder: Path) -> DocumentWriter:
    writer = DocumentWriter(folder)
    writer.cut_unfinished(0)
    writer.append(BEFORE)
    writer.sync()
    return writer


def go_on(writer: DocumentWriter) -> None:
    """In several writes, as blocks end with these."""
    for at in range(0, len(ANEW), 50):
        writer.append(ANEW[at : at + 50])
    writer.sync()
    writer.close()


def assert_read(reader: DocumentReader, lines: list[bytes]) -> None:
    assert reader.read(range(len(lines))) == lines
    assert reader.count() == len(lines)
    assert reader.read(range(len(lines))) == lines
    assert not reader.troubles()


@pytest.mark.parametrize("counts", [True, False])
def test_a_write_for_which_there_was_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: bool
) -> None:
    """A reader has seen some of its blocks."""
    writer = begun(tmp_path)
    reader = DocumentReader(tmp_path)
    pwrite, seen = os.pwrite, []

    def write_half(descriptor: int, data: bytes, offset: int) -> int:
        pwrite(descriptor, data[: len(data) // 2], offset)
        seen.append(reader.count())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", write_half)
        with pytest.raises(DiskFull):
            writer.append(HALF)
    assert seen[0] > len(BEFORE)
    if counts:
        assert reader.count() == len(BEFORE)
    go_on(writer)
    assert_read(reader, BEFORE + ANEW)


def test_a_write_that_the_disk_has_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    writer = begun(tmp_path)
    writer.append(HALF)
    reader = DocumentReader(tmp_path)
    assert reader.read([len(BEFORE)]) == HALF[:1]
    disk.fails = True
    with pytest.raises(OSError, match="the disk fails"):
        writer.sync()
    disk.fails = False
    writer.cut_unfinished(len(BEFORE))
    go_on(writer)
    assert_read(reader, BEFORE + ANEW)


@pytest.mark.parametrize("is_torn", [True, False])
def test_a_write_in_the_middle_of_which_the_process_was_killed(
    tmp_path: Path, is_torn: bool
) -> None:
    """Its last whole block may be one that has not reached the disk."""
    begun(tmp_path).close()
    reader = DocumentReader(tmp_path)
    child = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], check=False)
    assert child.returncode == -signal.SIGKILL
    seen = reader.count()
    assert seen > len(BEFORE) + 16
    last = reader._places([seen - 1])[0]
    assert last is not None
    if is_torn:
        with (tmp_path / DATA_NAME).open("r+b") as file:
            file.seek(last.offset + 40)
            file.write(bytes(last.size - 40))
    left = last.first if is_torn else seen
    writer = DocumentWriter(tmp_path)
    writer.cut_unfinished(len(BEFORE))
    assert writer.count == left
    go_on(writer)
    assert_read(reader, BEFORE + HALF[: left - len(BEFORE)] + ANEW)


def test_a_block_that_is_spoilt_is_told_though_the_end_was_cut_off_before(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.append(HALF)
    reader = DocumentReader(tmp_path)
    assert reader.count() == len(BEFORE) + len(HALF)
    writer._directory.keep(writer._directory.size // 2)
    os.ftruncate(writer._data, writer._directory.size)
    go_on(writer)
    with (tmp_path / DATA_NAME).open("r+b") as file:
        file.seek(60)
        file.write(b"spoilt")
    (answer,) = reader.read([0])
    assert isinstance(answer, StoreDamaged)
    assert len(reader.troubles()) == 1
    assert reader.read([reader.count() - 1]) == ANEW[-1:]
