"""What is known of a resting file is not asked again; what is new of it is never passed over."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.events.assembly import Assembler
from shipper.files.followed import FollowedFile
from shipper.files.identity import fingerprint
from shipper.reading.noting import news_of
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord

LINE = b"one line of a log\n"
STEPS = st.lists(st.sampled_from(["write", "look", "read", "ack", "note"]), max_size=30)


def unused(_source: Source, _epoch: int) -> Assembler:
    raise AssertionError("no events are made here")


def followed(path: Path) -> Source:
    path.write_bytes(LINE)
    status = path.stat()
    record = SourceRecord(
        "s", str(path), str(path), status.st_dev, status.st_ino, 0, 0, fingerprint(b""), b"", 0
    )
    source = Source(record, FileInput(path=str(path)), unused)
    source.file = FollowedFile(str(path), 0)
    return source


def take_step(source: Source, step: str) -> None:
    assert source.file is not None
    if step == "write":
        with Path(source.path).open("ab") as file:
            file.write(LINE)
    elif step == "look":
        source.file.may_have_news()
    elif step == "read":
        source.pending += source.file.read(2 * len(LINE)).data
    elif step == "ack":
        source.pending_offset += len(source.pending)
        source.pending = b""
        source.acked_offset = source.pending_offset
    else:
        news_of([source])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_a_file_that_is_passed_over_has_nothing_new(tmp_path: Path, steps: list[str]) -> None:
    source = followed(tmp_path / "app.log")
    try:
        for step in steps:
            take_step(source, step)
        if source.is_noted:
            assert source.better_prefix() is None
            assert source.farther_seen() is None
    finally:
        source.close()


def test_a_file_at_rest_is_passed_over_until_it_grows(tmp_path: Path) -> None:
    source = followed(tmp_path / "app.log")
    for step in ("look", "read", "ack"):
        take_step(source, step)
    passed_over = [source.is_noted]
    assert news_of([source]).prefixes
    passed_over.append(source.is_noted)
    for step in ("write", "look"):
        take_step(source, step)
    passed_over.append(source.is_noted)
    assert passed_over == [False, True, False]
    assert news_of([source]).seen == {"s": 2 * len(LINE)}
    source.close()
