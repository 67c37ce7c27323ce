"""Logs that are rotated and compressed faster than anybody looks: nothing is skipped or doubled."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.traps.conftest import Make
from tests.traps.shipping import append, lines, long_lines

FIRST_NS = 1_795_000_000_000_000_000


def compress(path: Path, packed: Path, minute: int) -> None:
    """What gzip(1) does: the time of the file becomes that of the compressed one."""
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    stamp(packed, minute)
    path.unlink()


def stamp(path: Path, minute: int) -> None:
    """Sets when a file was changed last."""
    now_ns = FIRST_NS + minute * 60_000_000_000
    os.utime(path, ns=(now_ns, now_ns))


def overwrite(packed: Path, text: str, minute: int) -> None:
    """Another file of the same name and inode, as when a freed inode is used again."""
    inode = packed.stat().st_ino
    with packed.open("r+b") as file:
        file.truncate()
        file.write(gzip.compress(text.encode(), mtime=0))
    stamp(packed, minute)
    assert packed.stat().st_ino == inode


def test_files_that_were_rotated_and_compressed_between_two_looks_are_read(
    make: Make, log: Path
) -> None:
    shipping = make("app.log")
    append(log, 0, 10)
    stamp(log, 0)
    shipping.look()
    for minute in range(1, 12, 2):
        for old in sorted(log.parent.glob("app.log.*.gz"), reverse=True):
            number = int(old.name.split(".")[2])
            old.rename(log.with_name(f"app.log.{number + 1:02d}.gz"))
        compress(log, log.with_name("app.log.01.gz"), minute)
        append(log, minute * 10, minute * 10 + 10)
        stamp(log, minute + 1)
        if minute % 3 == 0:
            shipping.look()
    shipping.look()
    wanted = [*range(10), *(n for m in range(1, 12, 2) for n in range(m * 10, m * 10 + 10))]
    assert shipping.numbers() == wanted


def test_what_was_rotated_before_the_log_was_found_is_history(make: Make, log: Path) -> None:
    append(log, 0, 10)
    stamp(log, 0)
    compress(log, log.with_name("app.log.1.gz"), 0)
    append(log, 10, 20)
    stamp(log, 1)
    shipping = make("app.log")
    shipping.look()
    log.with_name("app.log.1.gz").rename(log.with_name("app.log.2.gz"))
    compress(log, log.with_name("app.log.1.gz"), 1)
    append(log, 20, 30)
    stamp(log, 2)
    shipping.look()
    assert shipping.numbers() == list(range(10, 30))


def test_a_compressed_file_that_rests_and_whose_inode_is_used_again(make: Make, log: Path) -> None:
    packed = log.with_name("app.log.1.gz")
    append(log, 0, 50)
    compress(log, packed, 0)
    shipping = make("app*")
    shipping.look()
    overwrite(packed, lines(100, 200), 1)
    shipping.look(passing_s=60)
    shipping.look(passing_s=60)
    assert shipping.numbers() == [*range(50), *range(100, 200)]


def test_an_inode_that_is_used_again_by_what_was_read_elsewhere(make: Make, log: Path) -> None:
    packed = log.with_name("app.log.1.gz")
    append(log, 0, 50)
    compress(log, packed, 0)
    append(log, 100, 200)
    shipping = make("app*")
    shipping.look()
    overwrite(packed, lines(100, 200), 1)
    log.unlink()
    shipping.look(passing_s=60)
    shipping.look(passing_s=60)
    assert shipping.numbers() == [*range(50), *range(100, 200)]


@pytest.mark.parametrize("packs", [False, True])
def test_a_log_and_its_copy_that_are_found_at_once_are_one(
    make: Make, log: Path, packs: bool
) -> None:
    append(log, 0, 50)
    copy = log.with_name("app.log.1")
    shutil.copyfile(log, copy)
    if packs:
        compress(copy, log.with_name("app.log.1.gz"), 0)
    shipping = make("app*")
    log.write_text("")
    append(log, 50, 60)
    shipping.look()
    shipping.look()
    assert shipping.numbers() == list(range(60))


def test_a_log_that_is_copied_and_truncated_as_soon_as_it_was_found_is_read_in_its_copy(
    make: Make, log: Path
) -> None:
    append(log, 0, 10)
    stamp(log, 0)
    shipping = make("app.log")
    shutil.copyfile(log, log.with_name("app.log.1"))
    log.write_text(lines(10, 20))
    asyncio.run(shipping.reader.turn())
    shipping.look()
    assert shipping.numbers() == list(range(20))


@pytest.mark.parametrize("is_deleted", [False, True])
def test_bytes_that_were_gone_before_they_could_be_read_are_a_loss(
    make: Make, log: Path, is_deleted: bool
) -> None:
    log.write_text(long_lines(0, 100))
    size = log.stat().st_size
    append(log.with_name("other.log"), 500, 510)
    shipping = make("*.log", open_files=1)
    asyncio.run(shipping.reader.turn())
    (source,) = (s for s in shipping.watcher.sources.values() if s.path == str(log))
    assert source.file is not None
    place = source.file.offset
    assert 0 < place < size
    if is_deleted:
        log.unlink()
    else:
        log.write_text(lines(600, 610))
    for _ in range(3):
        shipping.look()
    (loss,) = shipping.registry.losses(shipper="s")
    assert (loss.path, loss.unread, loss.lines) == (str(log), size - place, 0)
    assert f"bytes {place} to {size} were never read" in loss.reason


def test_what_is_in_a_copy_is_no_loss(make: Make, log: Path) -> None:
    log.write_text(long_lines(0, 100))
    shipping = make("*.log")
    asyncio.run(shipping.reader.turn())
    shutil.copyfile(log, log.with_name("app.log.1"))
    log.write_text(lines(500, 510))
    shipping.look()
    shipping.look()
    assert shipping.numbers() == [*range(100), *range(500, 510)]
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("is_deleted", [False, True])
def test_what_was_seen_and_is_gone_after_a_crash_is_a_loss(
    make: Make, log: Path, is_deleted: bool
) -> None:
    log.write_text(long_lines(0, 100))
    size = log.stat().st_size
    shipping = make("*.log")
    asyncio.run(shipping.reader.turn())
    (source,) = shipping.watcher.sources.values()
    end, place = source.farther_seen(), source.acked_offset
    assert end == size > place > 0
    shipping.registry.look_again(prefixes={}, seen={source.id: end})
    if is_deleted:
        log.unlink()
    else:
        log.write_text(lines(600, 610))
    for _ in range(2):
        shipping.restart()
        shipping.look()
        (loss,) = shipping.registry.losses(shipper="s")
        assert (loss.path, loss.unread, loss.lines) == (str(log), size - place, 0)
        assert f"bytes {place} to {size} were never read" in loss.reason


def test_what_was_read_and_is_gone_after_a_crash_is_no_loss(make: Make, log: Path) -> None:
    append(log, 0, 100)
    shipping = make("*.log")
    shipping.look()
    (source,) = shipping.watcher.sources.values()
    assert source.farther_seen() is None
    log.unlink()
    shipping.restart()
    shipping.look()
    assert shipping.registry.losses(shipper="s") == []
