"""Which parts of an event do names of fields, of objects and patterns choose?

`status` and `order.id` name a field, `http` and `attributes` an object with all that is in it
(where it is no short name), `service.*` and `*` all fields whose names look so; an application's own fields are found under their
names alone, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from logboom.event import Event, stored_at
from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS, resolve

_BEGINNINGS = {f"{ATTRIBUTES}."} | {
    name[: place + 1] for name in EVENT_FIELDS for place, sign in enumerate(name) if sign == "."
}
_Matches = Callable[[str], object]


def parts_of(names: Sequence[str]) -> Callable[[Event], dict[str, Any]]:
    """Makes a function from an event to an event with nothing but these parts; they are not copied."""
    paths = [path for name in names if "*" not in name for path in _paths(name)]
    patterns = [name for name in names if "*" in name]
    matches = _matcher(patterns) if patterns else None

    def chosen(event: Event) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in paths:
            _take(event, found, path)
        if matches is not None:
            _take_matching(event, found, "", matches)
        return found

    return chosen


def value_of(name: str) -> Callable[[Event], Any]:
    """Makes a function from an event to what it has under one name; None for nothing.

    Of an object that is all of it; of a pattern, an event with nothing but what it chooses.
    """
    if "*" in name:
        chosen = parts_of([name])
        return lambda event: chosen(event) or None
    first, *others = _paths(name)

    def value(event: Event) -> Any:  # noqa: ANN401 - JSON
        found = stored_at(event, first)
        for path in others if found is None else ():
            found = stored_at(event, path)
        return found

    return value


def _paths(name: str) -> list[list[str]]:
    """Where a name leads: an object of the event's own may have a namesake among the attributes."""
    stored = resolve(name)[0].split(".")
    is_object = name not in ALIASES and f"{name}." in _BEGINNINGS
    return [name.split("."), stored] if is_object else [stored]


def _matcher(patterns: Sequence[str]) -> _Matches:
    """Tests dotted names, in steps that grow with their length alone, whatever the patterns."""
    plain = [re.sub(r"([?\[])", r"[\1]", pattern) for pattern in patterns]
    wanted = [*plain, *(f"{ATTRIBUTES}.{pattern}" for pattern in plain)]
    return re.compile("|".join(map(translate, wanted))).match


def _take(source: Any, target: dict[str, Any], path: list[str]) -> None:  # noqa: ANN401 - JSON is of any shape
    if not isinstance(source, dict):
        return
    joined = ".".join(path)
    if joined in source:  # an application's own key may contain dots
        target[joined] = source[joined]
        return
    head, rest = path[0], path[1:]
    if head in source and rest:
        below = target.get(head, {})
        _take(source[head], below, rest)
        if below:
            target[head] = below


def _take_matching(
    source: Mapping[str, Any], target: dict[str, Any], path: str, matches: _Matches
) -> None:
    for key, value in source.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            below = target.get(key, {})
            _take_matching(value, below, name, matches)
            if below:
                target[key] = below
        elif matches(name):
            target[key] = value
