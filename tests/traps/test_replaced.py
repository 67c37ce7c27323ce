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
    for last in (40, 40, 60):
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
