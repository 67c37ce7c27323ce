"""Logs that are written anew with all that was in them, as by rsync or an editor: nothing is read twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.traps.conftest import Make
from tests.traps.shipping import append, lines
from tests.traps.test_identity import PATTERNS, rotate
from tests.traps.test_unread import compress


def replace(log: Path, text: str) -> None:
    new = log.with_name(f".{log.name}.Xyz")
    new.write_text(text)
    new.rename(log)


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
        if is_down:
            shipping.stop()
        replace(log, lines(0, last))
        if is_down:
            shipping.start()
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
    if is_down:
        shipping.stop()
    replace(log, lines(100, 160))
    if is_down:
        shipping.start()
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


def test_its_writer_goes_on_in_the_old_one(make: Make, log: Path) -> None:
    append(log, 0, 30)
    shipping = make()
    shipping.look()
    with log.open("a") as writer:
        replace(log, lines(0, 30))
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
