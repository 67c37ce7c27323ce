"""What do the fields of systemd's journal mean?

Sources: the manual pages systemd.journal-fields(7), and "Journal Export Formats".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shipper.parsers.conversions import whole
from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_together
from shipper.parsers.syslog import priority_fields, severity_level

_NAMES: Final = MappingProxyType(
    {
        "__REALTIME_TIMESTAMP": "@timestamp", "MESSAGE": "message", "_HOSTNAME": "host.name",
        "_PID": "process.pid", "SYSLOG_IDENTIFIER": "process.name",
        "CONTAINER_ID_FULL": "container.id",
    }
)  # fmt: skip
_PRIORITY: Final = ("PRIORITY", "SYSLOG_FACILITY")
_FIELD = re.compile(rb"^([A-Z_][A-Z0-9_]{0,64}+)(?:(=)|\n(?!\Z))", re.MULTILINE)
_END = re.compile(rb"\n(?:[A-Z_][A-Z0-9_]{0,64}+[=\n]|\n|\Z)")
_NO_TEXT = re.compile(rb"\\x([89a-f][0-9a-f])")
_CONTROLS = bytes(range(32))
_MOST_BREAKS = 4
"""Line breaks that may have been taken off the end of a block's last value."""


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
        elif name not in _PRIORITY:
            fields[f"attributes.{name}"] = value
    if "process.name" not in fields and "_COMM" in entry:
        fields["process.name"] = entry["_COMM"]
    return fields | _severity(entry)


def _severity(entry: Mapping[str, object]) -> Fields:
    """What both numbers say together; one that says nothing is kept as it is."""
    severity, facility = (_small(entry.get(name)) for name in _PRIORITY)
    known = {
        "PRIORITY": severity is not None and severity <= 7,
        "SYSLOG_FACILITY": facility is not None and facility <= 23,
    }
    if severity is not None and facility is not None and all(known.values()):
        return priority_fields(facility * 8 + severity)
    said = {f"attributes.{name}": entry[name] for name in _PRIORITY if name in entry}
    if severity is None or not known["PRIORITY"]:
        return said
    said.pop("attributes.PRIORITY")
    return {**said, "log.level": severity_level(severity)}


def _small(value: object) -> int | None:
    number = whole(value) if isinstance(value, str) else value
    return number if type(number) is int and number >= 0 else None


class JournalExportParser:
    """Parses a block of `journalctl -o export`: a field a line."""

    name = "journal_export"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A block without a time is none."""
        data = text.encode("utf-8", "backslashreplace")
        entry, fits = _read(data)
        if not fits and b"\\x" in data:
            raw = _NO_TEXT.sub(lambda match: bytes([int(match[1], 16)]), data)
            again, fits = _read(raw)
            entry = again if fits else entry
        return journal_fields(entry) if "__REALTIME_TIMESTAMP" in entry else None


def _read(data: bytes) -> tuple[dict[str, str | list[str]], bool]:
    """The fields of a block, and whether all lengths fit.

    A value with line breaks stands on the lines below its name, behind its length in eight bytes.
    Where that does not fit, as in a block that was cut, the value ends where a field begins. A field
    that is there several times is a list, as in the journal's JSON.
    """
    entry: dict[str, str | list[str]] = {}
    name, fits, place = "", True, 0
    while place < len(data):
        end = data.find(b"\n", place)
        end = len(data) if end < 0 else end
        match = _FIELD.match(data, place)
        if match is None:
            _go_on(entry, name, data[place:end])
        elif match[2] == b"=":
            name = match[1].decode()
            add_together(entry, name, _text(data[match.end() : end]))
        else:
            name = match[1].decode()
            value, end, measured = _value_below(data, match.end())
            add_together(entry, name, value)
            fits = fits and measured
        place = end + 1
    return entry, fits


def _go_on(entry: dict[str, str | list[str]], name: str, line: bytes) -> None:
    """A line that is no field: no part of the format, and not to be lost."""
    if not line.strip():
        return
    known = entry.get(name)
    if isinstance(known, list):
        known[-1] = f"{known[-1]}\n{_text(line)}"
    else:
        entry[name] = _text(line) if known is None else f"{known}\n{_text(line)}"


def _value_below(data: bytes, place: int) -> tuple[str, int, bool]:
    """The value that stands here, where its last line ends, and whether its length said so.

    The eight bytes have lost their NUL bytes, as a rule: framing leaves out runs of them.
    """
    for size in range(1, 5):
        begin = place + (8 if data[place + size : place + 8] == bytes(8 - size) else size)
        end = begin + int.from_bytes(data[place : place + size], "little")
        if len(data) <= end <= len(data) + _MOST_BREAKS or _END.match(data, end) is not None:
            return _text(data[begin:end]), min(end, len(data)), True
    following = _FIELD.search(data, place)
    end = len(data) if following is None else following.start() - 1
    return _text(data[place : max(place, end)].lstrip(_CONTROLS)), end, False


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
