"""Logs that rotation moves to a folder in which no input names files (logrotate's `olddir`)."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shipper.files import listings
from tests.traps.conftest import Make
from tests.traps.shipping import Shipping, append, give_inode_again, lines

FOLDERS = ["old", "../old", "../app-archive"]
"""Below the log's folder, and beside it."""


def move_away(log: Path, folder: str, name: str = "app.log.1") -> Path:
    """What `olddir` does."""
    target = log.parent / folder / name
    target.parent.mkdir(exist_ok=True)
    return log.rename(target)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", ["app.log.1", "app-20261122.log", "kept.txt"])
@pytest.mark.parametrize("has_next", [True, False])
@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize(("is_down", "open_files"), [(True, 512), (False, 1), (False, 512)])
def test_a_log_that_is_moved_to_a_folder_that_no_input_names_is_read_to_its_end(
    make: Make, log: Path, folder: str, name: str, *, has_next: bool, is_noted: bool,
    is_down: bool, open_files: int,
) -> None:  # fmt: skip
    append(log, 0, 50)
    busy = log.with_name("busy.log")
    append(busy, 1000, 1001)
    shipping = make("*.log", open_files=open_files)
    shipping.look()
    append(busy, 1001, 1002)
    shipping.look()
    if is_noted:
        shipping.note()
    with shipping.unwatched(is_down=is_down):
        append(log, 50, 80)
        moved = move_away(log, folder, name)
        if has_next:
            append(log, 500, 510)
    for _ in range(3):
        shipping.look()
    append(moved, 80, 90)
    shipping.look()
    expected = [*range(90), *(range(500, 510) if has_next else ()), 1000, 1001]
    assert shipping.numbers() == expected
    shipping.restart()
    shipping.look()
    assert shipping.numbers() == expected
    assert shipping.registry.losses(shipper="s") == []


def test_many_closed_logs_that_are_moved_away_are_all_read_to_their_ends(
    make: Make, log: Path
) -> None:
    folders = [log.parent / f"s{number}" for number in range(8)]
    for folder in folders:
        folder.mkdir()
    shipping = make("*/app.log", open_files=2)
    for turn in range(4):
        for number, folder in enumerate(folders):
            first = number * 1000 + turn * 100
            if turn:
                append(folder / "app.log", first - 50, first)
                move_away(folder / "app.log", "old", f"app.log.{turn}")
            append(folder / "app.log", first, first + 50)
        for _ in range(2):
            shipping.look()
    assert shipping.numbers() == [
        number * 1000 + line for number in range(8) for line in range(350)
    ]
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("is_read", [True, False])
def test_another_file_around_with_the_inode_of_a_deleted_log_is_not_it(
    make: Make, log: Path, *, is_read: bool
) -> None:
    log.write_text(lines(0, 5) if is_read else "")
    inode = log.stat().st_ino
    shipping = make("app.log")
    shipping.look()
    shipping.note()
    with shipping.unwatched(is_down=True):
        give_inode_again(log, inode, lines(700, 720))
        move_away(log, "old", "other.txt")
    for _ in range(3):
        shipping.look()
    assert shipping.numbers() == ([*range(5)] if is_read else [])


