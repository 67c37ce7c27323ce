"""A private key that is in a log over several lines is one event, and nothing of it is left."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler

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
