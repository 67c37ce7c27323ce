"""Loki's push: labels become fields, in every form of the body."""

from __future__ import annotations

from typing import Any

import cramjam
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.inputs.http.loki import LokiSpeaker
from shipper.inputs.http.loki_labels import label_fields, parse_labels
from shipper.inputs.http.speaking import JSON_TYPE, PROTOBUF, Incoming, Refusal, Taken

NS = 1_795_258_800_123_456_789


def read(body: bytes, content_type: str, *, max_bytes: int = 10_000) -> Taken | Refusal:
    return LokiSpeaker(max_bytes=1_000_000, max_body_bytes=max_bytes).read(
        Incoming(body, content_type, "d")
    )


def records(found: Taken | Refusal) -> list[dict[str, Any]]:
    assert isinstance(found, Taken), found
    return [orjson.loads(record) for record in found.records]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def part(number: int, content: bytes) -> bytes:
    """A protobuf field that has a length, written by hand from the wire format's description."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def pushed(labels: str, line: str, metadata: dict[str, str]) -> bytes:
    time = varint(1 << 3) + varint(NS // 10**9) + varint(2 << 3) + varint(NS % 10**9)
    pairs = b"".join(
        part(3, part(1, name.encode()) + part(2, value.encode()))
        for name, value in metadata.items()
    )
    entry = part(1, time) + part(2, line.encode()) + pairs
    return part(1, part(1, labels.encode()) + part(2, entry))


EXPECTED = {
    "text": "it broke", "stream": None,
    "fields": {
        "service.name": "shop", "host.name": "web-1", "log.level": "error", "pod": "shop-7d",
        "job": "k8s/shop", "trace.id": "abc", "@timestamp": NS,
    },
}  # fmt: skip
LABELS = {"app": "shop", "host": "web-1", "level": "error", "pod": "shop-7d", "job": "k8s/shop"}


def test_snappy_protobuf() -> None:
    text = "{" + ", ".join(f'{name}="{value}"' for name, value in LABELS.items()) + "}"
    body = bytes(cramjam.snappy.compress_raw(pushed(text, "it broke", {"trace_id": "abc"})))
    assert records(read(body, PROTOBUF)) == [EXPECTED]


def test_json() -> None:
    body = {"streams": [{"stream": LABELS, "values": [[str(NS), "it broke", {"trace_id": "abc"}]]}]}
    assert records(read(orjson.dumps(body), JSON_TYPE)) == [EXPECTED]


def test_the_older_json() -> None:
    stream = {
        "labels": '{app="shop"}',
        "entries": [{"ts": "2026-11-21T10:00:00.123456789Z", "line": "old"}],
    }
    (record,) = records(read(orjson.dumps({"streams": [stream]}), JSON_TYPE))
    assert record["text"] == "old"
    assert record["fields"] == {
        "service.name": "shop", "@timestamp": "2026-11-21T10:00:00.123456789Z",
    }  # fmt: skip


def test_success_has_no_body_and_refusals_are_plain_text() -> None:
    found = read(b'{"streams": []}', JSON_TYPE)
    assert isinstance(found, Taken)
    assert (found.answer(1).status, found.answer(1).body) == (204, b"")
    told = LokiSpeaker(max_bytes=1_000_000, max_body_bytes=9).refuse(
        Refusal(429, "slow down", 5), JSON_TYPE
    )
    assert (told.status, told.body, told.headers["Retry-After"]) == (429, b"slow down\n", "5")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (["soon", "x"], "the time of an entry is not a text with nanoseconds"),
        ([1, "x"], "the time of an entry is not a text with nanoseconds"),
        (["", "x"], "the time of an entry is not a text with nanoseconds"),
        (["1", 2], "the line of an entry is not a text, or its metadata not an object"),
        (["1"], "an entry is not [time, line] or [time, line, metadata]"),
        (7, "an entry is not [time, line] or [time, line, metadata]"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_and_the_others_are_taken(
    bad: object, reason: str
) -> None:
    first = {"stream": {"app": "a"}, "values": [[str(NS), "one"]]}
    second = {"stream": {"app": "b"}, "values": [[str(NS), "two"], bad, [str(NS), "three"]]}
    found = read(orjson.dumps({"streams": [first, second]}), JSON_TYPE)
    assert [record["text"] for record in records(found)] == ["one", "two", "three"]
    assert isinstance(found, Taken)
    told = found.answer(1)
    assert (told.status, told.content_type) == (400, "text/plain; charset=utf-8")
    assert told.body.decode() == (
        f"1 of 4 entries cannot be used, the others are taken:\nentry 2 of stream 2: {reason}\n"
    )


def test_an_older_entry_that_cannot_be_used_is_told_as_well() -> None:
    entries = [{"ts": "2026-11-21T10:00:00Z", "line": "good"}, {"line": "timeless"}]
    stream = {"labels": "{}", "entries": entries}
    found = read(orjson.dumps({"streams": [stream]}), JSON_TYPE)
    assert [record["text"] for record in records(found)] == ["good"]
    assert isinstance(found, Taken)
    assert b"entry 2 of stream 1: an entry lacks its time or its line" in found.answer(1).body


def test_of_many_entries_that_cannot_be_used_the_first_few_are_named() -> None:
    values = [[str(NS), "good"], *([["soon", "x"]] * 100)]
    found = read(orjson.dumps({"streams": [{"stream": {}, "values": values}]}), JSON_TYPE)
    assert isinstance(found, Taken)
    lines = found.answer(1).body.decode().splitlines()
    assert lines[0] == "100 of 101 entries cannot be used, the others are taken:"
    assert (len(lines), lines[1][:7], lines[-1]) == (12, "entry 2", "and 90 more")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"not snappy", PROTOBUF, 400),
        (bytes(cramjam.snappy.compress_raw(b"\xff\xff")), PROTOBUF, 400),
        (bytes(cramjam.snappy.compress_raw(pushed("no labels", "x", {}))), PROTOBUF, 400),
        (bytes(cramjam.snappy.compress_raw(b"\x00" * 20_000)), PROTOBUF, 413),
        (b"{", JSON_TYPE, 400),
        (b"{}", JSON_TYPE, 400),
        (b'{"streams": [7]}', JSON_TYPE, 400),
        (b'{"streams": [{"stream": 7, "values": []}]}', JSON_TYPE, 400),
        (b'{"streams": [{"stream": {}, "values": 7}]}', JSON_TYPE, 400),
        (b'{"streams": [{"stream": {}, "values": [[1, "x"]]}]}', JSON_TYPE, 400),
        (b'{"streams": [{"stream": {}, "values": [["1", 2]]}]}', JSON_TYPE, 400),
        (b'{"streams": [{"stream": {}, "values": [["-1", "x"]]}]}', JSON_TYPE, 400),
        (b"", "text/plain", 415),
    ],
)
def test_a_body_of_another_kind_is_refused(body: bytes, content_type: str, status: int) -> None:
    found = read(body, content_type)
    assert isinstance(found, Refusal)
    assert found.status == status


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{}", {}),
        ("{ }", {}),
        ('{a="1"}', {"a": "1"}),
        ('{a="1", b="2"}', {"a": "1", "b": "2"}),
        ('{ a = "1" ,b="x,y}" , }', {"a": "1", "b": "x,y}"}),
        (r'{a="q\"\\\n\x41\u00e9"}', {"a": 'q"\\\nAé'}),
        ("a=1", None),
        ('{a="1" b="2"}', None),
        ('{a="1}', None),
        ('{="1"}', None),
        ("", None),
        ("{" + 'a="\\' * 50_000, None),
    ],
)
def test_labels_are_read_as_prometheus_writes_them(text: str, labels: object) -> None:
    assert parse_labels(text) == labels


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=20)))
def test_any_value_survives(labels: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    text = "{" + ",".join(f'{name}="{quoted(value)}"' for name, value in labels.items()) + "}"
    assert parse_labels(text) == labels


def test_the_first_label_that_can_be_the_service_is() -> None:
    assert label_fields({"job": "j", "app": "a", "service_name": "s"}) == {
        "service.name": "s", "job": "j", "app": "a",
    }  # fmt: skip
    assert label_fields({"job": "j"}) == {"service.name": "j"}
    assert label_fields({"message": "m", "time": "t"}) == {
        "attributes.message": "m", "attributes.time": "t",
    }  # fmt: skip
