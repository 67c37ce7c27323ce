"""All spools of a shipper: who is woken when something was appended, and what is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from logboom.clock import ManualClock
from logboom.config import FileInput
from shipper.inputs.spool import Spool
from shipper.inputs.spools import Spools
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord


@dataclass
class _Followed:
    """As much of a source as spools ask for."""

    path: str
    acked_offset: int = 0


def make_spool(folder: Path) -> Spool:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    section = FileInput(path=["-"], service="s")
    return Spool(folder, section, clock, max_bytes=10_000, file_bytes=100)


def followed(path: str, acked_offset: int = 0) -> Source:
    return cast("Source", _Followed(path, acked_offset))


def test_a_file_that_is_not_followed_yet_is_told_once_and_its_source_is_woken_then(
    tmp_path: Path,
) -> None:
    one, other = make_spool(tmp_path / "one"), make_spool(tmp_path / "other")
    spools = Spools([one, other])
    woken: list[Source | None] = []
    spools.on_append(woken.append)
    spools.open([])
    receipt = one.append([b"a\n"])
    one.append([b"b\n"])
    assert woken == [None]
    assert (spools.have_new_files(), spools.have_new_files()) == (True, False)
    source, stranger = followed(receipt.path), followed("/var/log/app.log")
    spools.follow([source, stranger])
    one.append([b"c" * 100 + b"\n"])
    assert woken == [None, source]
    assert not spools.have_new_files()
    one.append([b"in a new file\n"])
    assert spools.have_new_files()
    assert spools.hold(receipt.path)
    assert not spools.hold(stranger.path)
    spools.end()


def test_what_was_acknowledged_in_an_earlier_run_is_known_and_deleted(tmp_path: Path) -> None:
    earlier = make_spool(tmp_path)
    earlier.open({})
    receipt = earlier.append([b"a\n", b"b\n"])
    earlier.end()
    spool = make_spool(tmp_path)
    spools = Spools([spool])
    record = SourceRecord(
        id="s", path=receipt.path, family=receipt.path, device=1, inode=1, epoch=0, offset=2,
        prefix=b"", guard=b"", changed_ns=0,
    )  # fmt: skip
    spools.open([record])
    assert spools.waiting_bytes == 2 < spools.size_bytes
    spools.follow([followed(receipt.path, acked_offset=4)])
    assert spool.waiting_bytes == 0
    spools.end()
    assert list(tmp_path.iterdir()) == []
