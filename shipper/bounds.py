"""How large, deep and strange may an application's own fields be?"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 20
MAX_KEYS = 1000
MAX_TEXT = 32_766
MAX_KEY = 256
REST = "_rest"
_EMPTY_KEY = "_empty"


def bounded_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """Makes attributes storable: bounded, without empty keys, finite, within 64 bits.

    What is beyond the bounds is kept as text under `_rest`, or shortened with an ellipsis.
    """
    counter = _Counter()
    bounded: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in attributes.items():
        if counter.keys >= MAX_KEYS:
            rest[name] = value
        else:
            bounded[_key(name)] = _bound(value, 1, counter)
    if rest:
        bounded[REST] = _text(json.dumps(rest, default=str, ensure_ascii=False))
    return bounded


def is_storable(value: Any, depth: int = 0) -> bool:  # noqa: ANN401 - JSON is of any shape
    """A quick look: True when nothing in a small object needs to be bounded."""
    if depth > 4:
        return False
    for name, part in value.items():
        kind = type(part)
        if not name or len(name) > MAX_KEY:
            return False
        if kind is dict:
            if not is_storable(part, depth + 1):
                return False
        elif kind is int:
            if not -(2**63) <= part < 2**63:
                return False
        elif kind is float:
            if not math.isfinite(part):
                return False
        elif kind is not str and kind is not bool and part is not None:
            return False
    return True


class _Counter:
    def __init__(self) -> None:
        self.keys = 0


def _bound(value: Any, depth: int, counter: _Counter) -> Any:  # noqa: ANN401 - JSON is of any shape
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    counter.keys += 1
    if depth >= MAX_DEPTH or counter.keys > MAX_KEYS:
        return _text(json.dumps(value, default=str, ensure_ascii=False))
    if isinstance(value, dict):
        counter.keys += len(value)
        return {_key(str(name)): _bound(part, depth + 1, counter) for name, part in value.items()}
    if isinstance(value, list):
        return [_bound(part, depth + 1, counter) for part in value]
    return _text(str(value))


def _text(value: str) -> str:
    return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"


def _key(name: str) -> str:
    clean = name.strip(".")
    return clean[:MAX_KEY] if clean else _EMPTY_KEY
