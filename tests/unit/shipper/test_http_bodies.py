"""Any bytes as a body: never an exception, and what is not taken is refused in the protocol's form."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from shipper.inputs.http.bulk import BulkSpeaker
from shipper.inputs.http.encodings import decompress
from shipper.inputs.http.loki import LokiSpeaker
from shipper.inputs.http.messages import Messages
from shipper.inputs.http.otlp import OtlpSpeaker
from shipper.inputs.http.speaking import JSON_TYPE, PROTOBUF, Incoming, Refusal, Speaker

NDJSON = "application/x-ndjson"
SPEAKERS: list[tuple[Speaker, str]] = [
    (BulkSpeaker(max_bytes=1_000_000), NDJSON),
    (BulkSpeaker(max_bytes=1_000_000, splits=True), NDJSON),
    (OtlpSpeaker(max_bytes=1_000_000), JSON_TYPE),
    (OtlpSpeaker(max_bytes=1_000_000), PROTOBUF),
    (LokiSpeaker(max_bytes=1_000_000, max_body_bytes=10_000), JSON_TYPE),
    (LokiSpeaker(max_bytes=1_000_000, max_body_bytes=10_000), PROTOBUF),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["resourceLogs", "resource", "attributes", "key", "value", "stringValue", "intValue", "values",
     "kvlistValue", "arrayValue", "scopeLogs", "scope", "name", "logRecords", "timeUnixNano", "body",
     "severityNumber", "traceId", "resource_logs", "scope_logs", "log_records", "time_unix_nano",
     "string_value", "kvlist_value", "streams", "stream", "labels", "entries", "ts", "line", "index",
     "create", "delete", "update", "_index", "_id"]
)  # fmt: skip
protocol_values = st.recursive(
    st.none() | st.integers(-5, 2**65) | st.text(max_size=4) | st.just("1795258800000000000"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=30,
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda v: _dumps(v) + b"\n", st.one_of(json_values, protocol_values)),
    st.builds(lambda vs: b"".join(_dumps(v) + b"\n" for v in vs), st.lists(protocol_values)),
    st.binary(max_size=200).map(lambda b: bytes(cramjam.snappy.compress_raw(b))),
    st.sampled_from([b"[" * 3000, b'{"a":' * 3000, b'{"index":{}}\n' + b"[" * 3000 + b"\n"]),
)


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # integers of more than 64 bits, lone surrogates
        return repr(value).encode("utf-8", "replace")


def has_the_form(speaker: Speaker, refusal: Refusal, content_type: str) -> bool:
    """A refusal is what the protocol's clients understand."""
    told = speaker.refuse(refusal, content_type)
    if isinstance(speaker, LokiSpeaker):
        return told.body.decode().endswith("\n")
    if isinstance(speaker, OtlpSpeaker) and content_type == PROTOBUF:
        return bool(Messages().status.FromString(told.body).message == refusal.reason)
    content = orjson.loads(told.body)
    if isinstance(speaker, BulkSpeaker):
        return bool(content["status"] == refusal.status and content["error"]["reason"])
    return bool(content["message"])


@pytest.mark.parametrize(("speaker", "content_type"), SPEAKERS)
@given(body=bodies)
def test_any_body_is_taken_or_refused(speaker: Speaker, content_type: str, body: bytes) -> None:
    found = speaker.read(Incoming(body, content_type, "d" * 32))
    if isinstance(found, Refusal):
        assert found.status in {400, 413}
        assert has_the_form(speaker, found, content_type)
        return
    for record in found.records:
        assert record.endswith(b"\n")
        assert record.count(b"\n") == 1
        content = orjson.loads(record)
        if isinstance(speaker, BulkSpeaker) and not speaker.splits:
            assert isinstance(content, dict)
            continue
        assert content.keys() == {"text", "stream", "fields"}
        assert isinstance(content["text"], str)
    told = found.answer(1)
    if content_type == PROTOBUF and isinstance(speaker, OtlpSpeaker):
        ExportLogsServiceResponse.FromString(told.body)
    elif isinstance(speaker, LokiSpeaker):
        assert told.status == (400 if told.body else 204)
        assert told.body.decode().endswith("\n") or not told.body
    elif told.body:
        orjson.loads(told.body)


_LABEL = "x" * 1000
LARGE_ONCE = [
    (BulkSpeaker(max_bytes=100_000), NDJSON, b'{"index":{"_index":"%b"}}\n{}\n' % _LABEL.encode() * 60),
    (OtlpSpeaker(max_bytes=100_000), JSON_TYPE, orjson.dumps({"resourceLogs": [{
        "resource": {"attributes": [{"key": "a", "value": {"stringValue": _LABEL}}]},
        "scopeLogs": [{"logRecords": [{}] * 100}]}]})),
    (LokiSpeaker(max_body_bytes=100_000, max_bytes=100_000), JSON_TYPE, orjson.dumps({"streams": [{
        "stream": {"a": _LABEL}, "values": [["1", ""]] * 100}]})),
]  # fmt: skip


@pytest.mark.parametrize(("speaker", "content_type", "body"), LARGE_ONCE)
def test_what_is_said_once_and_takes_too_much_room_is_refused(
    speaker: Speaker, content_type: str, body: bytes
) -> None:
    found = speaker.read(Incoming(body, content_type, "d" * 32))
    assert isinstance(found, Refusal)
    assert found.status == 413


@pytest.mark.parametrize("speaker", [speaker for speaker, kind in SPEAKERS if kind == JSON_TYPE])
def test_a_body_of_many_tiny_parts_is_refused_unread(speaker: Speaker) -> None:
    found = speaker.read(Incoming(b"[" + b"1," * 100_000 + b"1]", JSON_TYPE, "d" * 32))
    assert isinstance(found, Refusal)
    assert found.status == 413


TEXT = b"a line of text\n" * 100
ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "snappy": bytes(cramjam.snappy.compress_raw(TEXT)),
    "identity": TEXT,
    "": TEXT,
    "GZIP": gzip.compress(TEXT),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_content_encoding_is_taken_off(encoding: str) -> None:
    assert decompress(ENCODED[encoding], encoding, max_bytes=len(TEXT)) == TEXT


def test_more_than_one_gzip_member_and_more_than_one_encoding() -> None:
    members = gzip.compress(TEXT) + gzip.compress(b"more")
    assert decompress(members, "gzip", max_bytes=10_000) == TEXT + b"more"
    twice = zstandard.compress(gzip.compress(TEXT))
    assert decompress(twice, "gzip, zstd", max_bytes=10_000) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "snappy"])
def test_a_bomb_is_refused_before_it_is_held(encoding: str) -> None:
    large = bytes(50_000_000)
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress,
        "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)),
    }  # fmt: skip
    bomb = compress[encoding](large)
    refusal = decompress(bomb, encoding, max_bytes=1_000_000)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "snappy"])
@given(body=st.binary(max_size=100), cut=st.integers(0, 40))
def test_a_damaged_body_is_refused(encoding: str, body: bytes, cut: int) -> None:
    for damaged in (body, ENCODED[encoding][:-cut] if cut else ENCODED[encoding]):
        found = decompress(damaged, encoding, max_bytes=10_000)
        assert isinstance(found, bytes) or found.status in {400, 413}
    half = decompress(ENCODED[encoding][:-5], encoding, max_bytes=10_000)
    assert isinstance(half, Refusal)


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip,gzip,gzip"])
def test_an_unknown_encoding_is_named(encoding: str) -> None:
    refusal = decompress(b"x", encoding, max_bytes=10)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 415
    assert encoding in refusal.reason
