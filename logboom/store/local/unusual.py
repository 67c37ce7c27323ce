"""What becomes of values that are not of their field's type, and of attributes without bound?

They stay findable: a value that can be read as its field's type is read so; any other goes to the
field `schema.REST` under its full name, where terms (not ranges) find it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from logboom.fields import ATTRIBUTES, FieldType
from logboom.store.local.times import parse_us

LONGEST_KEYWORD = 8191
"""Characters; a longer value is kept in the document and not indexed."""

PATHS_PER_DAY = 1000
"""Attributes of more distinct names than these have no fast columns: ranges do not find them."""

TIME_MARK = "\0"
"""Follows a string that the index would otherwise take for a point in time, and blur."""

_DEEPEST = 32
_LARGEST_LONG = 2**63 - 1


@dataclass(slots=True)
class Leftovers:
    """What has no fast column of its own: names that have a value, and values under full names."""

    present: list[str] = field(default_factory=list)
    rest: dict[str, list[Any]] = field(default_factory=dict)

    def put(self, name: str, value: Any) -> None:
        """Takes a value that does not fit its field."""
        kept = _indexable(value, _DEEPEST)
        if kept is not None:
            self.rest.setdefault(name, []).append(kept)
        self.present.append(name)



def fit(kind: FieldType, value: Any) -> tuple[list[Any], list[Any]]:
    """Reads a value, or each one of a list, as a field's type.

    Returns:
        What could be read, as tantivy wants it, and what could not, as it came.
    """
    fitting: list[Any] = []
    misfits: list[Any] = []
    for single in _flat(value):
        read = _READERS[kind](single)
        if read is None:
            misfits.append(single)
        else:
            fitting.append(read)
    return fitting, misfits


def text_of(value: Any) -> str | None:
    """A scalar as a keyword's text: as it is written in JSON; None for objects and long texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and len(value) <= LONGEST_KEYWORD:
        return clean(value)
    return None


def clean(text: str) -> str:
    """The text with unpaired surrogates, which UTF-8 cannot carry, replaced."""
    return text.encode("utf-8", "replace").decode()


def _read_text(value: Any) -> str | None:
    if isinstance(value, str):
        return clean(value)
    return text_of(value)


def _read_long(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value) if isinstance(value, int) else int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if -_LARGEST_LONG - 1 <= number <= _LARGEST_LONG else None


def _read_double(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _read_date(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 1000 if abs(value) < 2**53 else None
    try:
        return parse_us(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _read_ip(value: Any) -> str | None:
    try:
        return str(ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


_READERS = {
    FieldType.TEXT: _read_text,
    FieldType.KEYWORD: text_of,
    FieldType.LONG: _read_long,
    FieldType.DOUBLE: _read_double,
    FieldType.DATE: _read_date,
    FieldType.IP: _read_ip,
}


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif value is not None:
        yield value


class AttributePaths:
    """Which attributes of a day have columns of their own; at most `PATHS_PER_DAY`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def admit(self, names: tuple[str, ...]) -> bool:
        """True when attributes of just these top-level names may all have columns."""
        new = {name for name in names if name not in self._known}
        if len(self._known) + len(new) > PATHS_PER_DAY or "" in new:
            return False
        self._known |= new
        return True

    def sort_out(self, attributes: Any, left: Leftovers) -> dict[str, Any]:
        """Splits attributes into those that have columns, nested no more, and the rest."""
        kept: dict[str, list[Any]] = {}
        for name, value in _leaves(attributes, ""):
            if self.admit((name,)):
                kept.setdefault(name, []).append(value)
            else:
                left.put(f"{ATTRIBUTES}.{name}", value)
        return {name: values[0] if len(values) == 1 else values for name, values in kept.items()}


def _leaves(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every scalar of a JSON value under its dotted name, as the index can take it."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            path = f"{name}.{_key(key)}" if name else _key(key)
            yield from _leaves(item, path, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name, depth + 1)
    else:
        kept = _indexable(value, 0)
        if kept is not None:
            yield name, kept


def _indexable(value: Any, depth: int) -> Any:
    """A JSON value as the index can take it, or None when nothing of it can be indexed."""
    if isinstance(value, str):
        return _marked(value) if len(value) <= LONGEST_KEYWORD else None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_LARGEST_LONG - 1 <= value < 2**64 else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_indexable(item, depth - 1) for item in value]
    return {_key(key): _indexable(item, depth - 1) for key, item in value.items()}


def _marked(text: str) -> str:
    kept = clean(text)
    return kept + TIME_MARK if looks_like_time(kept) else kept


def looks_like_time(text: str) -> bool:
    """True when the index would take a string for a point in time (RFC 3339)."""
    return len(text) >= 20 and text[:1].isdigit() and text[4:5] == "-" and text[10:11] in "Tt "


def _key(key: str) -> str:
    return clean(key).replace("\0", "").replace("\1", "")
