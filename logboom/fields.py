"""Which fields does an event have, of which type, and by which short names are they known?

The one table that the query language, the embedded store's schema and the Elasticsearch mapping
are held to.
"""

from __future__ import annotations

from enum import Enum


class FieldType(Enum):
    """How the values of a field are compared."""

    TEXT = "text"  # words, analysed
    KEYWORD = "keyword"  # one whole string
    LONG = "long"
    DOUBLE = "double"
    DATE = "date"
    IP = "ip"
    DYNAMIC = "dynamic"  # under attributes: by the type of each value


EVENT_FIELDS: dict[str, FieldType] = {
    "@timestamp": FieldType.DATE,
    "message": FieldType.TEXT,
    "log.level": FieldType.KEYWORD,
    "log.logger": FieldType.KEYWORD,
    "log.file.path": FieldType.KEYWORD,
    "log.offset": FieldType.LONG,
    "log.source": FieldType.KEYWORD,
    "log.syslog.facility.name": FieldType.KEYWORD,
    "log.syslog.priority": FieldType.LONG,
    "service.name": FieldType.KEYWORD,
    "service.version": FieldType.KEYWORD,
    "service.environment": FieldType.KEYWORD,
    "host.name": FieldType.KEYWORD,
    "process.pid": FieldType.LONG,
    "process.name": FieldType.KEYWORD,
    "process.thread.name": FieldType.KEYWORD,
    "container.id": FieldType.KEYWORD,
    "trace.id": FieldType.KEYWORD,
    "span.id": FieldType.KEYWORD,
    "transaction.id": FieldType.KEYWORD,
    "error.type": FieldType.KEYWORD,
    "error.message": FieldType.TEXT,
    "error.stack_trace": FieldType.TEXT,
    "error.detected_by": FieldType.KEYWORD,
    "error.fingerprint": FieldType.KEYWORD,
    "http.request.method": FieldType.KEYWORD,
    "http.response.status_code": FieldType.LONG,
    "http.response.body.bytes": FieldType.LONG,
    "http.request.referrer": FieldType.KEYWORD,
    "http.version": FieldType.KEYWORD,
    "url.path": FieldType.KEYWORD,
    "url.query": FieldType.KEYWORD,
    "url.original": FieldType.KEYWORD,
    "user_agent.original": FieldType.KEYWORD,
    "client.ip": FieldType.IP,
    "client.address": FieldType.KEYWORD,
    "user.id": FieldType.KEYWORD,
    "user.name": FieldType.KEYWORD,
    "event.id": FieldType.KEYWORD,
    "event.duration": FieldType.LONG,
    "event.created": FieldType.DATE,
    "event.ingested": FieldType.DATE,
    "event.original": FieldType.KEYWORD,
    "event.dataset": FieldType.KEYWORD,
    "tags": FieldType.KEYWORD,
}
"""Every field of the event's own, by its dotted ECS name."""

ATTRIBUTES = "attributes"
"""The object that everything else an application sent goes under, unchanged."""

LONGEST_VALUE = 8191
"""Characters of a string that can be compared; a longer one is kept, and found to be there."""

DEFAULT_TEXT_FIELDS: tuple[str, ...] = ("message", "error.message", "error.stack_trace")
"""Where a bare word of a query is looked for, in this order."""

ALIASES: dict[str, str] = {
    "time": "@timestamp",
    "timestamp": "@timestamp",
    "level": "log.level",
    "logger": "log.logger",
    "file": "log.file.path",
    "path": "url.path",
    "service": "service.name",
    "host": "host.name",
    "pid": "process.pid",
    "thread": "process.thread.name",
    "trace": "trace.id",
    "trace_id": "trace.id",
    "span": "span.id",
    "status": "http.response.status_code",
    "method": "http.request.method",
    "duration": "event.duration",
    "user": "user.id",
    "ip": "client.ip",
    "error": "error.type",
    "tag": "tags",
    "source": "log.source",
    "_id": "event.id",
    "id": "event.id",
}
"""Short names that a query may use; a test holds docs/queries.md to them."""

LEVELS: tuple[str, ...] = ("trace", "debug", "info", "warn", "error", "fatal")


def resolve(name: str) -> tuple[str, FieldType]:
    """Turns a field name as a user types it into the stored name and its type.

    Args:
        name: An alias, an ECS name, or anything else, which then means ``attributes.<name>``.

    Returns:
        The dotted stored name and how its values compare.
    """
    full = ALIASES.get(name, name)
    known = EVENT_FIELDS.get(full)
    if known is not None:
        return full, known
    prefix = ATTRIBUTES + "."
    return (full if full.startswith(prefix) else prefix + full), FieldType.DYNAMIC
