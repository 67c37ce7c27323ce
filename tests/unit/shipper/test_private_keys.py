"""A private key that is in a log over several lines is one event, and nothing of it is left."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler
from shipper.events.preceding import Preceding
from shipper.files.followed import FollowedFile
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord

READ_NS = 1_795_246_020_116_000_000


def key(kind: str = "RSA PRIVATE KEY", size: int = 600) -> list[str]:
    """The lines of something that looks like a key."""
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(size // 32))
    body = base64.b64encode(data + b"xy").decode()
    lines = [body[place : place + 64] for place in range(0, len(body), 64)]
    return [f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"]


def events_of(lines: list[str], **settings: Any) -> list[dict[str, Any]]:
    assembler = Assembler(
        FileInput(path=["x"], **settings), source="s", run=source_run("s", 0), epoch=0,
        path="/var/log/app.log", max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip
    data = "".join(f"{line}\n" for line in lines).encode()
    made = assembler.assemble(data, offset=0, read_ns=READ_NS, ended=True)
    assert made.consumed == len(data)
    return [orjson.loads(message.value) for message in made.messages]


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"])
@pytest.mark.parametrize("before", ["starting", "read this: "])
def test_in_plain_lines(kind: str, before: str) -> None:
    first, *rest = key(kind)
    lines = [before + first, *rest] if before.endswith(" ") else [before, first, *rest]
    found = events_of([*lines, "going on", "and on"])
    assert [event["message"] for event in found][-2:] == ["going on", "and on"]
    (redacted,) = (e for e in found if "redacted:private_key" in e.get("tags", ()))
    assert redacted["message"] == f"{before if before.endswith(' ') else ''}[redacted]"


def test_behind_an_entry_with_a_time() -> None:
    lines = ["2026-11-21T06:24:28.123Z INFO shop - the key", *key()]
    (event,) = events_of(lines)
    assert event["message"] == "the key\n[redacted]"


def test_a_key_with_headers_and_a_password() -> None:
    first, *rest = key()
    (event,) = events_of([first, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,7A", "", *rest])
    assert event["message"] == "[redacted]"


def test_where_each_line_is_an_event_of_its_own() -> None:
    lines = key()
    found = [event["message"] for event in events_of(lines, multiline="none")]
    assert found[:-2] == ["[redacted]"] * (len(lines) - 2)


def test_a_key_without_an_end_does_not_swallow_the_log() -> None:
    found = events_of([*key()[:-1], *(["word"] * 500)])
    assert len(found) > 250
    assert found[-1]["message"] == "word"


def test_a_key_without_an_end_ends_where_something_else_begins() -> None:
    found = [event["message"] for event in events_of([*key()[:-1], "a line of words, really"])]
    assert found == ["[redacted]", "a line of words, really"]


def stamped(lines: list[str]) -> list[str]:
    """Each line as a logger writes it that knows nothing of lines before."""
    return [f"2026-11-21T06:24:{n % 60:02}.123Z INFO shop - {line}" for n, line in enumerate(lines)]


def as_objects(lines: list[str]) -> list[str]:
    return [
        orjson.dumps({"@timestamp": "2026-11-21T06:24:28.123Z", "message": line}).decode()
        for line in lines
    ]


def secrets_in(found: list[dict[str, Any]], lines: list[str]) -> list[str]:
    """The key's own lines that are left somewhere in the events."""
    whole = orjson.dumps(found).decode()
    return [line for line in lines if line in whole]


@pytest.mark.parametrize("written", [stamped, as_objects])
@pytest.mark.parametrize("size", [600, 1190, 1217])
def test_where_each_line_has_a_time_of_its_own(written: Any, size: int) -> None:
    lines = key(size=size)
    around = [
        *(f"order number {n} was handled" for n in range(60)),
        *lines,
        "all is well",
        "and so on",
    ]
    found = events_of(written(around))
    assert secrets_in(found, lines[1:-1]) == []
    assert [event["message"] for event in found][-2:] == ["all is well", "and so on"]
    redacted = [e for e in found if "redacted:private_key" in e.get("tags", ())]
    assert len(redacted) == len(lines) - 1
    assert all(event["message"] == "[redacted]" for event in redacted)


