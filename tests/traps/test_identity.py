"""Which file is which: alike, truncated, rotated, deleted, with inodes that are used again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from logboom.config import FileInput
from shipper.reading.noting import news_of
from tests.traps.conftest import Make
from tests.traps.shipping import NOW, Shipping, append, lines, long_lines

BANNER = "".join(f"# every log begins with this line, and it is number {n}\n" for n in range(40))
PATTERNS = ["app.log", "app.log*", "*"]


def rotate(log: Path) -> None:
    for number in range(8, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def copy_and_truncate(log: Path) -> None:
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


@pytest.mark.parametrize("open_files", [1, 512])
def test_files_that_begin_alike_are_several(make: Make, log: Path, open_files: int) -> None:
    for number in range(3):
        path = log.with_name(f"app{number}x.log")
        path.write_text(BANNER)
        append(path, number * 10, number * 10 + 10)
    shipping = make(open_files=open_files, multiline="none")
    shipping.look()
    shipping.restart()
    append(log.with_name("app1x.log"), 30, 35)
    shipping.look()
    wanted = [str(n) for n in range(35)]
    found = [text.rsplit(" ", 1)[1] for text in shipping.texts() if not text.startswith("#")]
    assert sorted(found, key=int) == wanted


@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("more", [5, 60])
def test_truncated_and_then_shorter_or_grown_past_the_old_place(
    make: Make, log: Path, open_files: int, is_down: bool, more: int
) -> None:
    append(log.with_name("other.log"), 500, 501)
    append(log, 0, 30)
    shipping = make(open_files=open_files)
    shipping.look()
    with shipping.unwatched(is_down=is_down):
        log.write_text(lines(100, 100 + more))
    shipping.look()
    assert shipping.numbers() == [*range(30), *range(100, 100 + more), 500]
    assert shipping.registry.losses(shipper="s") == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_inode_that_is_used_again_skips_nothing(make: Make, log: Path, pattern: str) -> None:
    shipping = make(pattern)
    append(log, 0, 50)
    shipping.look()
    inode = log.stat().st_ino
    shipping.stop()
    for attempt in range(200):
        log.unlink(missing_ok=True)
        log.write_text(lines(100, 180))
        if log.stat().st_ino == inode:
            break
        log.rename(log.with_name(f".keep{attempt}"))
    shipping.start()
    shipping.look()
    assert shipping.numbers() == [*range(50), *range(100, 180)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("open_files", [1, 512])
def test_rotated_several_times_while_the_shipper_was_down(
    make: Make, log: Path, pattern: str, open_files: int
) -> None:
    shipping = make(pattern, open_files=open_files)
    append(log, 0, 50)
    shipping.look()
    shipping.stop()
    append(log, 50, 80)
    for turn in range(3):
        os.utime(log, ns=(0, 1_763_000_000_000_000_000 + turn * 10**9))
        rotate(log)
        append(log, 80 + turn * 10, 90 + turn * 10)
    shipping.start()
    shipping.look()
    assert shipping.numbers() == list(range(110))


def note_unread(shipping: Shipping) -> None:
    """The shipper notes what it found, and ends before it reads any of it."""
    for source in shipping.sources.values():
        assert source.file is not None
        source.file.may_have_news()
    news_of(shipping.sources.values()).keep_in(shipping.registry)
    shipping.stop()


def date(log: Path, *, seconds_ago: int) -> None:
    changed = NOW.timestamp() - seconds_ago
    os.utime(log, (changed, changed))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("count", [1, 4])
def test_an_unread_file_is_found_behind_one_that_begins_alike(
    make: Make, log: Path, pattern: str, count: int
) -> None:
    append(log, 0, 1)
    date(log, seconds_ago=60)
    shipping = make(pattern)
    note_unread(shipping)
    rotate(log)
    append(log, 0, count)
    date(log, seconds_ago=30)
    shipping.start()
    shipping.look()
    assert shipping.numbers() == [0, *range(count)]
    assert shipping.registry.losses(shipper="s") == []


def test_one_that_begins_alike_does_not_hide_that_an_unread_file_was_deleted(
    make: Make, log: Path
) -> None:
    append(log, 0, 1)
    size = log.stat().st_size
    date(log, seconds_ago=60)
    shipping = make("app.log")
    note_unread(shipping)
    rotate(log)
    append(log, 0, 4)
    log.with_name("app.log.1").unlink()
    shipping.start()
    shipping.look()
    assert shipping.numbers() == list(range(4))
    (loss,) = shipping.registry.losses(shipper="s")
    assert (loss.path, loss.unread) == (str(log), size)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("open_files", [1, 512])
def test_the_writer_keeps_the_old_file_after_a_rename(
    make: Make, log: Path, pattern: str, open_files: int
) -> None:
    shipping = make(pattern, open_files=open_files)
    append(log.with_name("another.log"), 900, 901)
    with log.open("a") as writer:
        writer.write(lines(0, 10))
        writer.flush()
        shipping.look()
        rotate(log)
        append(log, 20, 25)
        shipping.look()
        writer.write(lines(10, 20))
        writer.flush()
        shipping.look()
    expected = [*range(25), 900] if pattern == "*" else list(range(25))
    assert shipping.numbers() == expected


def test_a_writer_without_another_file_may_be_silent_for_long_after_a_rename(
    make: Make, log: Path
) -> None:
    shipping = make("app.log")
    with log.open("a") as writer:
        writer.write(lines(0, 10))
        writer.flush()
        shipping.look()
        rotate(log)
        shipping.look(passing_s=900)
        writer.write(lines(10, 20))
        writer.flush()
        shipping.look()
    append(log, 20, 25)
    shipping.look(passing_s=900)
    assert shipping.numbers() == list(range(25))
    assert [source.path for source in shipping.watcher.sources.values()] == [str(log)]
    rotate(log)
    shipping.look(passing_s=100_000)
    shipping.look(passing_s=100_000)
    assert not shipping.watcher.sources


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_renamed_before_the_first_read_while_closed(make: Make, log: Path, pattern: str) -> None:
    shipping = make(pattern, open_files=1)
    append(log, 0, 5)
    (source,) = shipping.watcher.scan()
    shipping.sources[source.id] = source
    assert source.file is not None
    source.file.close()
    rotate(log)
    append(log, 5, 8)
    shipping.look()
    assert shipping.numbers() == list(range(8))


def test_a_file_that_was_deleted_while_open_is_read_to_its_end(make: Make, log: Path) -> None:
    shipping = make()
    with log.open("a") as writer:
        writer.write(lines(0, 10))
        writer.flush()
        shipping.look()
        log.unlink()
        writer.write(lines(10, 20))
        writer.flush()
        shipping.look(passing_s=3)
    shipping.look(passing_s=30)
    assert shipping.numbers() == list(range(20))
    assert not shipping.watcher.sources


@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("by_copy", [True, False])
def test_many_rotations_with_few_open_files(
    make: Make, log: Path, open_files: int, by_copy: bool
) -> None:
    shipping = make("*", open_files=open_files)
    for number in range(5):
        append(log.with_name(f"noise{number}x.log"), 1000 + number, 1001 + number)
    for turn in range(5):
        append(log, turn * 20, turn * 20 + 15)
        shipping.look()
        append(log, turn * 20 + 15, turn * 20 + 20)
        if by_copy:
            for number in range(8, 0, -1):
                older = log.with_name(f"app.log.{number}")
                if older.exists():
                    older.rename(log.with_name(f"app.log.{number + 1}"))
            copy_and_truncate(log)
        else:
            rotate(log)
        if turn == 3:
            shipping.restart()
        shipping.look()
        assert len(shipping.watcher._opener._handles) <= max(2 * open_files, 2)
    assert shipping.numbers() == [*range(100), *range(1000, 1005)]


@pytest.mark.parametrize("setting", [{"path": "app.log"}, {"path": "*.log", "exclude": ["x*"]}])
def test_another_glob_reads_nothing_again(
    make: Make, log: Path, tmp_path: Path, setting: dict[str, object]
) -> None:
    append(log, 0, 20)
    shipping = make()
    shipping.look()
    shipping.stop()
    path = str(tmp_path / "logs" / str(setting["path"]))
    shipping.section = FileInput.model_validate({**setting, "path": path})
    append(log, 20, 25)
    shipping.start()
    shipping.look()
    assert shipping.numbers() == list(range(25))


def test_a_registry_on_another_machine_goes_on(make: Make, log: Path) -> None:
    """There every inode is another one."""
    append(log, 0, 20)
    shipping = make()
    shipping.look()
    shipping.stop()
    copy = log.with_name(".copy")
    shutil.copyfile(log, copy)
    log.unlink()
    copy.rename(log)
    append(log, 20, 25)
    shipping.start()
    shipping.look()
    assert shipping.numbers() == list(range(25))


def test_the_rest_of_the_rotated_file_comes_before_the_new_one(make: Make, log: Path) -> None:
    log.write_text(long_lines(0, 2000))
    shipping = make("app.log*")
    os.utime(log, ns=(0, 1_763_000_000_000_000_000))
    rotate(log)
    append(log, 2000, 2010)
    shipping.look()
    found = [int(text.rsplit(" ", 1)[1]) for text in shipping.texts()]
    assert found == list(range(2010))


def test_a_busy_file_does_not_starve_the_others(make: Make, log: Path) -> None:
    log.with_name("busy.log").write_text(long_lines(0, 3000))
    log.write_text(long_lines(0, 1000))
    append(log.with_name("zz.log"), 0, 10)
    shipping = make()
    shipping.look()
    first = {name: shipping.order.index(name) for name in ("busy.log", "app.log", "zz.log")}
    last_of_busy = len(shipping.order) - 1 - shipping.order[::-1].index("busy.log")
    assert max(first.values()) < last_of_busy
    assert max(first.values()) <= 2


@pytest.mark.parametrize("is_rotated", [False, True])
def test_logs_that_differ_by_a_number_wait_for_each_other_only_beside_a_log_without(
    make: Make, log: Path, is_rotated: bool
) -> None:
    older, newer = log.with_name("app-1.log"), log.with_name("app-2.log")
    older.write_text(long_lines(0, 3000))
    os.utime(older, ns=(0, 1_763_000_000_000_000_000))
    append(newer, 0, 10)
    if is_rotated:
        append(log, 0, 10)
    shipping = make()
    shipping.look()
    is_after = shipping.order.index("app-2.log") > shipping.order.count("app-1.log") - 1
    assert is_after == is_rotated


def test_a_restart_with_thousands_of_files_lists_their_folder_a_few_times(
    make: Make, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        append(log.with_name(f"app-{number}.log"), number, number + 1)
    shipping = make()
    shipping.look()
    listed: list[object] = []
    scan = os.listdir

    def listing(folder: str) -> list[str]:
        listed.append(folder)
        return scan(folder)

    monkeypatch.setattr(os, "listdir", listing)
    shipping.restart()
    assert len(listed) <= 5
    assert shipping.numbers() == list(range(300))


@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("has_next", [True, False])
@pytest.mark.parametrize("name", ["app.log_old", "app-old.log", "kept", "app-web1.log"])
@pytest.mark.parametrize("open_files", [1, 512])
def test_a_log_that_was_renamed_to_any_name(
    make: Make, log: Path, name: str, *, has_next: bool, is_down: bool, open_files: int
) -> None:
    append(log, 0, 200)
    others = [log.parent / f"other{number}" / "app.log" for number in range(3)]
    for other in others:
        other.parent.mkdir()
        append(other, 1000, 1001)
    shipping = make("**/app.log", open_files=open_files)
    shipping.look()
    with shipping.unwatched(is_down=is_down):
        append(log, 200, 300)
        log.rename(log.with_name(name))
        if has_next:
            append(log, 500, 550)
        for other in others:
            append(other, 1001, 1002)
    for _ in range(3):
        shipping.look()
    expected = [*range(300), *(range(500, 550) if has_next else ())]
    assert sorted(shipping.numbers()) == [*expected, *[1000] * 3, *[1001] * 3]
