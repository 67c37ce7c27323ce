"""Which log records does an OTLP body in JSON hold?

Source: the OTLP specification's JSON encoding: names in lowerCamelCase, 64-bit integers as texts or
numbers, identifiers in hexadecimal, unknown names ignored. The names of the protobuf files (`log_records`),
which writers of protobuf's JSON may use, are understood, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shipper.inputs.http.otlp_mapping import LogRecord, moment_of, scope_fields, to_envelope
from shipper.inputs.http.speaking import Mapped, Records, Refusal

_MOST_NESTED = 32
_INTEGER = re.compile("-?[0-9]{1,20}")
_LONGEST_TIME = 20
"""Digits of the largest number of 64 bits without a sign."""
_HEXADECIMAL = frozenset("0123456789abcdef")
_PROTOBUF_NAMES = {
    name: re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    for name in (
        "resourceLogs", "scopeLogs", "logRecords", "timeUnixNano", "observedTimeUnixNano",
        "severityNumber", "severityText", "traceId", "spanId", "eventName",
    )
}  # fmt: skip
_KINDS = {
    f"{kind}_value": f"{kind}Value"
    for kind in ("string", "bool", "int", "double", "array", "kvlist", "bytes")
}
_SEVERITIES = {
    f"SEVERITY_NUMBER_{name}{place or ''}": 1 + 4 * group + max(0, place - 1)
    for group, name in enumerate(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"))
    for place in (0, 2, 3, 4)
}


class _Malformed(ValueError):
    """A part has another shape than the protocol says."""


def read_json(body: bytes, records: Records) -> Mapped | Refusal:
    """Reads an `ExportLogsServiceRequest`.

    Returns:
        Its records; those of a wrong shape are counted as rejected.

    Raises:
        TooMuch: When its records take too much room.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Refusal(400, f"the body is not JSON: {error}")
    mapped = Mapped(records)
    try:
        for resource in _resources(_object(content)):
            about = _attributes(_object(resource.get("resource") or {}))
            for scope in _objects(resource, "scopeLogs"):
                _scope(mapped, scope, about)
    except _Malformed as error:
        return Refusal(400, f"the body is not an ExportLogsServiceRequest: {error}")
    return mapped


def _resources(request: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """What is something else altogether must not count as a request without records."""
    if request and _named(request, "resourceLogs") is None:
        raise _Malformed("it has no resourceLogs")
    return _objects(request, "resourceLogs")


def _scope(mapped: Mapped, content: Mapping[str, Any], resource: Mapping[str, Any]) -> None:
    about = _object(content.get("scope") or {})
    shared = scope_fields(resource, _text(about, "name"), _attributes(about))
    for message in _array(content, "logRecords"):
        try:
            mapped.records.add(to_envelope(_record(_object(message)), shared))
        except _Malformed as error:
            mapped.reject(f"a log record is malformed: {error}")


def _record(message: Mapping[str, Any]) -> LogRecord:
    severity = _named(message, "severityNumber")
    if isinstance(severity, str):
        severity = _SEVERITIES.get(severity, 0)
    return LogRecord(
        time_ns=moment_of(
            _integer(message, "timeUnixNano"), _integer(message, "observedTimeUnixNano")
        ),
        severity=severity if isinstance(severity, int) else 0,
        severity_text=_text(message, "severityText"),
        body=_value(message.get("body")),
        attributes=_attributes(message),
        trace_id=_identifier(message, "traceId", 32),
        span_id=_identifier(message, "spanId", 16),
        event_name=_text(message, "eventName"),
    )


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Malformed("an object is missing")
    return value


def _named(holder: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON is of any shape
    """A field under its name in OTLP's JSON, or under that in protobuf."""
    value = holder.get(name)
    return holder.get(_PROTOBUF_NAMES.get(name, name)) if value is None else value


def _array(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = _named(holder, name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed(f"{name} is not an array")
    return value


def _objects(holder: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    return map(_object, _array(holder, name))


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = _named(holder, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Malformed(f"{name} is not a text")
    return value


def _integer(holder: Mapping[str, Any], name: str) -> int:
    value = _named(holder, name)
    if value is None or value == "":
        return 0
    is_digits = isinstance(value, str) and value.isascii() and value.isdigit()
    if is_digits and len(value) <= _LONGEST_TIME:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _Malformed(f"{name} is not an integer")


def _identifier(holder: Mapping[str, Any], name: str, length: int) -> str:
    value = _text(holder, name).lower()
    if value and (len(value) != length or not _HEXADECIMAL.issuperset(value)):
        raise _Malformed(f"{name} is not {length} hexadecimal digits")
    return "" if value.strip("0") == "" else value


def _attributes(
    holder: Mapping[str, Any], depth: int = 0, name: str = "attributes"
) -> dict[str, Any]:
    found = {}
    for pair in _objects(holder, name):
        found[_text(pair, "key")] = _value(pair.get("value"), depth)
    return found


def _value(value: object, depth: int = 0) -> Any:  # noqa: ANN401 - an AnyValue is of any shape
    """The value as JSON has it."""
    if value is None or value == {}:
        return None
    kind, content = next(iter(_object(value).items()))
    kind = _KINDS.get(kind, kind)
    if depth > _MOST_NESTED:
        raise _Malformed("a value nests too deeply")
    if kind == "kvlistValue":
        return _attributes(_object(content), depth + 1, "values")
    if kind == "arrayValue":
        return [_value(part, depth + 1) for part in _array(_object(content), "values")]
    return _scalar(kind, content)


def _scalar(kind: str, content: object) -> str | float | bool:
    if kind == "intValue":
        return _whole(content)
    if kind == "doubleValue":
        return _number(content)
    if kind == "boolValue" and isinstance(content, bool):
        return content
    if kind in {"stringValue", "bytesValue"} and isinstance(content, str):
        return content
    raise _Malformed(f"{kind[:40]!r} is not an AnyValue")


def _whole(content: object) -> int:
    if isinstance(content, str) and _INTEGER.fullmatch(content):
        content = int(content)
    if isinstance(content, bool) or not isinstance(content, int):
        raise _Malformed("intValue is not an integer")
    if not -(2**63) <= content < 2**63:
        raise _Malformed("intValue has more than 64 bits")
    return content


def _number(content: object) -> float | str:
    if content in ("NaN", "Infinity", "-Infinity"):
        return str(content)
    if (
        isinstance(content, bool)
        or not isinstance(content, int | float)
        or not math.isfinite(content)
    ):
        raise _Malformed("doubleValue is not a number")
    return content
