"""Which parts of an event does a hit show?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from typing import Any

from logboom.event import Event, epoch_us
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from search_api.elasticsearch_api.attribute_numbers import GREATEST, NUMBER
from search_api.elasticsearch_api.bodies import as_list, check_names
from search_api.elasticsearch_api.moments import formatted
from search_api.elasticsearch_api.refusals import PARSING, Refused
from search_api.http.responding import json_of

Shown = Callable[[Event], Event | None]
"""What `_source` of a hit is; None: nothing."""

Fields = Callable[[Event], dict[str, list[Any]]]
"""What `fields` of a hit are."""

MOST_PATTERNS = 100
"""Of names, in one part of a request: each is tried on each field of each hit."""

_NAMES = {"includes", "include", "excludes", "exclude"}


def source_of(wanted: object) -> Shown:
    """What a request's `_source` says.

    Raises:
        Refused: It says nothing that is known.
    """
    if wanted is None or wanted is True or wanted == "true":
        return lambda event: event
    if wanted is False or wanted == "false":
        return lambda _event: None
    if isinstance(wanted, str | list):
        wanted = {"includes": wanted}
    if not isinstance(wanted, dict):
        raise Refused("_source must be true, false, names, or an object", kind=PARSING)
    check_names(wanted, _NAMES, "_source")
    includes = _names(wanted, "includes", "include")
    excludes = _names(wanted, "excludes", "exclude")
    check_patterns([*includes, *excludes], "_source")
    keeps, drops = _matcher(includes), _matcher(excludes)

    def shown(event: Event) -> Event:
        return _filtered(event, "", lambda path: not drops(path) and (not includes or keeps(path)))

    return shown


def _names(wanted: Mapping[str, Any], *keys: str) -> list[str]:
    entries = [name for key in keys for name in as_list(wanted.get(key))]
    return [name for entry in entries for name in str(entry).split(",")]


def _matcher(patterns: list[str]) -> Callable[[str], bool]:
    """Whether a dotted name, or an object that it is in, is among the patterns."""
    tests = [re.compile(translate(pattern)).match for pattern in patterns]
    below = [re.compile(translate(f"{pattern}.*")).match for pattern in patterns]
    return lambda path: any(test(path) is not None for test in (*tests, *below))


def _filtered(node: Mapping[str, Any], path: str, keeps: Callable[[str], bool]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            kept = _filtered(value, inner, keeps)
            if kept or keeps(inner):
                found[name] = kept
        elif keeps(inner):
            found[name] = value
    return found


def check_patterns(patterns: Sequence[object], what: str) -> None:
    """Sees that patterns are not too many.

    Raises:
        Refused: They are.
    """
    if len(patterns) > MOST_PATTERNS:
        raise Refused(f"{what} has {len(patterns)} names, and {MOST_PATTERNS} is the limit")


def fields_of(fields: object, columns: object) -> Fields:
    """What a request's `fields` and `docvalue_fields` say: values by dotted names, in lists.

    Args:
        fields: Shows values as they are in an event.
        columns: Shows them as they are counted: in order, and equal texts once.

    Raises:
        Refused: They say nothing that is known.
    """
    check_patterns([*as_list(fields), *as_list(columns)], "fields")
    in_event, in_columns = _styles(fields), _styles(columns)

    def shown(event: Event) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        if not (in_event or in_columns):
            return found
        for path, value in _mapped(event):
            for pattern, style in in_columns:
                if pattern.match(path):
                    found.setdefault(path, []).append(_shown(path, value, style))
                    break
        found = {path: _in_columns(values) for path, values in found.items()}
        columned = set(found)
        for path, value in _mapped(event):
            for pattern, style in in_event:
                if path not in columned and pattern.match(path):
                    found.setdefault(path, []).append(_shown(path, value, style))
                    break
        return found

    return shown


def _styles(wanted: object) -> list[tuple[re.Pattern[str], str | None]]:
    """The patterns of names, and the formats of times."""
    found = []
    for entry in as_list(wanted):
        options = entry if isinstance(entry, dict) else {"field": entry}
        check_names(options, {"field", "format", "include_unmapped"}, "fields")
        pattern = re.compile(translate(str(options.get("field"))))
        found.append((pattern, options.get("format")))
    return found


def _mapped(event: Event) -> Iterator[tuple[str, Any]]:
    """The values of an event by their names, those of attributes as texts, and its numbers once more."""
    for path, value in leaves(event):
        if not path.startswith(f"{ATTRIBUTES}."):
            yield path, value
            continue
        yield path, value if isinstance(value, str) else json_of(value).decode()
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) <= GREATEST
        ):
            yield path + NUMBER, float(value)


def _in_columns(values: list[Any]) -> list[Any]:
    texts = all(isinstance(value, str) for value in values)
    return sorted(set(values)) if texts else sorted(values, key=lambda one: (str(type(one)), one))


def _shown(path: str, value: object, style: str | None) -> object:
    if style is None or EVENT_FIELDS.get(path) is not FieldType.DATE or not isinstance(value, str):
        return value
    return formatted(epoch_us(value), style)


def leaves(node: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of an event; a list has several values under one name."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, path)
    elif node is not None:
        yield path, node
