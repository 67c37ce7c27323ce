"""Lines that wrap lines of several streams: each stream is joined on its own."""

from __future__ import annotations

from datetime import timedelta

import orjson

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.assembly import Assembler
from shipper.framing import make_framing

READ_NS = 1_795_246_020_116_000_000


def envelope(text: str, stream: str | None, **fields: object) -> bytes:
    return orjson.dumps({"text": text, "stream": stream, "fields": fields}) + b"\n"


def assembler() -> Assembler:
    return Assembler(
        FileInput(path=["x"], format="envelope"), source="s", run=source_run("s", 0), epoch=0,
        path="/spool/1.log", max_event_bytes=2000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip


MIXED = b"".join((
    envelope("2026-11-21 06:24:28 ERROR a - failed", "out"),
    envelope("2026-11-21 06:24:28 WARN b - slow", "err"),
    envelope("java.lang.IllegalStateException: no", "out"),
    envelope("alone\nof two lines", None),
    envelope("\tat com.acme.Pay.run(Pay.java:17)", "out"),
    envelope("    more of b", "err"),
))  # fmt: skip


def test_lines_of_one_stream_are_joined_over_those_of_others() -> None:
    framing = make_framing(FileInput(path=["x"], format="envelope"), max_event_bytes=2000)
    frames = framing.cut(MIXED, ended=True)
    assert frames.texts == [
        (
            "2026-11-21 06:24:28 ERROR a - failed\njava.lang.IllegalStateException: no\n"
            "\tat com.acme.Pay.run(Pay.java:17)"
        ),
        "2026-11-21 06:24:28 WARN b - slow\n    more of b",
        "alone\nof two lines",
    ]
    assert frames.lines == [3, 2, 1]
    assert frames.consumed == len(MIXED)
    again = framing.cut_again(MIXED, zip(frames.starts, frames.ends, strict=True))
    assert (again.texts, again.fields) == (frames.texts, frames.fields)


def test_nothing_is_consumed_that_an_open_event_encloses() -> None:
    framing = make_framing(FileInput(path=["x"], format="envelope"), max_event_bytes=2000)
    assert framing.cut(MIXED, ended=False).consumed == 0
    alone = envelope("a", None) + envelope("b", None)
    assert framing.cut(alone + MIXED, ended=False).consumed == len(alone)


def test_a_wrapper_fills_in_what_the_text_does_not_say() -> None:
    lines = envelope(
        "hello", None,
        **{"@timestamp": "2026-11-20T01:02:03Z", "log.level": "warn", "host.name": "web-1",
           "process.pid": 7, "colour": "red", "log.offset": 99, "password": "hunter22"},
    ) + envelope('{"time":"2026-11-21T06:24:28Z","level":"error","msg":"m"}', None,
                 **{"@timestamp": 1, "log.level": "info", "host.name": "web-2"})  # fmt: skip
    made = assembler().assemble(lines, offset=0, read_ns=READ_NS, ended=True)
    first, second = (orjson.loads(message.value) for message in made.messages)
    assert first["@timestamp"] == "2026-11-20T01:02:03.000Z"
    assert (first["log"]["level"], first["log"]["offset"]) == ("warn", 0)
    assert (first["host"]["name"], first["process"]["pid"]) == ("web-1", 7)
    assert first["attributes"]["colour"] == "red"
    assert "hunter22" not in str(first)
    assert second["@timestamp"] == "2026-11-21T06:24:28.000Z"
    assert (second["log"]["level"], second["host"]["name"]) == ("error", "web-2")
    assert made.segment is not None
    again = assembler().assemble_again(made.segment, lines)
    assert [message.value for message in again] == [message.value for message in made.messages]
