"""Compressed files under any name: what was read is recognised, and what only begins alike is read."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from shipper.files import handles
from shipper.reading.noting import news_of
from tests.traps.conftest import Make
from tests.traps.shipping import Shipping, append, compress, lines

STAMPED = [
    "app.log.2026-11-22T08:00:00", "app.log-2026-11-22T08:00:00.123+01:00", "app-20261122T080000Z.log",
    "app.log-22Nov2026", "app-Nov-22-2026.log",
]  # fmt: skip
"""Names with times that rotations give."""
STRANGE = ["app.log_old", "app-20261122-web1.log", "X-20261122-004-B.log", "app.log.old_saved"]
"""Names that say nothing."""


def note(shipping: Shipping) -> None:
    """What is known of files is kept, as every second."""
    news_of(shipping.watcher.sources.values()).keep_in(shipping.registry)


@pytest.mark.parametrize("name", [*STAMPED, *STRANGE])
@pytest.mark.parametrize("is_read_first", [True, False])
@pytest.mark.parametrize("is_down", [True, False])
def test_whatever_name_a_compressed_log_gets_it_is_read_once(
    make: Make, log: Path, name: str, is_read_first: bool, is_down: bool
) -> None:
    append(log, 0, 200)
    shipping = make()
    shipping.look()
    append(log, 200, 220)
    if is_read_first:
        shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        log.rename(log.with_name(name))
        append(log, 500, 510)
        compress(log.with_name(name))
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == [*range(220), *range(500, 510)]
    shipping.restart()
    append(log, 510, 520)
    shipping.look()
    assert shipping.numbers() == [*range(220), *range(500, 520)]


@pytest.mark.parametrize("name", [*STAMPED, *STRANGE])
@pytest.mark.parametrize("is_down", [True, False])
def test_whatever_name_a_log_gets_before_it_is_compressed_it_is_read_once(
    make: Make, log: Path, name: str, is_down: bool
) -> None:
    append(log, 0, 200)
    shipping = make()
    shipping.look()
    rotated = log.with_name(name)
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        log.rename(rotated)
        append(rotated, 200, 210)
        append(log, 500, 510)
    shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        compress(rotated)
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == [*range(210), *range(500, 510)]


@pytest.mark.parametrize("name", STAMPED)
@pytest.mark.parametrize("is_down", [True, False])
def test_a_compressed_log_with_a_time_in_its_name_is_found_beside_the_log_that_is_named(
    make: Make, log: Path, name: str, is_down: bool
) -> None:
    append(log, 0, 100)
    shipping = make("app.log")
    shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        append(log, 100, 120)
        log.rename(log.with_name(name))
        append(log, 500, 510)
        compress(log.with_name(name))
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == [*range(120), *range(500, 510)]


@pytest.mark.parametrize("name", STAMPED)
@pytest.mark.parametrize("is_down", [True, False])
def test_a_log_that_is_copied_to_a_name_with_a_time_is_read_once(
    make: Make, log: Path, name: str, is_down: bool
) -> None:
    append(log, 0, 100)
    shipping = make()
    shipping.look()
    append(log, 100, 120)
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        shutil.copyfile(log, log.with_name(name))
        log.write_text("")
        compress(log.with_name(name))
        append(log, 500, 510)
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == [*range(120), *range(500, 510)]


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("common", [3, 60])
def test_compressed_logs_that_only_begin_alike_are_all_read(
    make: Make, log: Path, is_kept: bool, is_down: bool, common: int
) -> None:
    """The log that they begin as may be gone."""
    append(log, 0, common)
    append(log, 100, 150)
    shipping = make()
    shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        for name, first in (("east", 200), ("west", 300)):
            other = log.with_name(f"{name}.log")
            other.write_text(lines(0, common) + lines(first, first + 50))
            compress(other)
        if not is_kept:
            log.unlink()
    for _ in range(4):
        shipping.look()
    unlike = [*range(100, 150), *range(200, 250), *range(300, 350)]
    assert shipping.numbers() == sorted([*range(common)] * 3 + unlike)


@pytest.mark.parametrize("is_down", [True, False])
def test_a_banner_proves_nothing_of_a_compressed_log_with_another_name(
    make: Make, log: Path, is_down: bool
) -> None:
    """All that was read of a log is what the other one begins with."""
    append(log, 0, 5)
    shipping = make()
    shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        other = log.with_name("east.log")
        other.write_text(lines(0, 5) + lines(200, 250))
        compress(other)
        log.unlink()
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == sorted([*range(5)] * 2 + [*range(200, 250)])


def test_a_compressed_log_that_holds_what_another_one_holds_that_is_there_is_read(
    make: Make, log: Path
) -> None:
    """Without times, many logs hold the same."""
    append(log, 0, 50)
    shipping = make()
    shipping.look()
    other = log.with_name("east.log")
    other.write_text(lines(0, 50))
    compress(other)
    shipping.look()
    assert shipping.numbers() == sorted([*range(50)] * 2)


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("is_read_first", [True, False])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("open_files", [1, 512])
def test_whatever_name_a_log_gets_in_another_folder_it_is_read_once(
    make: Make, log: Path, name: str, is_read_first: bool, is_down: bool, open_files: int
) -> None:
    append(log, 0, 200)
    log.with_name("busy.log").write_text(lines(700, 710))
    shipping = make("**", open_files=open_files)
    shipping.look()
    if is_read_first:
        append(log, 200, 210)
        shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=is_down):
        old = log.with_name("old")
        old.mkdir()
        log.rename(old / name)
        append(log, 500, 510)
        compress(old / name)
    for _ in range(6):
        append(log.with_name("busy.log"), 710, 711)
        shipping.look()
    read = range(210 if is_read_first else 200)
    assert shipping.numbers() == sorted([*read, *range(500, 510), *range(700, 710), *[710] * 6])


@pytest.mark.parametrize("name", STRANGE)
def test_a_log_that_is_compressed_before_it_is_read_is_read_once(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 200)
    shipping = make()
    for source in shipping.sources.values():
        assert source.file is not None
        source.file.may_have_news()
    note(shipping)
    log.rename(log.with_name(name))
    append(log, 500, 510)
    compress(log.with_name(name))
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == [*range(200), *range(500, 510)]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("is_down", [True, False])
def test_a_compressed_log_that_is_compressed_anew_under_another_name_is_read_once(
    make: Make, log: Path, ending: str, is_down: bool
) -> None:
    text = lines(0, 200).encode()
    packed = log.with_name("app.log.gz")
    packed.write_bytes(gzip.compress(text))
    shipping = make()
    shipping.look()
    note(shipping)
    pack = gzip.compress if ending == ".gz" else zstandard.compress
    with shipping.unwatched(is_down=is_down):
        log.with_name(f"X-004-B.log{ending}").write_bytes(pack(text))
        packed.unlink()
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == list(range(200))


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE])
@pytest.mark.parametrize("characters", [10, 2_000_000])
def test_what_was_being_sent_is_sent_again_from_a_compressed_file_of_any_name(
    make: Make, log: Path, name: str, characters: int
) -> None:
    append(log, 0, 100)
    with log.open("a") as file:
        file.writelines(
            f"{os.urandom(500).hex()} {n}\n" for n in range(100, 100 + characters // 1000)
        )
    shipping = make(acknowledge=False)
    shipping.look()
    sent = len(shipping.events)
    note(shipping)
    log.rename(log.with_name(name))
    compress(log.with_name(name))
    again = shipping.restart()
    assert sum(len(batch.messages) for batch in again) == sent
    assert shipping.registry.losses(shipper="here") == []


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("has_next", [True, False])
@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("is_noted", [True, False])
def test_a_log_that_was_compressed_under_any_name_while_down_is_read_on_where_its_glob_names_it_alone(
    make: Make, log: Path, name: str, *, has_next: bool, ending: str, is_noted: bool
) -> None:
    append(log, 0, 200)
    shipping = make("app.log")
    shipping.look()
    if is_noted:
        note(shipping)
    log.with_name(f"other.log{ending}").write_bytes(packed(lines(0, 90), ending))
    with shipping.unwatched(is_down=True):
        append(log, 200, 300)
        log.with_name(f"{name}{ending}").write_bytes(packed(log.read_text(), ending))
        log.unlink()
        if has_next:
            append(log, 500, 550)
    for _ in range(3):
        shipping.look()
    expected = [*range(300), *(range(500, 550) if has_next else ())]
    assert sorted(shipping.numbers()) == expected
    shipping.restart()
    shipping.look()
    assert sorted(shipping.numbers()) == expected
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE, "zz.log"])
@pytest.mark.parametrize(("pattern", "folder"), [("app.log", ""), ("**", ""), ("**", "old")])
@pytest.mark.parametrize("is_noted", [True, False])
def test_a_log_that_was_compressed_under_any_name_and_whose_inode_the_next_one_has(
    make: Make, log: Path, pattern: str, name: str, folder: str, *, is_noted: bool
) -> None:
    append(log, 0, 200)
    inode = log.stat().st_ino
    shipping = make(pattern)
    shipping.look()
    if is_noted:
        note(shipping)
    with shipping.unwatched(is_down=True):
        append(log, 200, 220)
        target = log.parent / folder
        target.mkdir(exist_ok=True)
        (target / f"{name}.gz").write_bytes(gzip.compress(log.read_bytes()))
        give_inode_again(log, inode, lines(500, 510))
    for _ in range(3):
        shipping.look()
    assert shipping.numbers() == [*range(220), *range(500, 510)]
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("name", STRANGE)
def test_a_log_that_was_copied_to_any_name_and_truncated_while_down_is_read_on(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 200)
    shipping = make("app.log")
    shipping.look()
    note(shipping)
    with shipping.unwatched(is_down=True):
        append(log, 200, 220)
        shutil.copyfile(log, log.with_name(name))
        log.write_text(lines(500, 510))
    for _ in range(3):
        shipping.look()
    assert shipping.numbers() == [*range(220), *range(500, 510)]
    assert shipping.registry.losses(shipper="s") == []


def test_a_log_that_was_renamed_and_is_there_beside_its_compressed_copy_is_followed(
    make: Make, log: Path
) -> None:
    append(log, 0, 200)
    shipping = make("*")
    shipping.look()
    kept = log.with_name("kept.log")
    with shipping.unwatched(is_down=True):
        append(log, 200, 220)
        log.rename(kept)
        log.with_name("copy.log.gz").write_bytes(gzip.compress(kept.read_bytes()))
    shipping.look()
    append(kept, 220, 230)
    shipping.look()
    followed = {source.path for source in shipping.sources.values() if source.acked_offset}
    assert str(kept) in followed
    assert sorted(set(shipping.numbers())) == [*range(230)]


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE])
def test_what_was_being_sent_is_sent_again_from_a_compressed_file_that_no_glob_names(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 100)
    shipping = make("app.log", acknowledge=False)
    shipping.look()
    sent = len(shipping.events)
    note(shipping)
    log.rename(log.with_name(name))
    compress(log.with_name(name))
    again = shipping.restart()
    assert sum(len(batch.messages) for batch in again) == sent


def test_heads_of_compressed_files_are_taken_once_for_many_sources(
    make: Make, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        log.with_name(f"gone{number}.log").write_text(lines(number * 100, number * 100 + 60))
        log.with_name(f"foreign{number}.bin.gz").write_bytes(gzip.compress(os.urandom(2000)))
    shipping = make("*.log")
    shipping.look()
    note(shipping)
    shipping.stop()
    for number in range(30):
        log.with_name(f"gone{number}.log").unlink()
    opened: list[str] = []
    really = handles._open

    def opening(path: str) -> int:
        opened.append(path)
        return really(path)

    monkeypatch.setattr(handles, "_open", opening)
    shipping.start()
    assert len([path for path in opened if "foreign" in path]) <= 2 * 30


def packed(text: str, ending: str) -> bytes:
    """A text as gzip or zstd compresses it."""
    data = text.encode()
    return gzip.compress(data) if ending == ".gz" else zstandard.compress(data)


def give_inode_again(log: Path, inode: int, text: str) -> None:
    """Writes a log anew until it has the inode of the one before, if the file system gives it."""
    log.unlink()
    for attempt in range(200):
        log.write_text(text)
        if log.stat().st_ino == inode:
            return
        log.rename(log.parent.parent / f"keep{attempt}")
    pytest.skip("this file system does not use inodes again")
