"""Copies in another folder (`olddir` with `copytruncate`): what was read of the log is not read again."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.traps.conftest import Make
from tests.traps.shipping import append, lines

NAMES = ["app.log.1", "app.log-20261122", "app-20261122.log", "app.log.1.gz"]


def copy_away(log: Path, name: str, now_ns: int) -> None:
    """The first half of `copytruncate`, with `olddir`; the test's clock is not that of files."""
    target = log.parent / "old" / name
    target.parent.mkdir(exist_ok=True)
    if name.endswith(".gz"):
        target.write_bytes(gzip.compress(log.read_bytes()))
    else:
        shutil.copyfile(log, target)
    os.utime(target, ns=(now_ns, now_ns))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unread", [0, 30])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("looks_between", [True, False])
@pytest.mark.parametrize("open_files", [1, 512])
def test_a_log_that_is_copied_to_another_folder_and_truncated_is_read_once(
    make: Make, log: Path, name: str, unread: int, *, is_down: bool, looks_between: bool,
    open_files: int,
) -> None:  # fmt: skip
    append(log, 0, 200)
    busy = log.with_name("busy.log")
    append(busy, 1000, 1001)
    shipping = make("**", open_files=open_files)
    shipping.look()
    shipping.note()
    with shipping.unwatched(is_down=is_down):
        append(log, 200, 200 + unread)
        copy_away(log, name, shipping.clock.now_ns())
        if looks_between and not is_down:
            append(busy, 1001, 1002)
            shipping.look()
        log.write_text("")
        append(log, 500, 505)
    for _ in range(3):
        shipping.look()
    read = {number for number in shipping.numbers() if number < 1000}
    assert read == {*range(200 + unread), *range(500, 505)}
    assert len([n for n in shipping.numbers() if n < 1000]) == len(read)
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("is_down", [True, False])
def test_logs_of_other_services_that_begin_alike_are_all_read(
    make: Make, log: Path, *, is_down: bool
) -> None:
    append(log, 0, 200)
    shipping = make("**")
    shipping.look()
    shipping.note()
    with shipping.unwatched(is_down=is_down):
        other = log.parent / "web"
        other.mkdir()
        (other / "app.log.1").write_text(lines(0, 150) + lines(300, 350))
        (other / "app.log").write_text(lines(0, 200) + lines(400, 410))
        append(log, 500, 505)
    for _ in range(3):
        shipping.look()
    own = [*range(200), *range(500, 505)]
    assert shipping.numbers() == sorted(
        [*own, *range(150), *range(300, 350), *range(200), *range(400, 410)]
    )


@pytest.mark.parametrize("more", [0, 90])
@pytest.mark.parametrize("name", ["app.log.1", "app-1.log"])
@pytest.mark.parametrize("is_down", [True, False])
def test_a_log_of_another_service_is_read_that_begins_with_all_that_was_read_of_a_quiet_one(
    make: Make, log: Path, name: str, more: int, *, is_down: bool
) -> None:
    """Banners have no times: what holds them and more is no copy while the quiet log is as it was."""
    append(log, 0, 100)
    shipping = make("**")
    shipping.look()
    shipping.note()
    with shipping.unwatched(is_down=is_down):
        other = log.parent / "web" / name
        other.parent.mkdir()
        other.write_text(lines(0, 100) + lines(500, 500 + more))
        os.utime(other, (1_700_000_000, 1_700_000_000))
    for _ in range(2):
        shipping.look()
    append(other, 700, 750)
    shipping.look()
    assert shipping.numbers() == sorted(
        [*range(100), *range(100), *range(500, 500 + more), *range(700, 750)]
    )


def test_a_small_log_of_another_folder_is_read_soon(make: Make, log: Path) -> None:
    """It holds what another one begins with, and may be a copy in the making only for a moment."""
    append(log, 0, 200)
    shipping = make("**")
    shipping.look()
    small = log.parent / "web" / "app.log.1"
    small.parent.mkdir()
    small.write_text(lines(0, 3))
    os.utime(small, (1_700_000_000, 1_700_000_000))
    shipping.look()
    assert shipping.numbers() == sorted([*range(200), *range(3)])
