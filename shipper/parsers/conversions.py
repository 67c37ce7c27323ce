"""How does the text of a group become a value?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from shipper.parsers.syslog import structured_data

Convert = Callable[[str], Any]

_MOST_DIGITS = 18
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = MappingProxyType({"n": "\n", "t": "\t", "r": "\r"})


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


CONVERSIONS: Mapping[str, Convert] = MappingProxyType(
    {
        "int": int,  # of a group that takes no more than 18 digits
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
`shipper.parsers.syslog.priority_fields`."""
