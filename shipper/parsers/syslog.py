"""What does the header of a syslog message say?

RFC 5424, and what RFC 3164 describes: the many forms that senders have used since the 1980s.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_together
from shipper.parsers.zones import ABBREVIATIONS

FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
)  # fmt: skip
"""By number. Source: RFC 5424, section 6.2.1; the names are those of syslog.conf."""
SEVERITIES: Final = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
"""By number: the level that each means. Source: RFC 5424, section 6.2.1."""

_HIGHEST_PRIORITY = 191
_BYTE_ORDER_MARK = "\ufeff"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MOST_PID_DIGITS = 10

_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_HEADER_5424 = re.compile(
    r"1 (\S{1,64}+) (\S{1,255}+) (\S{1,128}+) (\S{1,128}+) (\S{1,128}+) "
    r'(-|(?:\[(?:[^"\]\\]|"(?:[^"\\]|\\.)*+")*+\])++)(?: |\Z)',
    re.ASCII | re.DOTALL,
)
_ELEMENT = re.compile(
    r'\]?\[([^\s\]="]{1,255}+)| ++([^\s\]="]{1,255}+)="((?:[^"\\]|\\.)*+)"', re.ASCII | re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\\]])')
_SEQUENCE = re.compile(r"\d{1,10}+: ", re.ASCII)
_TIME = re.compile(
    rf"[*.]?({'|'.join(_MONTHS)}) {{1,2}}(\d{{1,2}}) (?:(\d{{4}}) )?(\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?)"
    rf"(?: ({'|'.join(sorted(ABBREVIATIONS - {'Z'}))}|[+-]\d\d:?\d\d)(?=[: ])(?: (\d{{4}})(?= ))?+)?+:?(?: |\Z)",
    re.ASCII,
)
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?):?(?: |\Z)", re.ASCII
)
_TAG = re.compile(r"([^\s:\[\]]{1,128}+)(?:\[([^\]\s]{1,128}+)\](?::? |:|\Z)|:(?: |\Z))", re.ASCII)
_HOST = re.compile(r"([^\s\[\]]{1,255}+) ", re.ASCII)


def parse_syslog(text: str) -> tuple[Fields, str] | None:
    """Reads the header of a message.

    Args:
        text: A whole message, without what its transport puts around it.

    Returns:
        What the header says, and the text behind it; None when there is no header. Nothing but
        the priority has to be there.
    """
    match = _PRIORITY.match(text)
    if match is None:
        return _old_header({}, text, 0)
    priority = int(match[1])
    if priority > _HIGHEST_PRIORITY:
        return None
    fields = priority_fields(priority)
    return _new_header(fields, text, match.end()) or _old_header(fields, text, match.end())


def priority_fields(priority: int) -> Fields:
    """What a priority says: facility and level.

    Args:
        priority: Eight times the facility, plus the severity; not negative.
    """
    facility, severity = divmod(priority, 8)
    fields: Fields = {"log.syslog.priority": priority, "log.level": SEVERITIES[severity]}
    if facility < len(FACILITIES):
        fields["log.syslog.facility.name"] = FACILITIES[facility]
    return fields


def severity_level(severity: int) -> str | None:
    """The level of a severity, 0 to 7; None for other numbers."""
    return SEVERITIES[severity] if 0 <= severity < len(SEVERITIES) else None


def structured_data(text: str) -> dict[str, dict[str, str | list[str]]] | str:
    """Structured data as RFC 5424 writes it: element → parameters. Source: section 6.3.

    A parameter that is there several times is a list; what is written otherwise stays a text.
    """
    found: dict[str, dict[str, str | list[str]]] = {}
    parameters: dict[str, str | list[str]] = {}
    place = 0
    while match := _ELEMENT.match(text, place):
        element, name, value = match.groups()
        if element is not None:
            parameters = found.setdefault(element, {})
        else:
            value = _ESCAPED.sub(r"\1", value) if "\\" in value else value
            add_together(parameters, name, value)
        place = match.end()
    return found if text[place:].strip() == "]" else text


def _new_header(fields: Fields, text: str, place: int) -> tuple[Fields, str] | None:
    match = _HEADER_5424.match(text, place)
    if match is None:
        return None
    time, host, program, process, message_id, data = match.groups()
    said = {
        "@timestamp": time,
        "host.name": host,
        "process.name": program,
        "message_id": message_id,
    }
    fields |= {name: value for name, value in said.items() if value != "-"}
    if process != "-":
        _add_process(fields, process)
    if data != "-":
        fields["structured_data"] = structured_data(data)
    return fields, text[match.end() :].removeprefix(_BYTE_ORDER_MARK)


def _old_header(fields: Fields, text: str, place: int) -> tuple[Fields, str] | None:
    found = _time(text, place)
    if found is None:
        if not fields:
            return None
        tag = _TAG.match(text, place)
        if tag is not None and tag[2] is not None:  # a word and a colon may begin any text
            place = _add_tag(fields, tag)
        return fields, text[place:]
    fields["@timestamp"], place = found
    tag = _TAG.match(text, place)
    host = _HOST.match(text, place)
    if tag is None and host is not None and text[place] != "%":
        fields["host.name"], place = host[1], host.end()
        tag = _TAG.match(text, place)
    if tag is not None and text[place] != "%":
        place = _add_tag(fields, tag)
    return fields, text[place:]


def _time(text: str, place: int) -> tuple[str, int] | None:
    """A time, perhaps behind a sequence number as routers write it, and where it ends."""
    sequence = _SEQUENCE.match(text, place)
    if sequence is not None:
        place = sequence.end()
    iso = _ISO_TIME.match(text, place)
    if iso is not None:
        return iso[1], iso.end()
    match = _TIME.match(text, place)
    if match is None:
        return None
    month, day, year, clock, zone, late_year = match.groups()
    if year is None:
        later = [part for part in (zone, late_year) if part]
        return " ".join((month, day, clock, *later)), match.end()
    offset = "Z" if zone in {"UTC", "GMT"} else zone or ""
    if offset.isalpha() and offset != "Z":
        offset = f" {offset}"
    return f"{year}-{_MONTHS.index(month) + 1:02}-{day:0>2}T{clock}{offset}", match.end()


def _add_tag(fields: Fields, tag: re.Match[str]) -> int:
    fields["process.name"] = tag[1]
    if tag[2] is not None:
        _add_process(fields, tag[2])
    return tag.end()


def _add_process(fields: Fields, process: str) -> None:
    """Most senders give a number; others have names for their processes."""
    if process.isdecimal() and process.isascii() and len(process) <= _MOST_PID_DIGITS:
        fields["process.pid"] = int(process)
    else:
        fields["process"] = process
