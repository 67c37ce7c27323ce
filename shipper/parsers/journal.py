"""What do the fields of systemd's journal mean?

Sources: the manual pages systemd.journal-fields(7), and "Journal Export Formats".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from shipper.parsers.conversions import whole
from shipper.parsers.port import Fields
from shipper.parsers.syslog import priority_fields, severity_level

_NAMES: Final = MappingProxyType(
    {
        "__REALTIME_TIMESTAMP": "@timestamp", "MESSAGE": "message", "_HOSTNAME": "host.name",
        "_PID": "process.pid", "SYSLOG_IDENTIFIER": "process.name",
        "CONTAINER_ID_FULL": "container.id",
    }
)  # fmt: skip
_LINE = re.compile(r"([A-Z_][A-Z0-9_]{0,64}+)(=)?")
_LENGTH = re.compile(r"(?:\\x[0-9a-f]{2}|[^\\]|\\){8}", re.DOTALL)


def journal_fields(entry: Mapping[str, object]) -> Fields:
    """The event that a journal entry is.

    Args:
        entry: The journal's names and values.
    """
    fields: Fields = {}
    for name, value in entry.items():
        if name in _NAMES:
            fields[_NAMES[name]] = value
        elif name == "_SYSTEMD_UNIT" and isinstance(value, str):
            fields["service.name"] = value.removesuffix(".service")
        elif name not in {"PRIORITY", "SYSLOG_FACILITY"}:
            fields[f"attributes.{name}"] = value
    if "process.name" not in fields and "_COMM" in entry:
        fields["process.name"] = entry["_COMM"]
    return fields | _severity(entry)


def _severity(entry: Mapping[str, object]) -> Fields:
    severity = _small(entry.get("PRIORITY"))
    facility = _small(entry.get("SYSLOG_FACILITY"))
    if severity is None or severity > 7:
        return {}
    if facility is None or facility > 23:
        return {"log.level": severity_level(severity)}
    return priority_fields(facility * 8 + severity)


def _small(value: object) -> int | None:
    number = whole(value) if isinstance(value, str) else value
    return number if type(number) is int and number >= 0 else None


class JournalExportParser:
    """Parses a block of `journalctl -o export`: a field a line."""

    name = "journal_export"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A block without a time is none."""
        entry = dict(_fields_of(text))
        return journal_fields(entry) if "__REALTIME_TIMESTAMP" in entry else None


def _fields_of(text: str) -> Iterator[tuple[str, str]]:
    """Each field of a block.

    A value with line breaks stands on the lines below its name, behind its length in eight bytes.
    The bytes may not have been text: the value is taken to end where the next field begins.
    """
    name, parts = "", list[str]()
    for line in text.split("\n"):
        match = _LINE.match(line)
        is_field = match is not None and match[2] is not None
        is_name = match is not None and not is_field and match.end() == len(line)
        if name and not (is_field or is_name):
            parts.append(line)
            continue
        if name:
            yield name, _LENGTH.sub("", "\n".join(parts), count=1)
            name, parts = "", []
        if match is not None and is_field:
            yield match[1], line[match.end() :]
        elif match is not None and is_name:
            name = match[1]
    if name:
        yield name, _LENGTH.sub("", "\n".join(parts), count=1)
