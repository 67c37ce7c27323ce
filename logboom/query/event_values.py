"""Which values does an event have in a field?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from logboom.event import Event
from logboom.fields import ATTRIBUTES

Values = Callable[[Event], list[Any]]


def values_of(field: str) -> Values:
    """Makes a function that finds all values of a field.

    Lists are opened, wherever they stand on the way. Under `attributes`, a dot of the name may
    lead into an object or be part of a key: both are looked for.

    Args:
        field: Stored name.

    Returns:
        A function from an event to its values there: scalars, and objects as they are; no nulls.
    """
    path = tuple(field.split("."))
    if path[0] != ATTRIBUTES:
        return lambda event: _plain(event, path)
    return lambda event: list(_dotted(event.get(ATTRIBUTES), path[1:]))


def existence_of(field: str) -> Callable[[Event], bool]:
    """Makes a function that says whether an event has any value in a field, or below it."""
    path = tuple(field.split("."))
    return lambda event: _exists(event, path)


def text_of(value: object) -> str | None:
    """A scalar as text: a string as it is, anything else as its JSON; None for objects."""
    if isinstance(value, str):
        return value
    return None if isinstance(value, dict) else orjson.dumps(value).decode()


def _exists(node: object, path: tuple[str, ...]) -> bool:
    if isinstance(node, list):
        return any(_exists(item, path) for item in node)
    if not isinstance(node, dict):
        return node is not None and not path
    if not path:
        return any(_exists(value, ()) for value in node.values())
    below = ".".join(path) + "."
    return any(
        ".".join(path[:length]) in node and _exists(node[".".join(path[:length])], path[length:])
        for length in range(1, len(path) + 1)
    ) or any(key.startswith(below) and _exists(value, ()) for key, value in node.items())


def _plain(event: Event, path: tuple[str, ...]) -> list[Any]:
    """The usual case first: objects down to one scalar."""
    node: Any = event
    for key in path:
        if node.__class__ is not dict:
            return list(_dotted(event, path))
        node = node.get(key)
        if node is None:
            return []
    return list(_opened(node)) if node.__class__ is list else [node]


def _dotted(node: object, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from _dotted(item, path)
    elif not path:
        if node is not None:
            yield node
    elif isinstance(node, dict):
        for length in range(1, len(path) + 1):
            key = ".".join(path[:length])
            if key in node:
                yield from _dotted(node[key], path[length:])


def _opened(node: object) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from _opened(item)
    elif node is not None:
        yield node
