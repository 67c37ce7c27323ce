r"""How is a JSON object read that has what the standard forbids and writers yet write?

`NaN`, `Infinity`, numbers that are none any more as such (1e999), halves of a character (`\ud800`): Python and
JavaScript write them. Whoever reads strictly would lose the other fields with them.
"""

from __future__ import annotations

import json
import math
from typing import Final

import orjson

from shipper.events.bounds import readable
from shipper.parsers.port import Fields


def _number(written: str) -> float | str:
    number = float(written)
    return number if math.isfinite(number) else written


_LOOSE: Final = json.JSONDecoder(parse_float=_number, parse_constant=str)


def read_object(text: str) -> Fields | None:
    """The JSON object that a text is; None when it is none.

    Numbers that are not finite become texts, as they are written; halves of a character their
    escapes. Strict JSON is read as quickly as ever.
    """
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        content = _loosely(text)
    return content if isinstance(content, dict) else None


def _loosely(text: str) -> object:
    if text[:1] != "{" or text.rstrip()[-1:] != "}":
        return None
    try:
        content = _LOOSE.decode(text)
        return readable(content) if "\\u" in text else content
    except (ValueError, RecursionError):
        return None
