"""How large, deep and strange may an application's own fields be?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_DEPTH = 20
MAX_KEYS = 250
"""Names in the attributes of one event: a day's index has room for a few thousand, for all events together."""
MAX_TEXT = 32_766
MAX_KEY = 256
REST = "_rest"
MANY_KEYS = "many_keys"
"""The tag of an event with more."""
TRUNCATED = "truncated"
"""The tag of an event that is not whole: it was cut itself, or a text in its attributes was."""
_EMPTY_KEY = "_empty"
_SMALL_DEPTH = 4


class Bounded(NamedTuple):
    """Attributes within the bounds.

    Attributes:
        attributes: Them.
        has_cut: A text was shortened.
        has_rest: There were more names, which are in texts now.
    """

    attributes: dict[str, Any]
    has_cut: bool
    has_rest: bool


def bounded_attributes(attributes: dict[str, Any]) -> Bounded:
    """Makes attributes storable: bounded, without empty keys, finite, within 64 bits.

    Names beyond the bound, and what no field can be called, are kept under `_rest` of their object, as
    its JSON in pieces; a text that is too long is shortened with an ellipsis.
    """
    counter = _Counter()
    bounded = _bound_members(attributes, 0, counter)
    return Bounded(bounded, counter.has_cut, counter.has_rest)


def has_many_names(value: dict[str, Any]) -> bool:
    """Whether an object has more names than one event may have, at all depths together."""
    names, left = 0, [value]
    while left and names <= MAX_KEYS:
        node: Any = left.pop()
        if isinstance(node, dict):
            names += len(node)
            left += node.values()
        elif isinstance(node, list):
            left += node
    return names > MAX_KEYS


def is_storable(value: dict[str, Any], *, most: int = MAX_KEYS) -> bool:
    """A quick look: True when nothing in a small object of so many names needs to be bounded."""
    return _names_in(value, 0) <= most


def is_name(name: str, depth: int = 0) -> bool:
    """Whether every store finds what is called so.

    The embedded store's index has no names with NUL in them, and Elasticsearch takes no blank ones.

    Args:
        name: Within its object, not empty.
        depth: Of the object within the attributes; 0: its names stand for themselves.
    """
    return len(name) <= MAX_KEY and "\0" not in name and (depth > 0 or not name.isspace())


def _names_in(value: dict[str, Any], depth: int) -> int:
    """How many names an object has; more than are allowed where anything else needs to be bounded."""
    if depth > _SMALL_DEPTH:
        return MAX_KEYS + 1
    names = len(value)
    for name, part in value.items():
        if not name or not is_name(name, depth):
            return MAX_KEYS + 1
        if type(part) is dict:
            names += _names_in(part, depth + 1)
        elif not _is_storable_part(part):
            return MAX_KEYS + 1
    return names


def _is_storable_part(part: Any) -> bool:  # noqa: ANN401 - JSON is of any shape
    kind = type(part)
    if kind is str or kind is bool or part is None:
        return True
    if kind is int:
        return bool(-(2**63) <= part < 2**63)
    return kind is float and math.isfinite(part)


class _Counter:
    def __init__(self) -> None:
        self.keys = 0
        self.has_cut = False
        self.has_rest = False

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
    if depth >= MAX_DEPTH:
        return counter.fitted(written(value))
    if isinstance(value, dict):
        if value and counter.keys >= MAX_KEYS:
            counter.has_rest = True
            return _in_pieces(value)
        return _bound_members(value, depth, counter)
    if isinstance(value, list):
        return [_bound(part, depth + 1, counter) for part in value]
    return counter.fitted(str(value))


def _bound_members(value: dict[str, Any], depth: int, counter: _Counter) -> dict[str, Any]:
    """An object with as many of its members as there are names left for; all others are in its `_rest`."""
    inside: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, part in value.items():
        if not is_name(str(name), depth):
            rest[name] = part
        elif counter.keys < MAX_KEYS:
            counter.keys += 1
            inside[_key(str(name), value)] = _bound(part, depth + 1, counter)
        else:
            counter.has_rest = True
            rest[name] = part
    if rest:
        if REST in inside:
            rest[REST] = inside[REST]
        inside[REST] = _in_pieces(rest)
    return inside


def _in_pieces(value: dict[str, Any]) -> list[str]:
    """An object as JSON, cut into texts that are short enough: put together they are all of it."""
    text = written(value)
    return [text[begin : begin + MAX_TEXT] for begin in range(0, len(text), MAX_TEXT)]


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


def _key(name: str, others: Mapping[str, Any]) -> str:
    """A name that is not empty; the one in place of an empty name is numbered where others have it."""
    clean, number = name or _EMPTY_KEY, 1
    while not name and clean in others:
        number += 1
        clean = f"{_EMPTY_KEY}_{number}"
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
