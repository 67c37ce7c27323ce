"""Compressed files under any name: what was read is recognised, and what only begins alike is read."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from tests.traps.conftest import Make
from tests.traps.shipping import STRANGE_NAMES, append, compress, lines

STAMPED = [
    "app.log.2026-11-22T08:00:00", "app.log-2026-11-22T08:00:00.123+01:00", "app-20261122T080000Z.log",
    "app.log-22Nov2026", "app-Nov-22-2026.log",
]  # fmt: skip
"""Names with times that rotations give."""


@pytest.mark.parametrize("name", [*STAMPED, *STRANGE_NAMES])
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
    shipping.note()
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


@pytest.mark.parametrize("name", [*STAMPED, *STRANGE_NAMES])
@pytest.mark.parametrize("is_down", [True, False])
def test_whatever_name_a_log_gets_before_it_is_compressed_it_is_read_once(
    make: Make, log: Path, name: str, is_down: bool
) -> None:
    append(log, 0, 200)
    shipping = make()
    shipping.look()
    rotated = log.with_name(name)
    shipping.note()
    with shipping.unwatched(is_down=is_down):
        log.rename(rotated)
        append(rotated, 200, 210)
        append(log, 500, 510)
    shipping.look()
    shipping.note()
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
    shipping.note()
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
    shipping.note()
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
    shipping.note()
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
    shipping.note()
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


@pytest.mark.parametrize("name", STRANGE_NAMES)
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
    shipping.note()
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


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_log_that_is_compressed_before_it_is_read_is_read_once(
    make: Make, log: Path, name: str
) -> None:
    append(log, 0, 200)
    shipping = make()
    for source in shipping.sources.values():
        assert source.file is not None
        source.file.may_have_news()
    shipping.note()
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
    shipping.note()
    pack = gzip.compress if ending == ".gz" else zstandard.compress
    with shipping.unwatched(is_down=is_down):
        log.with_name(f"X-004-B.log{ending}").write_bytes(pack(text))
        packed.unlink()
    for _ in range(4):
        shipping.look()
    assert shipping.numbers() == list(range(200))


@pytest.mark.parametrize("name", ["app.log.1", *STRANGE_NAMES])
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
    shipping.note()
    log.rename(log.with_name(name))
    compress(log.with_name(name))
    again = shipping.restart()
    assert sum(len(batch.messages) for batch in again) == sent
    assert shipping.registry.losses(shipper="here") == []
