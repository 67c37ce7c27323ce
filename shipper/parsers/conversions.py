"""How does the text of a group become a value?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Convert = Callable[[str], Any]

_MOST_DIGITS = 18
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = MappingProxyType({"n": "\n", "t": "\t", "r": "\r"})
_PARAMETER = re.compile(r'\[([^\s\]="]++)|\s++([^\s\]="]++)="((?:[^"\\]|\\.)*+)"')
_SEVERITIES = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
)  # fmt: skip


def unescape(text: str) -> str:
    r"""Takes a quoted text's backslashes away: ``\"`` is ``"``, ``\n`` a line break."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def whole(text: str) -> int | str:
    """A whole number; the text itself when it is none."""
    digits = text[1:] if text[:1] in {"-", "+"} else text
    return int(text) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else text


def number(text: str) -> float | str:
    """A number, whole or not; the text itself when it is none that JSON can hold."""
    found = whole(text)
    if isinstance(found, int) or len(text) > 32:
        return found
    try:
        value = float(text)
    except ValueError:
        return text
    return value if -1e300 < value < 1e300 and text[-1] in "0123456789" else text


def duration(unit_ns: int) -> Convert:
    """Reads durations of a unit as nanoseconds; what is none, or negative, stays a text."""

    def convert(text: str) -> int | str:
        value = number(text)
        if isinstance(value, str) or not 0 <= value < 1e15:
            return text
        return min(round(value * unit_ns), 2**63 - 1)

    return convert


def priority_fields(value: int) -> dict[str, Any]:
    """What a syslog priority says: facility and level. Source: RFC 5424, section 6.2.1."""
    facility, severity = divmod(value, 8)
    fields: dict[str, Any] = {"log.syslog.priority": value, "log.level": _SEVERITIES[severity]}
    if facility < len(_FACILITIES):
        fields["log.syslog.facility.name"] = _FACILITIES[facility]
    return fields


def severity_level(severity: int) -> str | None:
    """The level of a syslog severity, 0 to 7; None for other numbers."""
    return _SEVERITIES[severity] if 0 <= severity < len(_SEVERITIES) else None


def structured_data(text: str) -> dict[str, dict[str, str]]:
    """Syslog's structured data: element → parameters. Source: RFC 5424, section 6.3."""
    found: dict[str, dict[str, str]] = {}
    element: dict[str, str] = {}
    place = 0
    while match := _PARAMETER.match(text, place):
        name, parameter, value = match.groups()
        if name is not None:
            element = found.setdefault(name, {})
        else:
            element[parameter] = unescape(value)
        place = match.end()
        if text.startswith("]", place):
            place += 1
    return found


CONVERSIONS: Mapping[str, Convert] = MappingProxyType(
    {
        "int": whole,
        "float": number,
        "s": duration(1_000_000_000),
        "ms": duration(1_000_000),
        "us": duration(1000),
        "ns": duration(1),
        "quoted": unescape,
        "structured": structured_data,
        "lower": str.lower,
    }
)
"""Kind, as the formats' files name it → conversion. `priority` is more than one value: see
`priority_fields`."""
