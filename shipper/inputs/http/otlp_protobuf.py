"""Which log records does an OTLP body in protobuf hold?"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Message

from shipper.inputs.http.otlp_mapping import LogRecord, Mapped, scope_fields, to_envelope
from shipper.inputs.http.speaking import Records, Refusal


def read_protobuf(body: bytes, records: Records) -> Mapped | Refusal:
    """Reads an `ExportLogsServiceRequest`.

    Raises:
        TooMuch: When its records take too much room.
    """
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        return Refusal(400, "the body is not an ExportLogsServiceRequest in protobuf")
    mapped = Mapped(records)
    for resource in request.resource_logs:
        about = _attributes(resource.resource.attributes)
        for scope in resource.scope_logs:
            shared = scope_fields(about, scope.scope.name, _attributes(scope.scope.attributes))
            for record in scope.log_records:
                records.add(to_envelope(_record(record), shared))
    return mapped


def _record(message: Message) -> LogRecord:
    return LogRecord(
        time_ns=message.time_unix_nano or message.observed_time_unix_nano,
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
