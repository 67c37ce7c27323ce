"""A buffer becomes events, and the same events again from what the registry remembers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from logboom.config import FileInput
from logboom.errors import ConfigError
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.events.assembly import Assembler
from shipper.registry.registry import Registry

READ_NS = 1_795_246_020_116_000_000
TRACE = b"""2026-11-21 06:24:28 ERROR pay - failed
java.lang.IllegalStateException: no
\tat com.acme.Pay.run(Pay.java:17)
"""
BUFFERS = {
    "json": b'{"time":"2026-11-21T06:24:28Z","msg":"m","password":"hunter22"}\n' * 40,
    "a trace": TRACE * 2,
    "bytes that are no UTF-8": b"2026-11-21 06:24:28 INFO a - \xff\xfe\n" * 2,
    "no line break at the end": b"2026-11-21 06:24:28 INFO a - b\n2026-11-21 06:24:29 INFO a - c",
    "too long a line": b"2026-11-21 06:24:28 INFO a - " + b"x" * 5000 + b"\nnext\n",
    "times without a year": b"Nov 21 06:24:28 host app[5]: hello\n" * 3,
    "no time at all": b"hello\n\n\nworld\n",
}


def assembler() -> Assembler:
    return Assembler(
        FileInput(path=["x"]), source="s", run=source_run("s", 0), epoch=0, path="/var/log/app.log",
        max_event_bytes=2000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip


@pytest.mark.parametrize("name", BUFFERS)
def test_what_was_planned_is_made_again_just_so(name: str, tmp_path: Path) -> None:
    buffer = BUFFERS[name]
    first = assembler().assemble(buffer, offset=314, read_ns=READ_NS, ended=True)
    assert first.segment is not None
    assert first.consumed == len(buffer)
    registry = Registry(tmp_path / "registry.db")
    batch = Batch(1, [first.segment], first.messages, first.size_bytes)
    registry.advance(planned=[batch], acked=[])
    registry.close()
    registry = Registry(tmp_path / "registry.db")
    ((sequence, (segment,)),) = registry.planned()
    registry.close()
    assert sequence == 1
    again = assembler().assemble_again(segment, buffer)
    assert [orjson.loads(message.value) for message in again] == [
        orjson.loads(message.value) for message in first.messages
    ]


def test_every_event_says_where_and_when_it_was_read_in_front() -> None:
    made = assembler().assemble(BUFFERS["a trace"], offset=314, read_ns=READ_NS, ended=True)
    for message, offset in zip(made.messages, (314, 314 + len(TRACE)), strict=True):
        event = orjson.loads(message.value)
        assert list(event)[:3] == ["@timestamp", "event", "log"]
        assert list(event["event"])[-2:] == ["id", "created"]
        assert list(event["log"].items())[:2] == [
            ("source", source_run("s", 0)),
            ("offset", offset),
        ]
        assert event["error"]["type"] == "java.lang.IllegalStateException"


def test_a_byte_order_mark_is_no_part_of_the_first_event() -> None:
    line = b"\xef\xbb\xbf2026-11-21 06:24:28 WARN a - b\n"
    made = assembler().assemble(line, offset=0, read_ns=READ_NS, ended=True)
    event = orjson.loads(made.messages[0].value)
    assert (event["message"], event["log"]["level"]) == ("b", "warn")


def test_a_registry_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    registry = Registry(path)
    registry._database.executescript(
        "ALTER TABLE planned DROP COLUMN marks; ALTER TABLE planned DROP COLUMN dropped;"
        "DROP TABLE dropped; DROP TABLE lost; ALTER TABLE sources DROP COLUMN packed_size;"
        "ALTER TABLE sources DROP COLUMN seen; ALTER TABLE sources DROP COLUMN seen_guard;"
        "ALTER TABLE sources DROP COLUMN let_go; ALTER TABLE sources DROP COLUMN vanished_ns;"
        "PRAGMA user_version=1"
    )
    registry.close()
    registry = Registry(path)
    assert registry.set_aside is None
    made = assembler().assemble(TRACE, offset=0, read_ns=READ_NS, ended=True)
    assert made.segment is not None
    registry.advance(planned=[Batch(1, [made.segment], made.messages, 1)], acked=[])
    assert [sequence for sequence, _ in registry.planned()] == [1]
    registry.close()


def test_a_registry_of_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    registry = Registry(path)
    registry._database.execute("PRAGMA user_version=99")
    registry.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match="newer logboom"):
            Registry(path)
    assert [entry.name for entry in tmp_path.glob("*damaged*")] == []
