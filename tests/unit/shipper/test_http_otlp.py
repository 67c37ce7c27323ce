"""OTLP logs: both forms say the same, records become events, trouble has the protocol's form."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from shipper.inputs.http.messages import Messages
from shipper.inputs.http.otlp import OtlpSpeaker
from shipper.inputs.http.speaking import JSON_TYPE, PROTOBUF, Incoming, Refusal, Taken

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def request() -> ExportLogsServiceRequest:
    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    resource.resource.attributes.extend(
        [
            text("service.name", "checkout"),
            text("host.name", "web-1"),
            text("k8s.pod.name", "checkout-7d"),
            text("deployment.environment.name", "live"),
        ]
    )
    scope = resource.scope_logs.add()
    scope.scope.name = "shop.cart"
    record = scope.log_records.add(
        time_unix_nano=1_795_258_800_123_456_789, severity_number=17, severity_text="ERROR",
        trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN),
    )  # fmt: skip
    record.body.string_value = "payment failed"
    record.attributes.extend(
        [
            text("exception.type", "ValueError"),
            text("exception.message", "no money"),
            KeyValue(key="attempt", value=AnyValue(int_value=3)),
            KeyValue(key="ratio", value=AnyValue(double_value=0.5)),
            KeyValue(key="ok", value=AnyValue(bool_value=False)),
            KeyValue(key="raw", value=AnyValue(bytes_value=b"\x00\xff")),
        ]
    )
    nested = record.attributes.add(key="cart").value.kvlist_value
    nested.values.add(key="items").value.array_value.values.add(string_value="book")
    return made


def as_json(made: ExportLogsServiceRequest) -> bytes:
    """OTLP's JSON is protobuf's, but for identifiers in hexadecimal."""
    content = MessageToDict(made, use_integers_for_enums=True)
    for resource in content["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                for name, value in (("traceId", TRACE), ("spanId", SPAN)):
                    if name in record:
                        record[name] = value
    return orjson.dumps(content)


def read(body: bytes, content_type: str) -> Taken | Refusal:
    return OtlpSpeaker(max_bytes=1_000_000).read(Incoming(body, content_type, "d"))


def records(found: Taken | Refusal) -> list[dict[str, Any]]:
    assert isinstance(found, Taken), found
    return [orjson.loads(record) for record in found.records]


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON_TYPE])
def test_a_record_becomes_an_event(content_type: str) -> None:
    made = request()
    body = made.SerializeToString() if content_type == PROTOBUF else as_json(made)
    (record,) = records(read(body, content_type))
    assert record["text"] == "payment failed"
    assert record["stream"] is None
    assert record["fields"] == {
        "service.name": "checkout", "host.name": "web-1", "k8s.pod.name": "checkout-7d",
        "service.environment": "live", "log.logger": "shop.cart",
        "@timestamp": 1_795_258_800_123_456_789, "log.level": "error",
        "trace.id": TRACE, "span.id": SPAN,
        "error.type": "ValueError", "error.message": "no money",
        "attempt": 3, "ratio": 0.5, "ok": False, "raw": "AP8=", "cart": {"items": ["book"]},
    }  # fmt: skip


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON_TYPE])
def test_records_that_say_little_are_events_too(content_type: str) -> None:
    made = ExportLogsServiceRequest()
    logs = made.resource_logs.add().scope_logs.add().log_records
    logs.add(observed_time_unix_nano=1_795_258_800_000_000_000, severity_text="Warning")
    logs.add(event_name="user.login", severity_text="strange", time_unix_nano=5_000_000_000)
    logs.add().body.kvlist_value.values.add(key="a").value.int_value = 1
    body = made.SerializeToString() if content_type == PROTOBUF else as_json(made)
    empty, named, structured = records(read(body, content_type))
    assert empty["text"] == "{}"
    assert empty["fields"] == {"@timestamp": 1_795_258_800_000_000_000, "log.level": "warn"}
    assert named["text"] == "user.login"
    assert named["fields"] == {
        "@timestamp": "1970-01-01T00:00:05.000Z", "severity_text": "strange",
        "event.name": "user.login",
    }  # fmt: skip
    assert orjson.loads(structured["text"]) == {"a": 1}


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON_TYPE])
@pytest.mark.parametrize("seen_ns", [0, 1_795_258_800_000_000_000])
def test_the_largest_number_is_no_time(content_type: str, seen_ns: int) -> None:
    made = ExportLogsServiceRequest()
    logs = made.resource_logs.add().scope_logs.add().log_records
    logs.add(time_unix_nano=2**64 - 1, observed_time_unix_nano=seen_ns).body.string_value = "odd"
    logs.add(time_unix_nano=5 * 10**17, observed_time_unix_nano=2**64 - 1).body.string_value = "ok"
    body = made.SerializeToString() if content_type == PROTOBUF else as_json(made)
    found = read(body, content_type)
    odd, fine = records(found)
    assert (odd["text"], odd["fields"]) == ("odd", {"@timestamp": seen_ns} if seen_ns else {})
    assert fine["fields"] == {"@timestamp": 5 * 10**17}
    assert isinstance(found, Taken)
    assert b"ejected" not in found.answer(1).body


def test_a_number_that_is_the_largest_may_be_no_text() -> None:
    body = (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":18446744073709551615}]}]}]}'
    )
    (record,) = records(read(body, JSON_TYPE))
    assert record["fields"] == {}


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON_TYPE])
def test_an_attribute_or_a_body_may_have_no_value(content_type: str) -> None:
    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    resource.resource.attributes.add(key="host.name").value.SetInParent()
    record = resource.scope_logs.add().log_records.add()
    record.body.SetInParent()
    record.attributes.extend([KeyValue(key="none"), KeyValue(key="unset", value=AnyValue())])
    record.attributes.add(key="list").value.array_value.values.add()
    record.attributes.add()
    body = made.SerializeToString() if content_type == PROTOBUF else as_json(made)
    found = read(body, content_type)
    (event,) = records(found)
    assert event["fields"] == {
        "host.name": None, "none": None, "unset": None, "list": [None], "attributes.": None,
    }  # fmt: skip
    assert isinstance(found, Taken)
    assert b"ejected" not in found.answer(1).body


def test_the_names_that_protobuf_has_are_understood_in_json() -> None:
    content = MessageToDict(
        request(), use_integers_for_enums=True, preserving_proto_field_name=True
    )
    assert "resource_logs" in content
    record = content["resource_logs"][0]["scope_logs"][0]["log_records"][0]
    record.update(trace_id=TRACE, span_id=SPAN)
    assert records(read(orjson.dumps(content), JSON_TYPE)) == records(
        read(as_json(request()), JSON_TYPE)
    )


@pytest.mark.parametrize("name", ["ResourceLogs", "resourceSpans", "logs"])
def test_a_body_without_logs_is_refused_and_an_empty_one_is_not(name: str) -> None:
    found = read(orjson.dumps({name: [{"scopeLogs": [{"logRecords": [{}]}]}]}), JSON_TYPE)
    assert isinstance(found, Refusal)
    assert (found.status, found.reason.rpartition(": ")[2]) == (400, "it has no resourceLogs")
    assert records(read(b"{}", JSON_TYPE)) == []
    assert records(read(b'{"resourceLogs": []}', JSON_TYPE)) == []


@pytest.mark.parametrize(
    ("severity", "level"),
    [(1, "trace"), (4, "trace"), (5, "debug"), (9, "info"), (13, "warn"), (20, "error"), (24, "fatal")],
)  # fmt: skip
def test_severities_are_levels(severity: int, level: str) -> None:
    made = request()
    made.resource_logs[0].scope_logs[0].log_records[0].severity_number = severity  # type: ignore[assignment]
    (record,) = records(read(made.SerializeToString(), PROTOBUF))
    assert record["fields"]["log.level"] == level


def test_a_record_s_own_attribute_goes_before_the_resource_s() -> None:
    made = request()
    made.resource_logs[0].scope_logs[0].log_records[0].attributes.append(text("host.name", "db"))
    (record,) = records(read(made.SerializeToString(), PROTOBUF))
    assert record["fields"]["host.name"] == "db"
    assert record["fields"]["resource.host.name"] == "web-1"


def test_an_attribute_is_never_taken_for_the_message_or_the_time() -> None:
    made = request()
    made.resource_logs[0].scope_logs[0].log_records[0].attributes.extend(
        [text("message", "not this"), text("time", "yesterday"), text("event", "neither")]
    )
    (record,) = records(read(made.SerializeToString(), PROTOBUF))
    assert record["fields"]["attributes.message"] == "not this"
    assert record["fields"]["attributes.time"] == "yesterday"
    assert record["fields"]["attributes.event"] == "neither"


def test_success_is_said_in_the_form_of_the_request() -> None:
    found = read(request().SerializeToString(), PROTOBUF)
    assert isinstance(found, Taken)
    told = found.answer(1)
    assert (told.status, told.content_type) == (200, PROTOBUF)
    assert not ExportLogsServiceResponse.FromString(told.body).HasField("partial_success")
    found = read(as_json(request()), JSON_TYPE)
    assert isinstance(found, Taken)
    assert (found.answer(1).body, found.answer(1).content_type) == (b"{}", JSON_TYPE)


@pytest.mark.parametrize(
    "malformed",
    [
        7,
        {"traceId": "short"},
        {"traceId": "z" * 32},
        {"timeUnixNano": "soon"},
        {"timeUnixNano": True},
        {"body": {"intValue": "12345678901234567890123"}},
        {"body": {"intValue": "99999999999999999999"}},
        {"body": {"intValue": "²"}},
        {"body": {"doubleValue": "x"}},
        {"body": {"strange": 1}},
        {"timeUnixNano": "123456789012345678901"},
        {"body": [1]},
        {"attributes": {"a": 1}},
        {"attributes": [{"key": 1}]},
    ],
)
def test_malformed_records_are_rejected_and_the_others_taken(malformed: Any) -> None:
    good = {"body": {"stringValue": "fine"}}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [malformed, good]}]}]}
    found = read(orjson.dumps(body), JSON_TYPE)
    assert [record["text"] for record in records(found)] == ["fine"]
    assert isinstance(found, Taken)
    partial = orjson.loads(found.answer(1).body)["partialSuccess"]
    assert partial["rejectedLogRecords"] == "1"
    assert "malformed" in partial["errorMessage"]


@pytest.mark.parametrize(("depth", "rejected"), [(20, 0), (80, 1), (200, 1), (2000, None)])
def test_values_that_nest_for_ever_are_refused(depth: int, rejected: int | None) -> None:
    value = '{"arrayValue":{"values":[' * depth + '{"stringValue":"x"}' + "]}}" * depth
    body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + value + "}]}]}]}"
    found = read(body.encode(), JSON_TYPE)
    if rejected is None:
        assert isinstance(found, Refusal)
    else:
        assert len(records(found)) == 1 - rejected


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400),
        (b"{", JSON_TYPE, 400),
        (b"[]", JSON_TYPE, 400),
        (b'{"resourceLogs": 7}', JSON_TYPE, 400),
        (b'{"resourceLogs": [{"scopeLogs": [7]}]}', JSON_TYPE, 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_body_of_another_kind_is_refused(body: bytes, content_type: str, status: int) -> None:
    found = read(body, content_type)
    assert isinstance(found, Refusal)
    assert found.status == status


def length_delimited(number: int, content: bytes) -> bytes:
    size, told = len(content), b""
    while size > 0x7F:
        told += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + told + bytes([size]) + content


@pytest.mark.parametrize(
    "body",
    [
        length_delimited(1, length_delimited(2, b"\x12\x00" * 30_000)),
        length_delimited(1, b"\x12\x00" * 30_000),
        b"\x0a\x00" * 30_000,
    ],
)
def test_many_empty_parts_are_refused_before_all_are_decoded(body: bytes) -> None:
    found = read(body + b"\xff", PROTOBUF)  # its end is not looked at any more
    assert isinstance(found, Refusal)
    assert found.status == 413


def test_a_huge_record_is_rejected_and_the_others_are_taken() -> None:
    made = request()
    large = made.resource_logs[0].scope_logs[0].log_records.add()
    large.body.string_value = "much " * 2**20
    found = read(made.SerializeToString(), PROTOBUF)
    assert [record["text"] for record in records(found)] == ["payment failed"]
    assert isinstance(found, Taken)
    assert b"larger than" in found.answer(1).body


def test_what_is_said_of_a_resource_may_stand_behind_its_records_and_in_pieces() -> None:
    resource = request().resource_logs[0]
    first, second = resource.SerializeToString(), resource.resource.SerializeToString()
    resource.ClearField("resource")
    scopes = resource.SerializeToString()
    half = type(resource.resource)(attributes=[text("extra", "yes")]).SerializeToString()
    body = length_delimited(1, scopes + length_delimited(1, half) + length_delimited(1, second))
    usual = records(read(length_delimited(1, first), PROTOBUF))
    (record,) = records(read(body, PROTOBUF))
    assert record["fields"].pop("extra") == "yes"
    assert [record] == usual


@given(body=st.binary(max_size=60))
@settings(max_examples=50)
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    assert isinstance(read(body, PROTOBUF), Taken | Refusal)


def test_refusals_are_google_s_status_in_the_form_of_the_request() -> None:
    speaker, refusal = OtlpSpeaker(max_bytes=1_000_000), Refusal(503, "the broker is away", 5)
    told = speaker.refuse(refusal, PROTOBUF)
    status = Messages().status.FromString(told.body)
    assert (told.status, status.code, status.message) == (503, 14, "the broker is away")
    assert told.headers["Retry-After"] == "5"
    told = speaker.refuse(refusal, JSON_TYPE)
    assert orjson.loads(told.body) == {"code": 14, "message": "the broker is away"}
