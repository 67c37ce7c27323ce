"""Which event does an OTLP log record become?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from logboom.clock import utc_text
from logboom.levels import level_of
from shipper.inputs.envelopes import envelope
from shipper.inputs.http.speaking import field_of

_SHORTEST_NS = 10**17
_LONGEST_NS = 2**63
_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_ECS = {
    "deployment.environment": "service.environment",
    "deployment.environment.name": "service.environment",
    "process.executable.name": "process.name",
    "exception.type": "error.type",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stack_trace",
    "thread.name": "process.thread.name",
    "http.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "http.target": "url.original",
    "url.full": "url.original",
    "client.address": "client.ip",
    "enduser.id": "user.id",
}
"""Semantic conventions' names → ECS fields, where they differ."""


@dataclass(slots=True)
class LogRecord:
    """A log record, whichever form it came in.

    Attributes:
        time_ns: Of `moment_of`: when it happened, or was first seen; 0 when it does not say.
        severity: 1 to 24; 0 when it does not say.
        severity_text: As the source has it.
        body: Any JSON value; None when there is none.
        attributes: Of the record.
        trace_id: Hexadecimal, or empty.
        span_id: Hexadecimal, or empty.
        event_name: Kind of the event, or empty.
    """

    time_ns: int
    severity: int
    severity_text: str
    body: Any
    attributes: Mapping[str, Any]
    trace_id: str
    span_id: str
    event_name: str


def moment_of(*times_ns: int) -> int:
    """The first one that can be a time; 0 when none can: writers fill in the largest number, too."""
    return next((time for time in times_ns if 0 < time < _LONGEST_NS), 0)


def scope_fields(
    resource: Mapping[str, Any], scope_name: str, scope: Mapping[str, Any]
) -> dict[str, Any]:
    """What all records of one scope have in common.

    Args:
        resource: Its attributes.
        scope_name: Becomes the logger's name.
        scope: The scope's own attributes.
    """
    fields = {_field(name): value for name, value in resource.items()}
    for name, value in scope.items():
        fields.setdefault(_field(name), value)
    if scope_name:
        fields["log.logger"] = scope_name
    return fields


def to_envelope(record: LogRecord, shared: Mapping[str, Any]) -> bytes:
    """Makes the spool's line.

    Args:
        record: One record.
        shared: Of `scope_fields`; a field that the record has itself is kept under `resource.…`.
    """
    fields = dict(shared)
    for name, value in record.attributes.items():
        target = _field(name)
        if target in shared and shared[target] != value:
            fields[f"resource.{target}"] = shared[target]
        fields[target] = value
    if record.time_ns:
        # a number below that would be taken for microseconds
        precise = record.time_ns >= _SHORTEST_NS
        fields["@timestamp"] = record.time_ns if precise else utc_text(record.time_ns)
    level = _level(record)
    if level is not None:
        fields["log.level"] = level
    elif record.severity_text:
        fields["severity_text"] = record.severity_text
    known = {
        "trace.id": record.trace_id, "span.id": record.span_id, "event.name": record.event_name,
    }  # fmt: skip
    fields |= {name: text for name, text in known.items() if text}
    return envelope(_text(record), fields)


def _field(name: str) -> str:
    return _ECS.get(name) or field_of(name)


def _level(record: LogRecord) -> str | None:
    if 1 <= record.severity <= 24:
        return _LEVELS[(record.severity - 1) // 4]
    return level_of(record.severity_text)


def _text(record: LogRecord) -> str:
    body = record.body
    if isinstance(body, str) and body:
        return body
    if body is not None and body != "":
        return orjson.dumps(body).decode()
    told = record.event_name or record.attributes.get("exception.message")
    return told if isinstance(told, str) and told else orjson.dumps(record.attributes).decode()
