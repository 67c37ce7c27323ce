"""How is a field taken out of an event, or put into it, by its stored name?"""

from __future__ import annotations

from typing import Any, Final

from logboom.event import Event
from logboom.fields import ATTRIBUTES

MISSING: Final = object()
"""What `take` gives when there is no such field."""


def take(event: Event, field: str) -> object:
    """Takes a field out of an event, and objects that are empty then.

    Under `attributes`, a dot of the name may lead into an object or be part of a key.

    Returns:
        Its value, or `MISSING`.
    """
    found = _take(event, field.split("."))
    event.setdefault(ATTRIBUTES, {})
    return found


def put(event: Event, field: str, value: object) -> None:
    """Puts a value into an event in the place of the one that is there."""
    take(event, field)
    name, _, own = field.partition(".")
    if name == ATTRIBUTES:
        event[ATTRIBUTES][own] = value
        return
    *above, last = field.split(".")
    holder = event
    for name in above:
        holder = holder.setdefault(name, {})
    holder[last] = value


def _take(node: Any, path: list[str]) -> object:  # noqa: ANN401 - JSON is of any shape
    if not isinstance(node, dict):
        return MISSING
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name not in node:
            continue
        if length == len(path):
            return node.pop(name)
        found = _take(node[name], path[length:])
        if found is not MISSING:
            if not node[name]:
                del node[name]
            return found
    return MISSING