def test_other_lines_between_those_of_a_key_stay() -> None:
    lines = key()
    mixed = [part for line in lines for part in (line, "order number 17 was handled")]
    found = events_of(stamped(mixed))
    assert secrets_in(found, lines[1:-1]) == []
    told = [event["message"] for event in found]
    assert told.count("order number 17 was handled") == len(lines)


def test_a_key_without_an_end_is_not_looked_for_without_an_end() -> None:
    long_name = "A1b" * 20
    found = events_of(stamped([*key()[:-1], *([f"see {long_name}"] * 1_000)]))
    told = [event["message"] for event in found]
    assert told[-1] == f"see {long_name}"
    assert 300 < told.count("see [redacted]") < 500


@pytest.mark.parametrize("is_restart", [False, True])
@pytest.mark.parametrize("written", [stamped, as_objects])
def test_a_key_that_is_cut_by_the_end_of_a_buffer(written: Any, is_restart: bool) -> None:
    lines = key()
    data = "".join(f"{line}\n" for line in written([*(["before"] * 50), *lines, "behind"])).encode()
    cut = data.index(lines[4].encode())
    cut = data.rindex(b"\n", 0, cut) + 1

    def assembler() -> Assembler:
        return Assembler(
            FileInput(path=["x"]), source="s", run=source_run("s", 0), epoch=0,
            path="/var/log/app.log", max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
            preceding=lambda: Preceding.of(lambda length, place: data[place:][:length], cut),
        )  # fmt: skip

    first = assembler()
    one = first.assemble(data[:cut], offset=0, read_ns=READ_NS, ended=True)
    second = assembler() if is_restart else first
    two = second.assemble(data[cut:], offset=cut, read_ns=READ_NS, ended=True)
    found = [orjson.loads(message.value) for made in (one, two) for message in made.messages]
    assert secrets_in(found, lines[1:-1]) == []
    assert found[-1]["message"] == "behind"


def read_on(path: Path, offset: int) -> list[dict[str, Any]]:
    """The events behind a place of a file, as a shipper makes them after a restart."""

    def assembler(source: Source, _epoch: int) -> Assembler:
        return Assembler(
            source.section, source="s", run=source_run("s", 0), epoch=0, path=source.path,
            max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
            preceding=source.preceding,
        )  # fmt: skip

    record = SourceRecord(
        id="s", path=str(path), family=str(path), device=0, inode=0, epoch=0, offset=offset,
        prefix=b"", guard=b"", changed_ns=READ_NS,
    )  # fmt: skip
    source = Source(record, FileInput(path=["x"]), assembler)
    source.file = FollowedFile(str(path), offset)
    behind = path.read_bytes()[offset:]
    assembled = source.assembler.assemble(behind, offset=offset, read_ns=READ_NS, ended=True)
    source.close()
    return [orjson.loads(message.value) for message in assembled.messages]


@pytest.mark.parametrize("cut_at", [3_000, 60_000, 65_500, 70_000, 100_000, 131_000, 200_000])
def test_a_key_that_a_restart_cuts_is_found_at_any_place(tmp_path: Path, cut_at: int) -> None:
    lines = key()
    first, *rest = stamped(lines)
    ordinary = stamped(["order number 17 was handled"])
    before = "".join(f"{line}\n" for line in ordinary * (cut_at // len(ordinary[0]) - 1))
    log = tmp_path / "app.log"
    log.write_text(before + "".join(f"{line}\n" for line in [first, *rest, *ordinary]))
    found = read_on(log, len(f"{before}{first}\n"))
    assert len(found) == len(rest) + 1
    assert secrets_in(found, lines[1:-1]) == []


def test_a_key_far_before_the_place_is_not_right_before_it(tmp_path: Path) -> None:
    log, name = tmp_path / "app.log", "A1b" * 20
    first, last = stamped([key()[0], f"see {name}"])
    ordinary = "".join(f"{line}\n" for line in stamped([f"{'order ' * 100} was handled"]))
    head = f"{ordinary * 100}{first}\n"
    behind = ordinary * 600
    log.write_text(f"{head}{behind}{last}\n")
    (event,) = read_on(log, len(head + behind))
    assert event["message"] == f"see {name}"
