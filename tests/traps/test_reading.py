"""What is in the files: encodings, NUL bytes, long lines, ends without a line break."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from shipper.events.assembly import Assembled
from shipper.workers.alone import OwnMaker
from tests.traps.conftest import Make
from tests.traps.shipping import MAX_EVENT_BYTES, NOW, append, lines

WORDS = "로그 上上 ਊਊ 줄 {} and some more"
"""Some of these characters hold the byte 0x0A in UTF-16."""


@pytest.mark.parametrize(
    ("encoding", "setting"),
    [
        ("utf-8-sig", {}),
        ("utf-16", {}),
        ("utf-16-le", {"encoding": "utf-16-le"}),
        ("utf-16-le", {"encoding": "utf-16"}),
        ("utf-16-be", {"encoding": "utf-16-be"}),
        ("gb18030", {"encoding": "gb18030"}),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_survive_pieces_and_restarts(
    make: Make, log: Path, encoding: str, setting: dict[str, str], ending: str
) -> None:
    texts = [WORDS.format(number) for number in range(40)]
    raw = "".join(text + ending for text in texts).encode(encoding)
    shipping = make(acknowledge=False, multiline="none", **setting)
    for begin in range(0, len(raw), 333):
        with log.open("ab") as file:
            file.write(raw[begin : begin + 333])
        shipping.look(passing_s=0.3)
    shipping.look()
    assert shipping.texts() == texts
    assert shipping.tags() <= set()
    sent = list(shipping.planned)
    shipping.acknowledge(sent[: len(sent) // 2])
    left = [message.value for batch in sent[len(sent) // 2 :] for message in batch.messages]
    again = shipping.restart()
    assert [message.value for batch in again for message in batch.messages] == left
    (source,) = shipping.sources.values()
    tally = source.tally
    assert tally.lines_read == tally.lines_acked + tally.lines_in_flight == 40


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("euc-kr", "결제가 실패했습니다 7"),
        ("cp949", "똠방각하 7"),
        ("shift_jis", "表示ソース 7"),
        ("latin-1", "Überraschung für 7"),
        ("cp1252", "“quoted” – 7"),
    ],
)
def test_encodings_by_setting(make: Make, log: Path, encoding: str, text: str) -> None:
    log.write_bytes(f"{text}\n{text}8\n".encode(encoding))
    shipping = make(encoding=encoding)
    shipping.look()
    assert shipping.texts() == [text, f"{text}8"]


def test_a_lone_surrogate_and_half_a_unit_are_shown_and_flagged(make: Make, log: Path) -> None:
    log.write_bytes(b"\xff\xfe" + "fine\nbad ".encode("utf-16-le") + b"\x00\xd8" + b"\n\x00x")
    shipping = make()
    shipping.look(passing_s=30)
    shipping.look(passing_s=30)
    assert shipping.texts()[0] == "fine"
    assert "invalid_encoding" in shipping.tags()
    (source,) = shipping.sources.values()
    assert source.acked_offset == log.stat().st_size


@pytest.mark.parametrize("nulls", [1, 300, 4095, 4096])
def test_a_size_that_is_seen_before_the_bytes(make: Make, log: Path, nulls: int) -> None:
    """As over NFS, or in a mapped file: what will be text is NULs for a moment."""
    append(log, 0, 100)
    shipping = make("app.log")
    shipping.look()
    size = log.stat().st_size
    os.truncate(log, size + nulls)
    shipping.look(passing_s=0.3)
    with log.open("r+b") as file:
        file.seek(size)
        file.write(lines(100, 103).encode())
    shipping.look()
    append(log, 103, 104)
    shipping.look()
    numbers = [int(text.rsplit(" ", 1)[1].strip("\0")) for text in shipping.texts()]
    assert numbers == list(range(104))


def test_a_mapped_log_whose_room_is_set_apart(make: Make, log: Path) -> None:
    text, room, size, at = lines(0, 1000).encode(), 16384, 0, 0
    shipping = make("app.log")
    for place in range(20, 1001, 20):
        end = len(lines(0, place))
        while size < end:
            size += room
            os.truncate(log, size) if log.exists() else log.write_bytes(bytes(size))
        with log.open("r+b") as file:
            file.seek(at)
            file.write(text[at:end])
        at = end
        shipping.look()
    os.truncate(log, at)
    shipping.look()
    assert shipping.numbers() == list(range(1000))


def test_a_hole_after_copytruncate_is_skipped_and_counted(make: Make, log: Path) -> None:
    """The writer keeps its place, so that a hole of that size is before its next line."""
    shipping = make()
    with log.open("wb", buffering=0) as writer:
        writer.write(lines(0, 50).encode())
        shipping.look()
        size = writer.tell()
        os.truncate(log, 0)
        shipping.look()
        writer.write(lines(50, 80).encode())
        shipping.look()
    assert shipping.numbers() == list(range(80))
    assert shipping.tags() <= {"unterminated"}
    assert sum(shipping.skipped) == size


@pytest.mark.parametrize("nulls", [1, 3, 100, 4095, 4096, 10_000])
@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_follows_a_hole_of_any_size_is_an_entry_of_its_own(
    make: Make, log: Path, nulls: int, looks: bool, restarts: bool
) -> None:
    shipping = make()
    for number in range(10):
        with log.open("ab") as file:
            file.write(bytes(nulls if number % 3 == 2 else 0) + f"only words {number}\n".encode())
        if looks:
            shipping.look(passing_s=0.3)
        if restarts and number == 5:
            shipping.restart()
    shipping.look()
    assert shipping.texts() == [f"only words {number}" for number in range(10)]
    (source,) = shipping.watcher.sources.values()
    assert source.acked_offset == log.stat().st_size
    assert ("nul_bytes" in shipping.tags()) == (nulls < 4096)


@pytest.mark.parametrize("begin", [b"", lines(0, 3).encode(), b"a line without its end 0"])
def test_a_hole_of_gigabytes_takes_no_memory(make: Make, log: Path, begin: bytes) -> None:
    with log.open("wb") as file:
        file.write(begin)
        file.seek(5 * 2**30)
        file.write(b"\n" + lines(3, 5).encode())
    shipping = make()
    shipping.look(passing_s=30)
    assert shipping.numbers()[-2:] == [3, 4]
    (source,) = shipping.watcher.sources.values()
    assert sum(shipping.skipped) == 5 * 2**30 - len(begin)
    assert source.acked_offset == log.stat().st_size
    assert all(len(text) < 100 for text in shipping.texts())


def test_room_that_was_set_apart_is_read_as_it_is_filled(make: Make, log: Path) -> None:
    log.write_bytes(bytes(100_000))
    shipping = make()
    text = lines(0, 20).encode()
    for begin in range(0, len(text), 250):
        with log.open("r+b") as file:
            file.seek(begin)
            file.write(text[begin : begin + 250])
        shipping.look(passing_s=0.3)
    shipping.look()
    assert shipping.numbers() == list(range(20))


def test_one_huge_line_does_not_stop_the_file(make: Make, log: Path) -> None:
    with log.open("wb") as file:
        for _ in range(25):
            file.write(b"x" * 2**20)
        file.write(b"\n" + lines(0, 3).encode())
    shipping = make()
    longest = 0
    deliver = shipping.deliver

    async def measured(assembled) -> None:  # type: ignore[no-untyped-def]
        nonlocal longest
        (source,) = shipping.watcher.sources.values()
        longest = max(longest, len(source.pending))
        await deliver(assembled)

    shipping.reader._maker = OwnMaker(measured)
    shipping.look()
    assert shipping.texts()[-1].endswith("line number 2")
    assert "truncated" in shipping.tags()
    assert sum(len(text) for text in shipping.texts()[:-3]) == 25 * 2**20
    assert longest <= 3 * MAX_EVENT_BYTES


def test_small_files_are_read_and_known_again(make: Make, log: Path) -> None:
    log.write_text("a\n")
    log.with_name("empty.log").touch()
    shipping = make()
    shipping.look()
    shipping.restart()
    with log.open("a") as file:
        file.write("b\n")
    shipping.look()
    assert shipping.texts() == ["a", "b"]


def test_the_last_line_without_its_end_is_sent_and_flagged(make: Make, log: Path) -> None:
    log.write_text("first 0\nlast 1")
    shipping = make(multiline="none")
    shipping.look(passing_s=1)
    assert shipping.texts() == ["first 0"]
    (source,) = shipping.sources.values()
    assert source.acked_offset == len("first 0\n")
    shipping.look(passing_s=9)
    assert shipping.texts() == ["first 0", "last 1"]
    assert "unterminated" in shipping.tags()


def test_beginning_at_the_end_counts_for_files_of_the_very_first_start(
    make: Make, log: Path
) -> None:
    append(log, 0, 10)
    shipping = make(start="end")
    append(log.with_name("later.log"), 20, 30)
    append(log, 10, 15)
    shipping.look()
    assert shipping.numbers() == [*range(10, 15), *range(20, 30)]


def test_files_that_are_older_than_the_start_begin_at_their_end(make: Make, log: Path) -> None:
    now_s = NOW.timestamp()
    append(log, 0, 10)
    os.utime(log, (now_s, now_s - timedelta(hours=23).total_seconds()))
    old = log.with_name("old.log")
    append(old, 20, 30)
    os.utime(old, (now_s, now_s - timedelta(hours=25).total_seconds()))
    shipping = make(start="24h")
    shipping.look()
    assert shipping.numbers() == list(range(10))
    append(old, 30, 35)
    shipping.look()
    assert shipping.numbers() == [*range(10), *range(30, 35)]


def test_files_in_a_read_only_folder_through_links_and_without_the_excluded(
    make: Make, log: Path, tmp_path: Path
) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    append(real / "app.log", 0, 5)
    append(log.with_name("debug.log"), 90, 95)
    log.symlink_to(real / "app.log")
    real.chmod(0o500)
    shipping = make(exclude=["debug*"])
    shipping.look()
    assert shipping.numbers() == list(range(5))
    real.chmod(0o700)
    (real / "new.log").write_text(lines(5, 9))
    (real / "new.log").rename(real / "app.log")
    shipping.look()
    assert shipping.numbers() == list(range(9))


def test_more_files_than_may_be_open_are_read_with_no_more_descriptors(
    make: Make, log: Path
) -> None:
    for number in range(20):
        append(log.with_name(f"x{number}y.log"), number, number + 1)
    shipping = make(open_files=6)
    most = 0
    deliver = shipping.deliver

    async def counted(assembled: Assembled) -> None:
        nonlocal most
        most = max(most, open_in(log.parent))
        await deliver(assembled)

    shipping.reader._maker = OwnMaker(counted)
    shipping.look()
    for number in range(20):
        append(log.with_name(f"x{number}y.log"), 100 + number, 101 + number)
    shipping.look(passing_s=60)
    assert shipping.numbers() == [*range(20), *range(100, 120)]
    assert 0 < most <= 6
    assert open_in(log.parent) <= 6


def open_in(folder: Path) -> int:
    """How many descriptors of ours lead into a folder."""
    links = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return sum(link.startswith(f"{folder}/") for link in links)
