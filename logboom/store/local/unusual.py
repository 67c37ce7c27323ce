"""What becomes of events and attributes that the index cannot take as they are?

Everything stays findable that can be: too long and too deep values are left out of the index (never
of the document), attributes beyond a bound of distinct names go where they cost no columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

import orjson

from logboom.event import Event
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, LONGEST_VALUE, FieldType
from logboom.query.analysis import folded
from logboom.store.local.ordered_numbers import ordered
from logboom.store.local.schema import (
    ADDRESS,
    APART,
    FOREIGN_ID,
    MESSAGE,
    NO_MESSAGE,
    OBJECTS,
    OFFSET,
    PRESENT,
    REST,
    TAGS,
    TOKENS,
)
from logboom.store.local.tokens import PRESENT_TOKEN, tokens

Position = tuple[str, int]
"""The run of a source, and an offset in it."""

ADDED = (OFFSET, ADDRESS, FOREIGN_ID, PRESENT, REST, *TOKENS.values())
"""What `rearranged` adds to an event besides the fields that stand apart."""

PATHS_PER_DAY = 1000
"""Attributes of more distinct names than these have no columns: their values are found, not counted."""

NUMBERS = "\x02"
"""Where numbers of attributes without columns stand a second time, in order, within those attributes."""

TIME_MARK = "\uffff"
"""Follows a string that the index would otherwise take for a point in time, and blur.

