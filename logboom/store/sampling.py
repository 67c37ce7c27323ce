"""Which fields do some events have, of which types, and with which values?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from logboom.event import Event
from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS
from logboom.store.values import FieldUse

SAMPLE = 1_000
"""Events that are looked through."""

EXAMPLES = 3
_LONGEST_EXAMPLE = 100
_MOST_NAMES = 5_000
_MOST_VALUES = 200
_DEEPEST = 16
_UNSHOWN = frozenset({"event.id"})
_ATTRIBUTE_TYPES: dict[frozenset[type], str] = {
    frozenset({bool}): "boolean",
    frozenset({int}): "long",
    frozenset({float}): "double",
    frozenset({int, float}): "double",
}


@dataclass(slots=True)
class _Seen:
    events: int = 0
    kinds: set[type] = field(default_factory=set)
    values: Counter[str] = field(default_factory=Counter)


def fields_of(events: Iterable[Event], prefix: str = "") -> list[FieldUse]:
    """The fields of events by their names, each with its most frequent values among them.

    Args:
        events: As stored.
        prefix: How names begin, as users type them (see `begins`).
    """
    seen: dict[str, _Seen] = {}
    for event in events:
        names: dict[str, None] = {}
        for name, value in _leaves(event, "", _DEEPEST):
            if name not in seen and len(seen) >= _MOST_NAMES:
                continue
            one = seen.setdefault(name, _Seen())
            names[name] = None
            one.kinds.add(type(value))
            text = _shown(value)
            if text in one.values or len(one.values) < _MOST_VALUES:
                one.values[text] += 1
        for name in names:
            seen[name].events += 1
    return [_use(name, seen[name]) for name in sorted(seen) if begins(name, prefix)]


def begins(name: str, prefix: str) -> bool:
    """True when a field is meant by the begin of its name, of an alias, or of an attribute's."""
    called = [name, name.removeprefix(f"{ATTRIBUTES}.")]
    called += [alias for alias, full in ALIASES.items() if full == name]
    return any(one.lower().startswith(prefix.lower()) for one in called)


def _use(name: str, seen: _Seen) -> FieldUse:
    known = EVENT_FIELDS.get(name)
    kind = _ATTRIBUTE_TYPES.get(frozenset(seen.kinds), "keyword") if known is None else known.value
    return FieldUse(
        name, kind, seen.events, [text for text, _ in seen.values.most_common(EXAMPLES)]
    )


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    """Every scalar under its dotted name; of a list each one."""
    if isinstance(value, dict):
        if depth:
            for key, item in value.items():
                if not _can_be_asked_for(key):
                    continue
                yield from _leaves(item, f"{path}.{key}" if path else str(key), depth - 1)
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, dict | list):
                yield from _leaves(item, path, depth)
    elif value is not None and path not in _UNSHOWN:
        yield path, value


def _can_be_asked_for(name: str) -> bool:
    """False for names with half a character: no query can have them."""
    return name.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in name)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
