"""From a message to a record of the spool: what the header and the connection say, and no byte lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.clock import ManualClock
from logboom.config import SyslogInput
from shipper.inputs.syslog.framing import Piece, cut_to_size
from shipper.inputs.syslog.receiving import Peer, Receiver

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW_MS = 1_795_262_400_000
SENDER = Peer("192.0.2.7")


def receiver(max_record_bytes: int = 900_000, **settings: Any) -> Receiver:
    section = SyslogInput(syslog="127.0.0.1:5514", **settings)
    return Receiver(section, ManualClock(NOW), max_record_bytes=max_record_bytes)


def received(data: bytes, peer: Peer = SENDER, **settings: Any) -> dict[str, Any]:
    (record,) = receiver(**settings).records([Piece(data)], peer)
    content: dict[str, Any] = orjson.loads(record)
    assert content.keys() == {"text", "stream", "fields"}
    assert content["stream"] is None
    return {"text": content["text"], **content["fields"]}


def test_a_header_and_a_sender_become_fields() -> None:
    assert received(b"<13>Nov 21 11:00:00 web-1 app[7]: hello\n") == {
        "text": "hello", "log.syslog.priority": 13, "log.syslog.facility.name": "user",
        "log.level": "info", "@timestamp": "Nov 21 11:00:00", "host.name": "web-1",
        "process.name": "app", "process.pid": 7, "service.name": "app", "peer": "192.0.2.7",
    }  # fmt: skip


def test_what_a_message_does_not_say_is_known_from_its_reception() -> None:
    found = received(b"<13>hello\0", Peer("192.0.2.7", "web-1.example"))
    assert found["@timestamp"] == NOW_MS
    assert found["host.name"] == "192.0.2.7"
    assert found["peer_name"] == "web-1.example"
    assert "service.name" not in found


def test_a_sender_on_this_machine_is_no_other_host() -> None:
    assert "host.name" not in received(b"<13>hello", Peer("127.0.0.1"))


def test_a_service_that_is_set_is_not_taken_from_the_message() -> None:
    assert "service.name" not in received(b"<13>Nov 21 11:00:00 h app: x", service="shop")


def test_a_named_format_decides_on_messages_without_a_header() -> None:
    bare = b'{"level":"warn","msg":"slow"}'
    assert "tags" not in received(bare, format="json")
    assert received(bare, format="json")["text"] == bare.decode()
    assert received(bare)["tags"] == ["parse_failed"]


@pytest.mark.parametrize("settings", [{"format": "plain"}, {"format": "grok", "patterns": ["x"]}])
def test_a_line_without_a_priority_is_all_text_for_formats_that_want_it(
    settings: dict[str, Any],
) -> None:
    line = "2026-11-21T11:00:00Z ERROR cannot load"
    found = received(line.encode(), Peer("127.0.0.1"), **settings)
    assert (found["text"], "host.name" in found) == (line, False)
    assert received(f"<13>{line}".encode(), **settings)["text"] == "cannot load"


def test_a_broken_header_is_kept_as_text() -> None:
    made = receiver()
    (record,) = made.records([Piece(b"<9999>what is this")], SENDER)
    content = orjson.loads(record)
    assert content["text"] == "<9999>what is this"
    assert content["fields"]["tags"] == ["parse_failed"]
    assert (made.messages, made.malformed) == (1, 1)


def test_a_message_without_a_text_is_shown_as_it_came() -> None:
    assert received(b'<13>1 - - - - - [a@1 b="c"]')["text"] == '<13>1 - - - - - [a@1 b="c"]'


def test_bytes_that_are_no_text_stay_visible() -> None:
    assert received(b"<13>caf\xe9")["tags"] == ["invalid_encoding"]
    assert received(b"<13>caf\xe9")["text"] == "caf\\xe9"
    assert received(b"<13>caf\xe9", encoding="latin-1")["text"] == "café"


@pytest.mark.parametrize("data", [b"", b"\n", b"\0\r\n"])
def test_nothing_makes_no_event(data: bytes) -> None:
    assert receiver().records([Piece(data)], SENDER) == []


def test_the_rest_of_a_long_message_has_no_header() -> None:
    first, second = receiver().records(
        cut_to_size(b"<13>app[1]: 12345678<1>not a header", 20), SENDER
    )
    assert orjson.loads(first)["fields"]["tags"] == ["truncated"]
    assert orjson.loads(second)["text"] == "<1>not a header"
    assert "log.level" not in orjson.loads(second)["fields"]


@given(data=st.binary(min_size=1, max_size=3000), nuls=st.integers(0, 5000))
def test_a_record_that_would_be_too_long_is_divided(data: bytes, nuls: int) -> None:
    whole = b"<13>" + data.strip(b"\r\n\0") + b"\0" * nuls + b"."
    made = receiver(max_record_bytes=6000)
    records = made.records([Piece(whole)], SENDER)
    assert max(map(len, records)) <= 6000
    expected = whole[4:].decode("utf-8", "backslashreplace")
    assert "".join(orjson.loads(record)["text"] for record in records) in {
        expected,
        "<13>" + expected,
    }


def test_structured_data_that_is_far_too_long_stays_text() -> None:
    whole = b"<13>1 - - - - - [a@1" + b"".join(b' k%d="v"' % n for n in range(2000)) + b"] x"
    records = receiver(max_record_bytes=6000).records([Piece(whole)], SENDER)
    assert "".join(orjson.loads(record)["text"] for record in records).encode() == whole
    assert max(map(len, records)) <= 6000