A code point that Unicode keeps for such use: no text has it, and patterns never match it.
"""

_TIME_OF_DAY = r"\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)"
_IS_TIME = re.compile(r"\d{4}-\d\d-\d\d[\0-\x7f]" + _TIME_OF_DAY, re.ASCII)
_TIME_IN_JSON = re.compile(  # begins with what is rarer in JSON than quotation marks
    r'-\d\d-\d\d(?<="\d{4}-\d\d-\d\d)(?:\\u....|\\?.)' + _TIME_OF_DAY + '"', re.ASCII | re.DOTALL
)
_DEEPEST = 32
_LEAST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**64 - 1


class AttributePaths:
    """Which attributes of a day have columns of their own; at most `PATHS_PER_DAY`."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def admit(self, path: str) -> bool:
        """True when an attribute of this dotted name may have a column."""
        if path in self.known:
            return True
        if len(self.known) >= PATHS_PER_DAY:
            return False
        self.known.add(path)
        return True

    def are_plain(self, attributes: object, above: str = "") -> bool:
        """True when attributes can be indexed just as they are, but for times: not too many."""
        if not isinstance(attributes, dict):
            return False
        known = self.known
        for name, value in attributes.items():
            kind = value.__class__
            path = above + name
            if kind is dict:
                if not self.are_plain(value, path + "."):
                    return False
            elif kind is list and not _is_plain_list(value):
                return False
            if not name or (path not in known and not self.admit(path)):
                return False
        return True

    def sort_out(self, attributes: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Splits attributes into those that have columns and the rest, each by dotted name."""
        kept: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for path, value in _leaves(attributes, ""):
            where = kept if self.admit(path) else rest
            where.setdefault(path, []).append(marked(value) if isinstance(value, str) else value)
        return kept, rest


def has_times(text: str, start: int, message: object) -> bool:
    """True when JSON has a string, from a place on, that the index would take for a point in time.

    Args:
        message: The event's message, which is in it; it is only ever taken for words.
    """
    if _TIME_IN_JSON.search(text, start) is None:
        return False
    is_time = isinstance(message, str) and _IS_TIME.fullmatch(message) is not None
    return len(_TIME_IN_JSON.findall(text, start)) > is_time


def with_marks(value: object, depth: int = _DEEPEST) -> Any:  # noqa: ANN401 - JSON
    """A JSON value with its strings in the form in which they are indexed."""
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, dict) and depth:
        return {key: with_marks(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth:
        return [with_marks(item, depth - 1) for item in value]
    return value


def indexable(value: object, depth: int = _DEEPEST) -> Any:  # noqa: ANN401 - JSON
    """A JSON value as the index can take it, or None when nothing of it can be indexed."""
    if isinstance(value, dict):
        items = ((clean(key), indexable(item, depth - 1)) for key, item in value.items())
        return {key: item for key, item in items if item is not None} if depth else None
    if isinstance(value, list):
        return [indexable(item, depth - 1) for item in value] if depth else None
    return _scalar(value)


def not_indexed(event: Event) -> set[str]:
    """Names of values that are kept and too long to be compared: that they are there is noted."""
    return {
        path
        for name in (*OBJECTS, TAGS)
        for path, value in _scalars(event.get(name), name)
        if isinstance(value, str) and len(value) > LONGEST_VALUE
    }


def rearranged(
    event: Event, event_id: str, position: Position | None, paths: AttributePaths
) -> dict[str, Any]:
    """A copy of an event with all that stands apart under the index's own names."""
    copy = dict(event)
    present: list[str] = []
    for name, apart in APART.items():
        value = take_out(copy, name)
        if value is not None:
            is_text = EVENT_FIELDS[name] is FieldType.TEXT
            copy[apart] = words_of(value) if is_text else text_of(value)
            present.append(name)
    take_out(copy, "event.id")
    _take_tokens(copy)
    copy |= identity_fields(event_id, position)
    if position is not None:
        take_out(copy, "log.offset")
    address = _address(event)
    if address is not None:
        copy[ADDRESS] = address
    if ATTRIBUTES in copy:
        copy[ATTRIBUTES], rest = paths.sort_out(event[ATTRIBUTES])
        if rest:
            copy[REST] = {**rest, NUMBERS: _ordered_numbers(rest)}
            present += (f"{ATTRIBUTES}.{path}" for path in rest)
    if event.get(MESSAGE) is None:
        present.append(NO_MESSAGE)
    elif isinstance(event[MESSAGE], str):
        copy[MESSAGE] = folded(event[MESSAGE])
    present += copy.get(PRESENT, ())
    if present:
        copy[PRESENT] = present
    return copy


def _take_tokens(copy: Event) -> None:
    """Puts numbers in place of the ids that are found by them."""
    for name, own_name in TOKENS.items():
        numbers = {number for text in text_of(take_out(copy, name)) for number in tokens(text)}
        if numbers:
            copy[own_name] = [*sorted(numbers), PRESENT_TOKEN]


def identity_fields(event_id: str, position: Position | None) -> dict[str, Any]:
    """What finds a document by its id."""
    if position is not None:
        return {OFFSET: position[1]}
    return {FOREIGN_ID: clean(event_id), PRESENT: [FOREIGN_ID]}


def text_of(value: object) -> list[str]:
    """What a text field is given for a value of any type: its words at least can be found."""
    if value is None:
        return []
    if isinstance(value, str):
        return [clean(value)]
    if isinstance(value, list):
        return [text for item in value for text in text_of(item)]
    return [orjson.dumps(indexable(value)).decode()]


def words_of(value: object) -> list[str]:
    """The same for a field that is cut into words, in the form in which they are cut."""
    return [folded(text) for text in text_of(value)]


def clean(text: str) -> str:
    """The text with unpaired surrogates, which UTF-8 cannot carry, replaced."""
    return text.encode("utf-8", "replace").decode()


def marked(text: str) -> str:
    """A string in the form in which it is indexed.

    tantivy takes those of RFC 3339 for points in time, with any character between date and time.
    """
    return text + TIME_MARK if len(text) >= 20 and _IS_TIME.fullmatch(text) else text


def _is_plain_list(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def take_out(copy: dict[str, Any], name: str) -> object:
    """Takes a value out of an object of the copy; the event's own object stays as it is."""
    top, key = name.split(".")
    node = copy.get(top)
    if not isinstance(node, dict) or key not in node:
        return None
    copy[top] = {other: value for other, value in node.items() if other != key}
    return node[key]


def _address(event: Event) -> str | None:
    """That of the client, without the zone (`%eth0`) that it may have on its own machine."""
    client = event.get("client")
    value = client.get("ip") if isinstance(client, dict) else None
    try:
        return str(ip_address(value)).partition("%")[0] if isinstance(value, str) else None
    except ValueError:
        return None


def _ordered_numbers(rest: dict[str, list[Any]]) -> dict[str, list[str]]:
    """The numbers among values, by dotted name, as ranges ask for them."""
    numbers = {
        path: [ordered(value) for value in values if type(value) in (int, float)]
        for path, values in rest.items()
    }
    return {path: values for path, values in numbers.items() if values}


def _scalar(value: object) -> str | int | float | bool | None:
    if isinstance(value, str):
        return clean(value) if len(value) <= LONGEST_VALUE else None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if _LEAST_INTEGER <= value <= _LARGEST_INTEGER:
            return value
        try:
            return float(value)
        except OverflowError:
            return None  # beyond all fractions: kept, not found
    return value if isinstance(value, float) and math.isfinite(value) else None


def _leaves(value: object, path: str) -> Iterator[tuple[str, Any]]:
    """Every scalar of a JSON value that can be indexed, under its dotted name."""
    for name, found in _scalars(value, path):
        scalar = _scalar(found)
        if scalar is not None and name:
            yield name, scalar


def _scalars(value: object, path: str, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Every scalar of a JSON value under its dotted name."""
    if depth > _DEEPEST:
        return
    children: Iterable[tuple[str, object]] = ()
    if isinstance(value, dict):
        children = ((f"{path}.{clean(k)}" if path else clean(k), v) for k, v in value.items())
    elif isinstance(value, list):
        children = ((path, item) for item in value)
    else:
        yield path, value
    for child_path, child in children:
        yield from _scalars(child, child_path, depth + 1)
