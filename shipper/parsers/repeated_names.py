"""Does an object of a JSON text have a name twice? Whoever reads it gets the last value alone."""

from __future__ import annotations

import json
from typing import Any

import orjson


def has_a_name_twice(text: str) -> bool:
    """True when an object in a JSON text has one of its names more than once.

    Args:
        text: Any text; one that is no JSON has none.
    """
    written = text.count('":') + text.count('" :') - text.count('\\":') - text.count('\\" :')
    try:
        if written <= _names_in(orjson.loads(text)):
            return False
    except orjson.JSONDecodeError:
        pass  # it may be read by whoever is less strict
    return _is_repeated(text)


def _names_in(content: object) -> int:
    """How many names all objects of a JSON value have together."""
    names = 0
    left = [content]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            names += len(part)
            left += part.values()
        elif isinstance(part, list):
            left += part
    return names


def _is_repeated(text: str) -> bool:
    found = False

    def see(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({name for name, _ in pairs}) < len(pairs)

    try:
        json.loads(text, object_pairs_hook=see)
    except (ValueError, RecursionError):
        return False
    return found
