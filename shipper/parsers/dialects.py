"""Which JSON has a meaning of its own? GELF, Serilog's compact form, MongoDB, systemd's journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from shipper.parsers.inner import load_object
from shipper.parsers.journal import journal_fields
from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_numbered
from shipper.parsers.syslog import severity_level
from shipper.parsers.templates import render

_MONGODB_LEVELS: Final = MappingProxyType(
    {"F": "fatal", "E": "error", "W": "warn", "I": "info", "D": "debug"}
    | {f"D{number}": "debug" for number in range(1, 6)}
)
_MONGODB_NAMES: Final = MappingProxyType({"c": "component", "id": "log_id"})
_CLEF_NAMES: Final = MappingProxyType(
    {
        "@t": "@timestamp", "@l": "log.level", "@x": "error.stack_trace", "@tr": "trace.id",
        "@sp": "span.id", "@mt": "attributes.message_template", "@i": "attributes.event_type",
        "SourceContext": "log.logger",
    }
)  # fmt: skip


class DialectParser:
    """Parses JSON objects of one dialect.

    Args:
        name: Of the format.
        read: Object → fields; None when it is of another dialect.
    """

    def __init__(self, name: str, read: Callable[[Fields], Fields | None]) -> None:
        self.name = name
        self._read = read

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        content = load_object(text)
        return None if content is None else self._read(content)


def gelf_fields(content: Fields) -> Fields | None:
    """GELF: levels are syslog's, names of own fields begin with an underscore.

    Source: Graylog Extended Log Format 1.1.
    """
    if "short_message" not in content:
        return None
    fields: Fields = {}
    for name, value in content.items():
        if name == "level":
            level = severity_level(value) if type(value) is int else None
            fields["log.level"] = level or value
        elif name == "full_message" and isinstance(value, str):
            key = "error.stack_trace" if "\n" in value else "attributes.full_message"
            fields[key] = value
        elif name == "version":
            fields["attributes.gelf_version"] = value
        else:
            fields[f"attributes.{name[1:]}" if name[:1] == "_" and name[1:] else name] = value
    return fields


def clef_fields(content: Fields) -> Fields | None:
    """Serilog's compact JSON; an event without a level is information.

    Source: the description of Serilog.Formatting.Compact.
    """
    if "@t" not in content:
        return None
    fields: Fields = {"log.level": "info"}
    for name, value in content.items():
        if name in _CLEF_NAMES:
            fields[_CLEF_NAMES[name]] = value
        elif name not in {"@m", "@r"} or (name == "@m" and not isinstance(value, str)):
            own = name.removeprefix("@") if name.startswith("@@") else name
            fields[f"attributes.{own}" if own else "attributes.@"] = value
    message, template = content.get("@m"), content.get("@mt")
    if isinstance(message, str):
        fields["message"] = message
    elif isinstance(template, str):
        fields["message"] = render(template, content, content.get("@r"))
    return fields


def mongodb_fields(content: Fields) -> Fields | None:
    """MongoDB's structured log. Source: the manual's page on log messages."""
    time, message = content.get("t"), content.get("msg")
    if not isinstance(time, dict) or "$date" not in time or not isinstance(message, str):
        return None
    severity = content.get("s", "I")
    level = _MONGODB_LEVELS.get(severity, severity) if isinstance(severity, str) else severity
    attributes = content.get("attr")
    own = dict(attributes) if isinstance(attributes, dict) else {}
    fields: Fields = {"@timestamp": time["$date"], "log.level": level, "message": message}
    took_ms = own.get("durationMillis")
    if type(took_ms) is int and 0 <= took_ms < 10**12:
        fields["event.duration"] = took_ms * 1_000_000
    if "ctx" in content:
        fields["process.thread.name"] = content["ctx"]
    counts: dict[str, int] = {}
    taken = {"t", "s", "ctx", "msg"} | ({"attr"} if isinstance(attributes, dict) else set())
    for key, value in content.items():
        if key not in taken:
            add_numbered(own, _MONGODB_NAMES.get(key, key), value, counts)
    more = {key: value for key, value in time.items() if key != "$date"}
    if more:
        add_numbered(own, "t", more, counts)
    return fields | {"attributes": own}


def journal_object(content: Fields) -> Fields | None:
    """`journalctl -o json`."""
    if "__REALTIME_TIMESTAMP" not in content:
        return None
    return journal_fields({name: _journal_text(value) for name, value in content.items()})


def _journal_text(value: object) -> object:
    """What is no text is given as a list of its bytes; a field that is there twice as a list, too."""
    if isinstance(value, list) and value and all(type(b) is int and 0 <= b < 256 for b in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    return value


DIALECTS: Mapping[str, Callable[[Fields], Fields | None]] = MappingProxyType(
    {
        "gelf": gelf_fields,
        "clef": clef_fields,
        "mongodb": mongodb_fields,
        "journal": journal_object,
    }
)
"""Format → how its objects are read."""
