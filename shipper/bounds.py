"""How large, deep and strange may an application's own fields be?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 20
MAX_KEYS = 1000
MAX_TEXT = 32_766
MAX_KEY = 256
REST = "_rest"
_EMPTY_KEY = "_empty"


def bounded_attributes(attributes: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Makes attributes storable: bounded, without empty keys, finite, within 64 bits.

    What is beyond the bounds is kept as text under `_rest`, or shortened with an ellipsis.

    Returns:
        Them, and whether a text was shortened.
    """
    counter = _Counter()
    bounded: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in attributes.items():
        if counter.keys >= MAX_KEYS:
            rest[name] = value
        else:
            bounded[_key(name, bounded)] = _bound(value, 1, counter)
    if REST in bounded and rest:
        rest[REST] = bounded[REST]
    if rest:
        bounded[REST] = counter.fitted(written(rest))
    return bounded, counter.has_cut


def is_storable(value: dict[str, Any], depth: int = 0) -> bool:
    """A quick look: True when nothing in a small object needs to be bounded."""
    if depth > 4:
        return False
    for name, part in value.items():
        if not name or len(name) > MAX_KEY or not _is_storable_part(part, depth):
            return False
    return True


def _is_storable_part(part: Any, depth: int) -> bool:  # noqa: ANN401 - JSON is of any shape
    kind = type(part)
    if kind is str or kind is bool or part is None:
        return True
    if kind is int:
        return bool(-(2**63) <= part < 2**63)
    if kind is float:
        return math.isfinite(part)
    return kind is dict and is_storable(part, depth + 1)


class _Counter:
    def __init__(self) -> None:
        self.keys = 0
        self.has_cut = False

    def fitted(self, text: str) -> str:
        """A text, shortened where it is too long."""
        if len(text) <= MAX_TEXT:
            return text
        self.has_cut = True
        return text[: MAX_TEXT - 1] + "…"


def _bound(value: Any, depth: int, counter: _Counter) -> Any:  # noqa: ANN401, PLR0911 - JSON is of any shape
    if isinstance(value, str):
        return counter.fitted(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    counter.keys += 1
    if depth >= MAX_DEPTH or counter.keys > MAX_KEYS:
        return counter.fitted(written(value))
    if isinstance(value, dict):
        counter.keys += len(value)
        inside: dict[str, Any] = {}
        for name, part in value.items():
            inside[_key(str(name), inside)] = _bound(part, depth + 1, counter)
        return inside
    if isinstance(value, list):
        return [_bound(part, depth + 1, counter) for part in value]
    return counter.fitted(str(value))


def written(value: object) -> str:
    """Any value as JSON, however deep it is; what is no JSON is written as text."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except RecursionError:
        return "".join(_pieces(value))


def _pieces(value: object) -> Iterator[str]:
    """The same without recursion."""
    left: list[object] = [value]
    while left:
        node = left.pop()
        if isinstance(node, _Sign):
            yield node.text
        elif isinstance(node, dict):
            members = [(_Sign(", "), _Sign(f"{json.dumps(str(k))}: "), v) for k, v in node.items()]
            inside = [part for member in members for part in member][1:]
            left += reversed([_Sign("{"), *inside, _Sign("}")])
        elif isinstance(node, list):
            inside = [part for item in node for part in (_Sign(", "), item)][1:]
            left += reversed([_Sign("["), *inside, _Sign("]")])
        else:
            yield json.dumps(node, default=str, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Sign:
    """A piece of JSON between values."""

    text: str


def _key(name: str, taken: Mapping[str, Any]) -> str:
    """A name that is not empty, nor too long; one that another has become already is numbered."""
    clean = wanted = name.strip(".")[:MAX_KEY] or _EMPTY_KEY
    number = 1
    while clean in taken:
        number += 1
        clean = f"{wanted[: MAX_KEY - len(str(number)) - 1]}_{number}"
    return clean


def readable(value: Any) -> Any:  # noqa: ANN401 - JSON is of any shape
    """Texts that UTF-8 cannot hold (lone surrogates) are shown by their escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {readable(name): readable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [readable(part) for part in value]
    return value
