"""Files of which nothing was read when the shipper ended: what they were seen to end with tells them."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import Any

import pytest

from shipper.reading.noting import news_of
from tests.traps.conftest import Make
from tests.traps.shipping import Shipping, append, give_inode_again, lines
from tests.traps.test_identity import BANNER, PATTERNS, date, note_unread, rotate


def numbers(shipping: Shipping) -> list[int]:
    texts = [text for text in shipping.texts() if not text.startswith("#")]
    return sorted(int(text.rsplit(" ", 1)[1]) for text in texts)


def compress(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    date(packed, seconds_ago=60)
    return packed


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("is_deleted", [False, True])
@pytest.mark.parametrize("more", [3, 40])
def test_one_that_is_followed_by_one_that_begins_alike(
    make: Make, log: Path, pattern: str, is_packed: bool, is_deleted: bool, more: int
) -> None:
    """It is read wherever it is, and what is deleted is told, also when its inode is used again."""
    log.write_text(BANNER)
    append(log, 0, 10)
    date(log, seconds_ago=60)
    size = log.stat().st_size
    shipping = make(pattern, multiline="none")
    note_unread(shipping)
    rotate(log)
    older = log.with_name("app.log.1")
    if is_packed:
        older = compress(older)
    if is_deleted:
        older.unlink()
    log.write_text(BANNER)
    append(log, 20, 20 + more)
    date(log, seconds_ago=30)
    shipping.start()
    for _ in range(2):
        shipping.look()
    assert numbers(shipping) == [*([] if is_deleted else range(10)), *range(20, 20 + more)]
    losses = [loss.unread for loss in shipping.registry.losses(shipper="s")]
    assert losses == ([size] if is_deleted else [])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_one_that_has_grown_since_is_known(make: Make, log: Path, pattern: str) -> None:
    append(log, 0, 10)
    shipping = make(pattern)
    note_unread(shipping)
    append(log, 10, 20)
    rotate(log)
    append(log, 20, 25)
    shipping.start()
    shipping.look()
    assert numbers(shipping) == list(range(25))
    assert shipping.registry.losses(shipper="s") == []


def test_one_that_was_overwritten_unread_is_told(make: Make, log: Path) -> None:
    log.write_text(BANNER)
    append(log, 0, 10)
    size = log.stat().st_size
    shipping = make(multiline="none")
    note_unread(shipping)
    log.write_text(BANNER)
    append(log, 20, 60)
    shipping.start()
    shipping.look()
    assert numbers(shipping) == list(range(20, 60))
    (loss,) = shipping.registry.losses(shipper="s")
    assert (loss.path, loss.unread) == (str(log), size)


@pytest.mark.parametrize("count", [0, 1, 20])
@pytest.mark.parametrize("folder", ["other", "app"])
def test_one_that_was_closed_for_others_and_whose_inode_another_log_has(
    make: Make, tmp_path: Path, folder: str, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the other log is told under its name, and what was not read of it is a loss."""
    logs = tmp_path / "logs"
    for name in ("app", "other", "third"):
        (logs / name).mkdir(parents=True)
    log, other, third = (
        logs / "app" / "app.log",
        logs / folder / "its.log",
        logs / "third" / "t.log",
    )
    log.write_text(lines(0, count))
    third.write_text(lines(50, 60))  # takes the one descriptor that there may be
    shipping = make("*/*.log", open_files=1)
    (source,) = (one for one in shipping.sources.values() if one.path == str(log))
    assert source.file is not None
    assert not source.file.is_open
    size, inode = log.stat().st_size, log.stat().st_ino
    log.rename(other)
    caplog.set_level(logging.INFO)
    give_inode_again(other, inode, lines(100, 130))
    for _ in range(4):
        shipping.look()
    found = {str(event["message"])[-3:].strip(): path_of(event) for event in shipping.events}
    assert found == {
        **{str(number): str(third) for number in range(50, 60)},
        **{str(number): str(other) for number in range(100, 130)},
    }
    losses = [(loss.path, loss.unread) for loss in shipping.registry.losses(shipper="s")]
    assert losses == ([(str(log), size)] if count else [])
    assert "was renamed" not in caplog.text


@pytest.mark.parametrize("name", ["app.log.1", "strange.bak"])
def test_one_that_was_empty_and_closed_for_others_is_read_where_it_was_moved(
    make: Make, log: Path, name: str
) -> None:
    log.touch()
    other = log.with_name("other.log")
    other.write_text(lines(50, 60))
    shipping = make("*.log", open_files=1)
    append(log, 0, 5)
    log.rename(log.with_name(name))
    append(log, 5, 8)
    for _ in range(6):
        shipping.look()
    assert numbers(shipping) == [*range(8), *range(50, 60)]
    assert {path_of(event) for event in shipping.events} == {str(log), str(other)}
    assert shipping.registry.losses(shipper="s") == []


def path_of(event: dict[str, object]) -> str:
    about: Any = event["log"]
    return str(about["file"]["path"])


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_one_that_was_closed_for_others_is_read_where_it_was_moved(
    make: Make, log: Path, pattern: str, is_packed: bool
) -> None:
    """No shipper has ended: too many files are open, and rotation was faster than reading."""
    append(log, 0, 5)
    date(log, seconds_ago=60)
    shipping = make(pattern, open_files=1)
    for source in shipping.sources.values():
        assert source.file is not None
        source.file.may_have_news()
        news_of([source]).keep_in(shipping.registry)
        source.file.close()
    rotate(log)
    append(log, 5, 8)
    if is_packed:
        compress(log.with_name("app.log.1"))
    for _ in range(4):
        shipping.look()
    assert numbers(shipping) == list(range(8))
    assert shipping.registry.losses(shipper="s") == []