def test_folders_around_are_looked_into_once_and_only_when_a_log_is_gone(
    make: Make, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_into: list[str] = []
    really = listings._by_inode_below

    def looking(folder: str) -> dict[int, list[str]]:
        looked_into.append(folder)
        return really(folder)

    monkeypatch.setattr(listings, "_by_inode_below", looking)
    for number in range(20):
        append(log.with_name(f"{number}.log"), number, number + 1)
    shipping = make("*.log")
    shipping.look()
    shipping.restart()
    shipping.look()
    assert looked_into == []
    with shipping.unwatched(is_down=True):
        for number in range(20):
            log.with_name(f"{number}.log").unlink()
    assert looked_into.count(str(log.parent)) <= 2
    assert looked_into.count(str(log.parent.parent)) <= 2


def test_of_very_many_folders_around_none_is_looked_into(tmp_path: Path) -> None:
    here = tmp_path / "s0"
    for number in range(65):
        (tmp_path / f"s{number}").mkdir()
    moved = tmp_path / "s1" / "app.log.1"
    moved.write_text("x")
    inode = moved.stat().st_ino
    assert listings.Listings().of_inode_nearby(f"{here}/app.log", inode) == []
    (tmp_path / "s64").rmdir()
    assert listings.Listings().of_inode_nearby(f"{here}/app.log", inode) == [str(moved)]


def vanished(shipping: Shipping) -> dict[str, str]:
    """What is told of logs of which it is not known whether anything followed, by their names."""
    sources = {source.id: source for source in shipping.watcher.bygone()}
    sources |= {source.id: source for source in shipping.sources.values() if source.is_released}
    told = (source for source in sources.values() if source.state == "vanished")
    return {source.path.rpartition("/")[2]: source.detail for source in told}


def test_a_log_that_was_deleted_while_no_shipper_ran_is_told_for_a_day(
    make: Make, log: Path
) -> None:
    append(log, 0, 50)
    size = log.stat().st_size
    shipping = make("*.log")
    shipping.look()
    with shipping.unwatched(is_down=True):
        following = log.with_name("next")  # it has another inode
        append(following, 500, 510)
        append(log, 50, 60)
        log.unlink()
        following.rename(log)
    shipping.look()
    expected = {"app.log": f"gone; what followed byte {size:,} is not known"}
    assert vanished(shipping) == expected
    shipping.restart()
    assert vanished(shipping) == expected
    shipping.clock.advance(24 * 3600)
    shipping.restart()
    assert vanished(shipping) == {}
    assert shipping.registry.losses(shipper="s") == []


def test_a_closed_log_that_is_deleted_is_told(make: Make, log: Path) -> None:
    append(log, 0, 50)
    size = log.stat().st_size
    busy = log.with_name("busy.log")
    append(busy, 1000, 1001)
    shipping = make("*.log", open_files=1)
    shipping.look()
    append(busy, 1001, 1002)
    shipping.look()
    log.unlink()
    for _ in range(3):
        shipping.look()
    expected = {"app.log": f"gone; what followed byte {size:,} is not known"}
    assert vanished(shipping) == expected
    shipping.restart()
    assert vanished(shipping) == expected


@pytest.mark.parametrize("how", ["deleted", "rotated"])
def test_a_log_that_was_read_to_its_end_is_not_told_when_it_is_gone(
    make: Make, log: Path, how: str
) -> None:
    append(log, 0, 50)
    shipping = make("*.log")
    shipping.look()
    rotated = log.rename(log.with_name("app.log.1"))
    append(log, 500, 510)
    shipping.look()
    if how == "deleted":
        rotated.unlink()
    for _ in range(2):
        shipping.look(passing_s=400)
    with shipping.unwatched(is_down=True):
        rotated.unlink(missing_ok=True)
    assert vanished(shipping) == {}


def test_a_log_that_is_there_after_all_is_told_no_more(make: Make, log: Path) -> None:
    append(log, 0, 50)
    shipping = make("*.log")
    shipping.look()
    away = log.parent.parent / "away"
    with shipping.unwatched(is_down=True):
        log.rename(away)
    assert list(vanished(shipping)) == ["app.log"]
    away.rename(log)
    append(log, 50, 60)
    shipping.look()
    assert shipping.numbers() == [*range(60)]
    shipping.restart()
    assert vanished(shipping) == {}


@pytest.mark.parametrize("name", ["app.log.1", "app.log.1.gz", "app-20261122.log.gz"])
@pytest.mark.parametrize("is_truncated", [True, False])
def test_what_was_copied_or_compressed_below_a_log_while_no_shipper_ran_is_read_on(
    make: Make, log: Path, name: str, *, is_truncated: bool
) -> None:
    append(log, 0, 50)
    inode = log.stat().st_ino
    shipping = make("*.log")
    shipping.look()
    with shipping.unwatched(is_down=True):
        append(log, 50, 80)
        target = log.parent / "old" / name
        target.parent.mkdir()
        data = log.read_bytes()
        target.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        if is_truncated:
            log.write_text(lines(500, 510))
        else:
            give_inode_again(log, inode, lines(500, 510))
    for _ in range(3):
        shipping.look()
    expected = [*range(80), *range(500, 510)]
    assert shipping.numbers() == expected
    shipping.restart()
    shipping.look()
    assert shipping.numbers() == expected
    assert vanished(shipping) == {}


def test_a_log_below_that_begins_as_one_that_is_gone_is_not_it(make: Make, log: Path) -> None:
    append(log, 0, 50)
    other = log.parent / "web" / "app.log"
    other.parent.mkdir()
    other.write_text(lines(0, 40) + lines(700, 800))
    shipping = make("*.log")
    shipping.look()
    with shipping.unwatched(is_down=True):
        log.unlink()
    shipping.look()
    assert shipping.numbers() == [*range(50)]
    assert list(vanished(shipping)) == ["app.log"]


def test_a_neighbour_that_begins_alike_and_has_the_inode_is_not_taken_for_a_log_that_is_gone(
    make: Make, log: Path
) -> None:
    banner = "".join(f"Starting platform, build 7, part {n}\n" for n in range(4))
    log.write_text(banner)
    inode = log.stat().st_ino
    append(log.with_name("busy.log"), 1000, 1001)
    shipping = make("app.log")
    shipping.look()
    shipping.note()
    with shipping.unwatched(is_down=True):
        give_inode_again(log, inode, banner + lines(700, 720))
        move_away(log, "../web", "web.txt")
    shipping.look()
    assert 700 not in shipping.numbers()


def test_sub_folders_are_listed_once_however_many_logs_are_gone(
    make: Make, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    really = listings.folders_in

    def folders_in(folder: str) -> list[str]:
        listed.append(folder)
        return really(folder)

    monkeypatch.setattr(listings, "folders_in", folders_in)
    logs = [log.with_name(f"{number}.log") for number in range(40)]
    for number, each in enumerate(logs):
        append(each, number * 1000, number * 1000 + 100)
    shipping = make("*.log")
    shipping.look()
    with shipping.unwatched(is_down=True):
        for each in logs:
            each.unlink()
    shipping.look()
    assert 0 < len(listed) <= 8
