r"""How is a JSON object read that has what the standard forbids and writers yet write?

`NaN`, `Infinity`, numbers that are none any more as such (1e999), halves of a character (`\ud800`): Python and
JavaScript write them. Whoever reads strictly would lose the other fields with them. Whole numbers of any
length, which the standard allows, lose no digits either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from typing import Final

import orjson

from logboom.bounds import readable
from shipper.parsers.port import Fields

_LARGE: Final = 2.0**63


def _number(written: str) -> float | str:
    number = float(written)
    return number if math.isfinite(number) else written


def _whole(written: str) -> int | str:
    return int(written) if len(written) <= _LONGEST_WHOLE else written


_LONGEST_WHOLE: Final = 20
"""Signs of a whole number that fits into 64 bits, its own one included."""

_LOOSE: Final = json.JSONDecoder(parse_float=_number, parse_int=_whole, parse_constant=str)


def read_object(text: str) -> Fields | None:
    """The JSON object that a text is; None when it is none.

    Numbers that are not finite, and whole ones beyond 64 bits, become texts, as they are written;
    halves of a character their escapes. Strict JSON is read as quickly as ever.
    """
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        content = _loosely(text)
    else:
        if type(content) is dict and _has_large(content):
            content = _loosely(text.strip()) or content  # as it is, where it is too deep for that
    return content if isinstance(content, dict) else None


def _has_large(content: Fields) -> bool:
    """True when a number is so large that digits of it may be lost: it was read as a fraction then."""
    left: list[Collection[object]] = [content.values()]
    while left:
        for part in left.pop():
            if isinstance(part, float):
                if not -_LARGE < part < _LARGE:
                    return True
            elif isinstance(part, dict):
                left.append(part.values())
            elif isinstance(part, list):
                left.append(part)
    return False


def _loosely(text: str) -> object:
    if text[:1] != "{" or text.rstrip()[-1:] != "}":
        return None
    try:
        content = _LOOSE.decode(text)
        return readable(content) if "\\u" in text else content
    except (ValueError, RecursionError):
        return None
