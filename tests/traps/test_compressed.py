"""Compressed files: read once, whole, and never again under another name."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from tests.polling import eventually
from tests.traps.conftest import Make
from tests.traps.shipping import append, compress, lines, long_lines

PATTERNS = ["app.log", "app.log*", "*"]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_compressed_file_is_a_source_and_offsets_count_its_text(
    make: Make, log: Path, ending: str
) -> None:
    text = lines(0, 500).encode()
    pack = gzip.compress if ending == ".gz" else zstandard.compress
    log.with_name(f"old.log{ending}").write_bytes(pack(text[:7000]) + pack(text[7000:]))
    shipping = make()
    shipping.look()
    assert shipping.numbers() == list(range(500))
    (source,) = shipping.watcher.sources.values()
    assert source.acked_offset == len(text)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_half_written_one_waits_until_its_end_is_right(
    make: Make, log: Path, restarts: bool
) -> None:
    packed = log.with_name("old.log.gz")
    whole = gzip.compress(lines(0, 200).encode())
    shipping = make()
    for part in (0, 1, 10, len(whole) // 2, len(whole) - 3):
        packed.write_bytes(whole[:part])
        shipping.look()
        if restarts:
            shipping.restart()
    assert shipping.events == []
    assert not shipping.watcher.unreadable
    packed.write_bytes(whole)
    shipping.look()
    assert shipping.numbers() == list(range(200))


def test_a_damaged_one_and_one_that_stays_cut_off_are_told(make: Make, log: Path) -> None:
    whole = gzip.compress(lines(0, 200).encode())
    log.with_name("cut.log.gz").write_bytes(whole[:-9])
    log.with_name("bad.log.gz").write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    shipping = make()
    shipping.look(passing_s=90)
    told = {Path(path).name: why for path, why in shipping.watcher.unreadable.items()}
    assert "end is missing" in told["cut.log.gz"]
    assert "gzip" in told["bad.log.gz"]
    bad = log.with_name("bad.log.gz")
    assert shipping.watcher.damaged == {str(bad): len(whole)}
    assert shipping.events == []


def test_one_that_is_damaged_in_its_middle_is_told_until_a_whole_one_is_there(
    make: Make, log: Path
) -> None:
    """Nothing of it is read before: its beginning would be read again with the whole one."""
    whole = gzip.compress(lines(0, 2000).encode())
    middle = len(whole) // 2
    bad = log.with_name("bad.log.gz")
    bad.write_bytes(whole[:middle] + bytes(50) + whole[middle + 50 :])
    shipping = make()
    for _ in range(2):
        shipping.look()
        assert shipping.watcher.damaged == {str(bad): len(whole)}
        shipping.restart()
    assert shipping.events == []
    bad.write_bytes(whole)
    shipping.look()
    assert not shipping.watcher.damaged
    assert not shipping.watcher.unreadable
    assert shipping.numbers() == list(range(2000))


def test_reading_goes_on_within_one_after_a_restart(make: Make, log: Path) -> None:
    text = long_lines(0, 2000).encode()
    log.with_name("old.log.gz").write_bytes(gzip.compress(text))
    shipping = make(acknowledge=False)
    shipping.look()
    assert len(shipping.planned) > 2
    shipping.acknowledge(shipping.planned[:2])
    sent = len(shipping.events)
    again = shipping.restart()
    assert (
        sum(len(batch.messages) for batch in again)
        + _events_until(again[0].segments[0].start, text)
        == sent
    )
    shipping.look()
    assert shipping.numbers() == list(range(2000))


def _events_until(offset: int, text: bytes) -> int:
    return text[:offset].count(b"\n")


def test_one_that_was_read_to_its_end_is_not_opened_after_a_restart(make: Make, log: Path) -> None:
    packed = log.with_name("old.log.gz")
    packed.write_bytes(gzip.compress(lines(0, 100).encode()))
    shipping = make()
    shipping.look()
    shipping.restart()
    (source,) = shipping.watcher.sources.values()
    assert source.file is not None
    assert source.file.is_resting
    shipping.look()
    with packed.open("ab") as file:
        file.write(gzip.compress(lines(100, 150).encode()))
    shipping.look()
    assert shipping.numbers() == list(range(150))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_read_first", [True, False])
@pytest.mark.parametrize("is_down", [True, False])
def test_compress(make: Make, log: Path, pattern: str, is_read_first: bool, is_down: bool) -> None:
    """rename, compress at once: before we have read the end, and while we were down."""
    shipping = make(pattern)
    append(log, 0, 100)
    shipping.look()
    append(log, 100, 200)
    if is_read_first:
        shipping.look()
    with shipping.unwatched(is_down=is_down):
        log.rename(log.with_name("app.log.1"))
        append(log, 200, 250)
        compress(log.with_name("app.log.1"))
    shipping.look()
    assert shipping.numbers() == list(range(250))
    append(log, 250, 260)
    shipping.restart()
    shipping.look()
    assert shipping.numbers() == list(range(260))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_down", [True, False])
def test_delaycompress(make: Make, log: Path, pattern: str, is_down: bool) -> None:
    """app.log.1 is compressed to app.log.2.gz when the next one takes its name."""
    shipping = make(pattern)
    count = 0
    for turn in range(4):
        append(log, count, count + 50)
        shipping.look()
        append(log, count + 50, count + 80)
        count += 80
        with shipping.unwatched(is_down=is_down and turn % 2 == 1):
            for number in (3, 2):
                older = log.with_name(f"app.log.{number}.gz")
                if older.exists():
                    older.rename(log.with_name(f"app.log.{number + 1}.gz"))
            first = log.with_name("app.log.1")
            if first.exists():
                compress(first).rename(log.with_name("app.log.2.gz"))
            log.rename(first)
        shipping.look()
    assert shipping.numbers() == list(range(count))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_down", [True, False])
def test_copytruncate_and_compress(make: Make, log: Path, pattern: str, is_down: bool) -> None:
    shipping = make(pattern)
    append(log, 0, 100)
    shipping.look()
    append(log, 100, 200)
    with shipping.unwatched(is_down=is_down):
        shutil.copyfile(log, log.with_name("app.log.1"))
        with log.open("r+b") as file:
            file.truncate(0)
        compress(log.with_name("app.log.1"))
        append(log, 200, 210)
    shipping.look()
    assert shipping.numbers() == list(range(210))
    shipping.restart()
    shipping.look()
    assert shipping.numbers() == list(range(210))


def test_a_big_one_is_looked_through_in_a_thread_and_then_read(make: Make, log: Path) -> None:
    """Reading goes on meanwhile."""
    append(log, 0, 5)
    shipping = make()
    noise = "".join(f"{os.urandom(1000).hex()} {number}\n" for number in range(1300))
    log.with_name("big.log.gz").write_bytes(gzip.compress(noise.encode(), 1))
    shipping.look(passing_s=0.1)
    assert shipping.numbers() == list(range(5))

    def is_read() -> bool:
        shipping.look(passing_s=1)
        return len(shipping.events) == 1305

    eventually(is_read, timeout_s=30, what="the big one is read")


def test_what_was_being_sent_is_sent_again_from_the_compressed_file(make: Make, log: Path) -> None:
    append(log, 0, 100)
    shipping = make("app.log", acknowledge=False)
    shipping.look()
    log.rename(log.with_name("app.log.1"))
    compress(log.with_name("app.log.1"))
    again = shipping.restart()
    assert sum(len(batch.messages) for batch in again) == 100
    assert shipping.registry.losses(shipper="here") == []


def test_a_copy_that_was_followed_in_the_middle_of_a_line_and_compressed_while_down(
    make: Make, log: Path
) -> None:
    append(log, 0, 10)
    shipping = make("app*")
    shipping.look()
    with log.open("a") as file:
        file.write(lines(10, 11)[:-5])
    shipping.look(passing_s=0.3)
    copy = log.with_name("app.log.1")
    shutil.copyfile(log, copy)
    log.write_text("")
    shipping.look(passing_s=0.6)
    append(log, 20, 22)
    compress(copy)
    shipping.restart()
    shipping.look(passing_s=60)
    texts = shipping.texts()
    assert len(texts) == len(set(texts)) == 13


@pytest.mark.parametrize("name", ["app.log~", "app.log.~1~", "app.log.1"])
def test_a_kept_backup_that_was_read_and_released_is_not_read_again(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 100)
    shipping = make("app.log*")
    shipping.look()
    log.rename(log.with_name(name))
    append(log, 500, 600)
    shipping.look()
    compress(log.with_name(name))
    for number in range(600, 604):
        append(log, number, number + 1)
        shipping.look()
    assert shipping.numbers() == [*range(100), *range(500, 604)]


def test_what_was_counted_of_a_source_stays_with_it_when_it_is_taken_up_again(
    make: Make, log: Path
) -> None:
    append(log, 0, 100)
    shipping = make("app.log")
    shipping.look()
    rotated = log.with_name("app.log.1")
    log.rename(rotated)
    append(log, 500, 510)
    for _ in range(60):
        shipping.look()
    append(rotated, 100, 103)
    rotated.rename(log.with_name("app.log.2"))
    compress(log.with_name("app.log.2"))
    log.rename(rotated)
    append(log, 600, 610)
    for _ in range(20):
        shipping.look()
    assert sorted(shipping.numbers()) == [*range(103), *range(500, 510), *range(600, 610)]
    assert sum(source.tally.lines_acked for source in shipping.sources.values()) == 123
