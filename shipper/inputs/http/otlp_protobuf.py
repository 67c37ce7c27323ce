"""Which log records does an OTLP body in protobuf hold?"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Message
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from shipper.inputs.http.otlp_mapping import LogRecord, moment_of, scope_fields, to_envelope
from shipper.inputs.http.pieces import NotProtobuf, Walker
from shipper.inputs.http.speaking import Mapped, Records, Refusal, TooMuch

_RESOURCE_LOGS = _RESOURCE = _SCOPE = 1
_SCOPE_LOGS = _LOG_RECORDS = 2
_MOST_RECORD_BYTES = 4 * 2**20
"""Of one record, and of what is said once for many: a decoder takes many times as much."""
_FEWEST_PIECE_BYTES = 64


def read_protobuf(body: bytes, records: Records, *, max_bytes: int) -> Mapped | Refusal:
    """Reads an `ExportLogsServiceRequest`, record by record.

    Args:
        max_bytes: What its records may take; one with more than a part for 64 of them is refused.

    Raises:
        TooMuch: When its records take too much room.
    """
    mapped = Mapped(records)
    walker = Walker(max_pieces=max_bytes // _FEWEST_PIECE_BYTES)
    try:
        for number, resource_logs in walker.pieces(memoryview(body)):
            if number == _RESOURCE_LOGS:
                _read_resource(mapped, walker, resource_logs)
    except (NotProtobuf, DecodeError):
        return Refusal(400, "the body is not an ExportLogsServiceRequest in protobuf")
    return mapped


def _read_resource(mapped: Mapped, walker: Walker, message: memoryview) -> None:
    """All records of one resource; what is said of it may stand behind them."""
    resource = Resource.FromString(_joined(walker.pieces(message), _RESOURCE))
    about = _attributes(resource.attributes)
    for number, scope_logs in walker.pieces(message):
        if number == _SCOPE_LOGS:
            _read_scope(mapped, walker, scope_logs, about)


def _read_scope(
    mapped: Mapped, walker: Walker, message: memoryview, resource: Mapping[str, Any]
) -> None:
    scope = InstrumentationScope.FromString(_joined(walker.pieces(message), _SCOPE))
    shared = scope_fields(resource, scope.name, _attributes(scope.attributes))
    for number, record in walker.pieces(message):
        if number != _LOG_RECORDS:
            continue
        if len(record) > _MOST_RECORD_BYTES:
            mapped.reject(f"a log record is larger than {_MOST_RECORD_BYTES} bytes")
            continue
        mapped.records.add(to_envelope(_record(Message.FromString(bytes(record))), shared))


def _joined(parts: Iterable[tuple[int, memoryview]], number: int) -> bytes:
    """A part that may come in several, which belong together then."""
    joined = b"".join(piece for kind, piece in parts if kind == number)
    if len(joined) > _MOST_RECORD_BYTES:
        raise TooMuch
    return joined


def _record(message: Message) -> LogRecord:
    return LogRecord(
        time_ns=moment_of(message.time_unix_nano, message.observed_time_unix_nano),
        severity=message.severity_number,
        severity_text=message.severity_text,
        body=_value(message.body),
        attributes=_attributes(message.attributes),
        trace_id=_hexadecimal(message.trace_id),
        span_id=_hexadecimal(message.span_id),
        event_name=message.event_name,
    )


def _hexadecimal(identifier: bytes) -> str:
    return identifier.hex() if any(identifier) else ""


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:  # noqa: ANN401 - an AnyValue is of any shape
    """The value as JSON has it; protobuf itself bounds how deep they nest."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "array_value":
        return [_value(part) for part in value.array_value.values]
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None if kind is None else getattr(value, kind)
