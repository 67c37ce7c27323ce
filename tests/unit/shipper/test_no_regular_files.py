"""A pipe, a folder or a broken disk where a log was: nobody waits, and nothing stays open."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipper.delivery.replay import planned_batches
from shipper.files.catalogue import Catalogue
from shipper.files.followed import FollowedFile
from shipper.files.handles import FileMoved, Handle, Handles, NoRegularFile
from shipper.registry.registry import Registry, SourceRecord
from tests.unit.shipper.races import start

_PATIENCE_S = 60.0


@pytest.fixture
def thread(log: Path) -> Iterator[ThreadPoolExecutor]:
    """Does what might wait for the writer of a pipe; afterwards there is one."""
    with ThreadPoolExecutor(1) as made:
        yield made
        if log.is_fifo():
            os.close(os.open(log, os.O_RDWR | os.O_NONBLOCK))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def make_pipe(log: Path) -> None:
    log.unlink()
    os.mkfifo(log)


def test_a_pipe_that_took_the_place_of_a_log_holds_up_no_start(
    registry: Registry, log: Path, thread: ThreadPoolExecutor
) -> None:
    make_pipe(log)
    watcher = start(log, registry)
    assert thread.submit(watcher.scan).result(_PATIENCE_S) == []
    batches = thread.submit(lambda: list(planned_batches(registry, {}, now_ns=1)))
    assert [batch.messages for batch in batches.result(_PATIENCE_S)] == [[]]
    assert len(registry.losses(shipper="s")) == 1


def test_a_pipe_is_not_opened_at_all(log: Path, thread: ThreadPoolExecutor) -> None:
    """Its writer would begin to write, to nobody."""
    make_pipe(log)
    writer = thread.submit(os.open, log, os.O_WRONLY)
    with pytest.raises(NoRegularFile):
        Handle(str(log), Handles(1))
    assert not writer.done()
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    os.close(writer.result(_PATIENCE_S))
    os.close(reader)


def test_a_file_that_a_pipe_took_the_place_of_was_moved(log: Path) -> None:
    handle = Handle(str(log), Handles(1))
    handle.let_go()
    make_pipe(log)
    with pytest.raises(FileMoved):
        _ = handle.descriptor


def test_a_folder_is_no_file_and_stays_closed(tmp_path: Path) -> None:
    before = descriptors()
    with pytest.raises(NoRegularFile):
        FollowedFile(str(tmp_path), 0)
    record = SourceRecord("s", str(tmp_path), str(tmp_path), 1, 1, 0, 5, b"", b"", 0)
    assert Catalogue([record]).find_moved(record) is None
    assert descriptors() == before


def test_a_file_that_cannot_be_read_stays_closed(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Handle) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = descriptors()
    monkeypatch.setattr("shipper.files.followed.open_content", fail)
    with pytest.raises(OSError, match="Input/output error") as failure:
        FollowedFile(str(log), 0)
    assert failure.value.errno == errno.EIO
    assert descriptors() == before
