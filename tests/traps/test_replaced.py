"""Logs that are written anew with all that was in them, as by rsync or an editor: nothing is read twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from logboom.errors import RegistryFull
from tests.traps.conftest import Make
from tests.traps.shipping import append, lines
from tests.traps.test_identity import PATTERNS, rotate
from tests.traps.test_unread import compress


def replace(log: Path, text: str) -> None:
    new = log.with_name(f".{log.name}.Xyz")
    new.write_text(text)
    new.rename(log)


def rsync_with_backup(log: Path, text: str) -> None:
    """As `rsync --backup`: whole beside it, then both are renamed."""
    new = log.with_name(f".{log.name}.Xyz")
    new.write_text(text)
    log.rename(backup_of(log))
    new.rename(log)


def rename_and_write(log: Path, text: str) -> None:
    """As vim with `backup` and `backupcopy=no`."""
    log.rename(backup_of(log))
    log.write_text(text)


def copy_and_write(log: Path, text: str) -> None:
    """As vim with `backup` and `backupcopy=yes`."""
    shutil.copy2(log, backup_of(log))
    log.write_text(text)


def number_and_write(log: Path, text: str) -> None:
    """As emacs and `cp --backup=numbered`."""
    number = len(list(log.parent.glob(f"{log.name}.~*~")))
    log.rename(log.with_name(f"{log.name}.~{number + 1}~"))
    log.write_text(text)


def sed_in_place(log: Path, text: str, *, suffix: str = "") -> None:
    new = log.parent.parent / "new"
    new.write_text(text)
    command = ["sed", f"-i{suffix}", "-e", f"1r {new}", "-e", "d", str(log)]
    subprocess.run(command, check=True)


def backup_of(log: Path) -> Path:
    return log.with_name(f"{log.name}~")


WAYS = [rsync_with_backup, rename_and_write, copy_and_write, number_and_write, sed_in_place]


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("pattern", ["*", "app.log"])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("open_files", [1, 512])
def test_with_the_old_one_kept_as_a_backup(
    make: Make, log: Path, write: Callable[[Path, str], None], pattern: str, is_down: bool,
    open_files: int,
) -> None:  # fmt: skip
    append(log, 0, 30)
    append(log.with_name("other.log"), 900, 901)
    shipping = make(pattern, open_files=open_files)
    shipping.look()
    for last in (40, 60):
        if is_down:
            shipping.stop()
        write(log, lines(0, last))
        if is_down:
            shipping.start()
        shipping.look()
        shipping.look(passing_s=60)
    append(log, 60, 65)
    shipping.look(passing_s=60)
    assert [number for number in shipping.numbers() if number < 900] == list(range(65))
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("pattern", ["*", "app.log"])
@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("bytes_at_first", [0, 900, 3000])
def test_somebody_looks_before_the_new_one_is_whole(
    make: Make, log: Path, pattern: str, is_kept: bool, bytes_at_first: int
) -> None:
    append(log, 0, 60)
    shipping = make(pattern)
    shipping.look(passing_s=30)
    log.rename(backup_of(log))
    shipping.look(passing_s=0.3)
    text = lines(0, 70)
    log.write_text(text[:bytes_at_first])
    shipping.look(passing_s=0.3)
    log.write_text(text)
    shipping.look(passing_s=0.3)
    if not is_kept:
        backup_of(log).unlink()
    shipping.look()
    append(log, 70, 75)
    shipping.look(passing_s=60)
    assert shipping.numbers() == list(range(75))
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("write", [rsync_with_backup, rename_and_write])
@pytest.mark.parametrize("pattern", ["*", "*.log", "app.log"])
@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("is_down", [True, False])
def test_its_writer_still_has_the_backup_open(
    make: Make, log: Path, write: Callable[[Path, str], None], pattern: str, open_files: int,
    is_down: bool,
) -> None:  # fmt: skip
    append(log, 0, 60)
    append(log.with_name("other.log"), 900, 901)
    shipping = make(pattern, open_files=open_files)
    shipping.look(passing_s=30)
    write(log, lines(0, 70))
    shipping.look(passing_s=1)
    with shipping.unwatched(is_down=is_down):
        append(backup_of(log), 200, 205)
    shipping.look(passing_s=60)
    append(backup_of(log), 205, 210)
    append(log, 70, 75)
    shipping.look(passing_s=60)
    expected = [*range(75), *range(200, 210)]
    assert [number for number in shipping.numbers() if number < 900] == expected


@pytest.mark.parametrize("pattern", ["*", "app.log"])
@pytest.mark.parametrize("refused", ["put", "set_paths"])
def test_its_backup_is_read_on_once_the_registry_has_room(
    make: Make, log: Path, pattern: str, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RegistryFull("no room for the registry's checkpoints")

    append(log, 0, 60)
    shipping = make(pattern)
    shipping.look(passing_s=30)
    rsync_with_backup(log, lines(0, 70))
    with monkeypatch.context() as full:
        full.setattr(shipping.registry, refused, refuse)
        with pytest.raises(RegistryFull):
            shipping.look()
    append(backup_of(log), 200, 205)
    shipping.look(passing_s=60)
    append(log, 70, 75)
    shipping.look(passing_s=60)
    assert shipping.numbers() == [*range(75), *range(200, 205)]


@pytest.mark.parametrize("write", [rsync_with_backup, rename_and_write])
@pytest.mark.parametrize("pattern", ["*", "*.log", "app.log"])
def test_a_backup_that_was_left_is_not_taken_for_the_next_one(
    make: Make, log: Path, write: Callable[[Path, str], None], pattern: str
) -> None:
    append(log, 0, 60)
    shipping = make(pattern)
    shipping.look(passing_s=30)
    write(log, lines(0, 70))
    shipping.look(passing_s=30)
    for last in (80, 90):
        with shipping.unwatched(is_down=True):
            write(log, lines(0, last))
        shipping.look(passing_s=60)
    assert shipping.numbers() == list(range(90))


@pytest.mark.parametrize("pattern", ["*", "app.log"])
def test_one_that_stays_a_part_of_the_old_one_is_a_log_of_its_own(
    make: Make, log: Path, pattern: str
) -> None:
    append(log, 0, 30)
    shipping = make(pattern)
    shipping.look(passing_s=30)
    rsync_with_backup(log, lines(0, 20))
    shipping.look(passing_s=1)
    assert shipping.numbers() == list(range(30))
    shipping.look()
    append(log, 50, 55)
    shipping.look(passing_s=60)
    assert shipping.numbers() == sorted([*range(30), *range(20), *range(50, 55)])


def test_what_is_in_the_making_for_too_long_makes_room_for_the_old_one(
    make: Make, log: Path
) -> None:
    append(log, 0, 60)
    shipping = make("*")
    shipping.look(passing_s=30)
    rsync_with_backup(log, lines(0, 20))
    shipping.look(passing_s=1)
    shipping.look(passing_s=30)
    paths = sorted(source.path for source in shipping.watcher.sources.values())
    assert paths == [str(log), str(backup_of(log))]


def test_what_was_in_the_making_and_is_gone_is_not_waited_for(make: Make, log: Path) -> None:
    append(log, 0, 60)
    shipping = make("*")
    shipping.look(passing_s=30)
    rsync_with_backup(log, lines(0, 20))
    shipping.look(passing_s=1)
    log.unlink()
    log.mkdir()
    shipping.look(passing_s=30)
    assert [source.path for source in shipping.watcher.sources.values()] == [str(backup_of(log))]


def test_a_backup_under_a_rotations_name_is_read_twice_and_nothing_is_lost(
    make: Make, log: Path
) -> None:
    append(log, 0, 30)
    shipping = make("app.log")
    shipping.look()
    sed_in_place(log, lines(0, 40), suffix=".bak")
    shipping.look()
    assert shipping.numbers() == sorted([*range(30), *range(40)])


def test_another_log_in_the_place_of_its_backup_is_read_whole(make: Make, log: Path) -> None:
    append(log, 0, 30)
    shipping = make("app.log")
    shipping.look()
    append(log, 30, 35)
    rsync_with_backup(log, lines(100, 160))
    shipping.look()
    assert shipping.numbers() == [*range(35), *range(100, 160)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("open_files", [1, 512])
def test_by_a_longer_one(
    make: Make, log: Path, pattern: str, is_down: bool, open_files: int
) -> None:
    append(log, 0, 30)
    append(log.with_name("other.log"), 900, 901)
    shipping = make(pattern, open_files=open_files)
    shipping.look()
    for last in (40, 41, 60):
        with shipping.unwatched(is_down=is_down):
            replace(log, lines(0, last))
        shipping.look()
    append(log, 60, 65)
    shipping.look(passing_s=60)
    assert [number for number in shipping.numbers() if number < 900] == list(range(65))
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("is_down", [True, False])
def test_by_one_that_begins_otherwise(make: Make, log: Path, is_down: bool) -> None:
    append(log, 0, 30)
    shipping = make()
    shipping.look()
    with shipping.unwatched(is_down=is_down):
        replace(log, lines(100, 160))
    shipping.look()
    assert shipping.numbers() == [*range(30), *range(100, 160)]


@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_log_that_repeats_what_its_rotated_file_holds_is_another_one(
    make: Make, log: Path, open_files: int, is_packed: bool
) -> None:
    append(log, 0, 30)
    append(log.with_name("other.log"), 900, 901)
    shipping = make("*.log", open_files=open_files)
    shipping.look()
    rotate(log)
    append(log, 0, 35)
    if is_packed:
        compress(log.with_name("app.log.1"))
    shipping.look()
    assert shipping.numbers() == sorted([*range(30), *range(35), 900])


@pytest.mark.parametrize("write", [replace, rsync_with_backup])
def test_its_writer_goes_on_in_the_old_one(
    make: Make, log: Path, write: Callable[[Path, str], None]
) -> None:
    append(log, 0, 30)
    shipping = make()
    shipping.look()
    with log.open("a") as writer:
        write(log, lines(0, 30))
        for last in (40, 45):
            writer.write(lines(last - 10, last))
            writer.flush()
            shipping.look(passing_s=3)
    assert set(shipping.numbers()) == set(range(45))


def test_its_writer_is_not_silent_yet(make: Make, log: Path) -> None:
    append(log, 0, 30)
    shipping = make()
    shipping.look(passing_s=1)
    with log.open("a") as writer:
        replace(log, lines(0, 31))
        shipping.look(passing_s=1)
        writer.write(lines(40, 45))
        writer.flush()
        shipping.look()
    assert set(shipping.numbers()) == {*range(31), *range(40, 45)}


def test_what_was_not_read_of_the_old_one_is_not_in_the_new_one(make: Make, log: Path) -> None:
    append(log, 0, 30)
    shipping = make()
    shipping.look()
    append(log, 30, 35)
    with log.open():
        replace(log, lines(0, 30) + lines(100, 110))
    shipping.look(passing_s=60)
    assert set(shipping.numbers()) == {*range(35), *range(100, 110)}


def test_a_header_does_not_tell_which_log_it_is(make: Make, log: Path) -> None:
    header = "#Fields: date time\n"
    log.write_text(header)
    shipping = make()
    shipping.look()
    append(log, 0, 5)
    log.unlink()
    log.write_text(header)
    shipping.look(passing_s=60)
    log.unlink()
    log.write_text(header + lines(5, 10))
    shipping.look(passing_s=60)
    texts = shipping.texts()
    assert texts.count(header.rstrip()) == 3
    assert [int(text.rsplit(" ", 1)[1]) for text in texts if text[0] != "#"] == list(range(10))


@pytest.mark.parametrize("steps", [2, 200])
@pytest.mark.parametrize("open_files", [1, 512])
def test_a_job_that_writes_the_same_again(
    make: Make, log: Path, steps: int, open_files: int
) -> None:
    text = "".join(f"step {number} done\n" for number in range(steps))
    log.write_text(text)
    log.with_name("other.log").write_text("other\n")
    shipping = make(open_files=open_files)
    shipping.look()
    replace(log, text)
    shipping.look(passing_s=60)
    texts = [text for text in shipping.texts() if text != "other"]
    assert texts == [*text.splitlines(), *text.splitlines()]
