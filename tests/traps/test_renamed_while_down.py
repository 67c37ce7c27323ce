"""Logs that were renamed to any name, or copied and compressed, while no shipper ran."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from shipper.files import handles
from tests.traps.conftest import Make
from tests.traps.shipping import STRANGE_NAMES, append, compress, give_inode_again, lines


@pytest.mark.parametrize("name", STRANGE_NAMES)
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
        shipping.note()
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


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE_NAMES, "zz.log"])
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
        shipping.note()
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


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_log_that_was_copied_to_any_name_and_truncated_while_down_is_read_on(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 200)
    shipping = make("app.log")
    shipping.look()
    shipping.note()
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


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE_NAMES])
def test_what_was_being_sent_is_sent_again_from_a_compressed_file_that_no_glob_names(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 100)
    shipping = make("app.log", acknowledge=False)
    shipping.look()
    sent = len(shipping.events)
    shipping.note()
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
    shipping.note()
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
