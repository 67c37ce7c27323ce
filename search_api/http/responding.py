"""How is an answer written as JSON?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response


def json_of(content: object) -> bytes:
    """JSON. What UTF-8 and 64 bits cannot hold, which is in events of other producers, is escaped or long.

    What is no number, such as NaN, is null.

    Raises:
        TypeError: There is something in it that cannot be written as JSON.
    """
    try:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        text = json.dumps(content, default=_read)
        finite = json.loads(text, parse_constant=lambda _name: None)
        return json.dumps(finite, separators=(",", ":")).encode()


def _read(part: object) -> object:
    """What only orjson can write, such as a part that is JSON already."""
    return json.loads(orjson.dumps(part))


def answer(content: Mapping[str, Any], *, status: int = 200) -> Response:
    """An answer of our own making: no need to check its shape once more."""
    return Response(json_of(content), status_code=status, media_type="application/json")
