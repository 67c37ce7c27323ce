"""A spool keeps what was received until it is acknowledged: bounded, whole, and not longer."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.clock import ManualClock
from logboom.config import FileInput
from logboom.errors import SpoolFull
from shipper.files.discovery import find_files
from shipper.inputs.envelopes import envelope
from shipper.inputs.spool import Spool
from shipper.reading.sources import Source


@dataclass
class _Acked:
    """As much of a source as a spool asks for."""

    path: str
    acked_offset: int


def settle(spool: Spool, path: str, acked_offset: int) -> None:
    spool.settled(cast("Source", _Acked(path, acked_offset)))


def make_spool(
    folder: Path, *, max_bytes: int = 10_000, file_bytes: int = 100, joins_lines: bool = False
) -> Spool:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    section = FileInput(path=["-"], service="s")
    return Spool(
        folder, section, clock, max_bytes=max_bytes, file_bytes=file_bytes, joins_lines=joins_lines
    )


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = make_spool(tmp_path / "in[1]")
    made.open({})
    yield made
    made.end()


def contents(spool: Spool) -> list[bytes]:
    return [Path(path).read_bytes() for path, _ in sorted(find_files(spool.files))]


def test_what_is_appended_is_in_a_file_that_nobody_else_may_read(spool: Spool) -> None:
    receipt = spool.append([b"a\n", b"b\n"])
    assert contents(spool) == [b"a\nb\n"]
    assert receipt.end == 4
    assert Path(receipt.path).stat().st_mode & 0o777 == 0o600
    assert Path(receipt.path).parent.stat().st_mode & 0o777 == 0o700


def test_a_full_file_is_followed_by_another_and_deleted_when_acknowledged(spool: Spool) -> None:
    first = spool.append([b"x" * 99 + b"\n"])
    second = spool.append([b"y\n"])
    assert first.path < second.path
    settle(spool, first.path, 99)
    spool.tidy()
    assert len(contents(spool)) == 2
    settle(spool, first.path, 100)
    settle(spool, second.path, 2)
    spool.tidy()
    assert contents(spool) == [b"y\n"]


def test_a_file_of_lines_that_may_be_joined_is_ended_only_when_all_is_acknowledged(
    tmp_path: Path,
) -> None:
    spool = make_spool(tmp_path, joins_lines=True)
    spool.open({})
    first = spool.append([b"x" * 120 + b"\n"])
    assert spool.append([b" at y"]).path == first.path
    settle(spool, first.path, 126)
    assert spool.append([b"()\n"]).path == first.path
    settle(spool, first.path, 129)
    assert spool.append([b"z\n"]).path != first.path
    spool.end()


async def test_who_waits_is_told_when_the_broker_has_it(spool: Spool) -> None:
    receipts = [spool.append([b"%d\n" % number]) for number in range(3)]
    waits = [asyncio.ensure_future(spool.acknowledged(receipt)) for receipt in receipts]
    await asyncio.sleep(0)
    settle(spool, receipts[0].path, 5)
    done, waiting = await asyncio.wait(waits, timeout=0)
    assert (len(done), len(waiting)) == (2, 1)
    waits[2].cancel()
    settle(spool, receipts[0].path, 6)
    await spool.acknowledged(receipts[2])
    assert spool.waiting_bytes == 0


async def test_a_bound_that_is_reached_pushes_back_until_something_is_acknowledged(
    tmp_path: Path,
) -> None:
    spool = make_spool(tmp_path, max_bytes=10)
    spool.open({})
    receipt = spool.append([b"12345678\n"])
    with pytest.raises(SpoolFull, match="is full: 10 bytes may wait"):
        spool.append([b"abc\n"])
    assert "is full" in (spool.trouble or "")
    waiting = asyncio.ensure_future(spool.room())
    await asyncio.sleep(0)
    settle(spool, receipt.path, 9)
    await waiting
    assert spool.trouble is None
    spool.append([b"abc\n"])
    assert contents(spool) == [b"12345678\nabc\n"]
    spool.end()


def test_one_record_beyond_the_bound_is_taken_when_nothing_waits(tmp_path: Path) -> None:
    spool = make_spool(tmp_path, max_bytes=4)
    spool.open({})
    assert spool.append([b"123456\n"]).end == 7
    spool.end()


def test_a_full_disk_leaves_no_part_of_a_record(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.open({})
    spool.append([b"whole\n"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(SpoolFull, match=os.strerror(errno.EFBIG)):
            spool.append([b"does not fit\n"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written" in (spool.trouble or "")
    assert contents(spool) == [b"whole\n"]
    assert spool.append([b"does fit\n"]).end == 15
    assert spool.trouble is None
    spool.end()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolFull, match="cannot be written: Not a directory"):
        make_spool(tmp_path / "file" / "spool").open({})


def test_files_of_earlier_runs_are_kept_until_they_are_acknowledged(tmp_path: Path) -> None:
    earlier = make_spool(tmp_path)
    earlier.open({})
    receipt = earlier.append([b"one\n", b"two\n"])
    earlier.end()
    spool = make_spool(tmp_path)
    spool.open({receipt.path: 4})
    assert spool.waiting_bytes == 4
    assert spool.append([b"three\n"]).path > receipt.path
    settle(spool, receipt.path, 8)
    spool.tidy()
    assert contents(spool) == [b"three\n"]
    spool.end()


@given(
    torn=st.binary(max_size=300).filter(lambda data: b"\n" not in data),
    zeros=st.integers(0, 70_000),
)
def test_a_torn_record_is_cut_off_after_a_crash(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes, zeros: int
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    (folder / "00001.spool").write_bytes(b"one\ntwo\n" + torn + b"\0" * zeros)
    spool = make_spool(folder)
    spool.open({str(folder / "00001.spool"): 4})
    assert contents(spool)[0] == b"one\ntwo\n"
    assert spool.waiting_bytes == 4
    spool.end()


def test_a_piece_without_a_line_break_is_no_torn_record_of_joined_lines(tmp_path: Path) -> None:
    (tmp_path / "00001.spool").write_bytes(b"one\ntw")
    spool = make_spool(tmp_path, joins_lines=True)
    spool.open({})
    assert contents(spool)[0] == b"one\ntw"
    spool.end()


def test_a_file_that_a_power_cut_made_shorter_than_its_checkpoint_is_not_sent_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "00001.spool").write_bytes(b"one\n")
    spool = make_spool(tmp_path)
    spool.open({str(tmp_path / "00001.spool"): 8})
    assert contents(spool) == [b""]
    spool.end()


async def test_syncing_is_no_hindrance(spool: Spool) -> None:
    spool.append([b"x" * 100 + b"\n"])
    spool.append([b"y\n"])
    await spool.sync()
    await spool.sync()
    assert spool.trouble is None


@given(text=st.text(st.characters(codec=None)), name=st.text(st.characters(codec=None), min_size=1))
def test_any_text_becomes_one_line(text: str, name: str) -> None:
    record = envelope(text, {name: text, "n": 2**70})
    assert record.endswith(b"\n")
    assert record.count(b"\n") == 1
    assert orjson.loads(record)["fields"]["n"] == str(2**70)


def test_an_envelope_is_the_text_and_what_is_known_of_it() -> None:
    record = orjson.loads(envelope("a\nb", {"host.name": "h"}, "stdout"))
    assert record == {"text": "a\nb", "stream": "stdout", "fields": {"host.name": "h"}}
