"""Dissect: fields between fixed delimiters, in Logstash's and Elasticsearch's syntax.

``%{client} %{+client} [%{time}] %{?skipped} %{rest}``: each field reaches to the delimiter that
follows it. No regular expressions: the cost follows from the length of the text alone.
Source: the documentation of Logstash's dissect filter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from logboom.errors import ConfigError
from shipper.parsers.port import Fields, field_name, to_ecs

_KEY = re.compile(r"%\{([^}]*)\}")
_PARTS = re.compile(
    r"(?P<kind>[+?*&]?)(?P<name>[\w@.\-\[\]]*)(?:/(?P<order>\d{1,3}))?(?P<padded>->)?"
)


@dataclass(frozen=True, slots=True)
class _Key:
    """One field of a pattern.

    Attributes:
        kind: ``+`` appends, ``?`` and no name skip, ``*`` names a field and ``&`` is its value.
        order: Of appended parts.
        is_padded: Delimiters that follow one another behind it count as one.
        joiner: The delimiter in front of it, or behind the first one: it joins an appended part to
            those before.
        after: The delimiter behind it; empty for one that reaches to the end.
    """

    kind: str
    name: str
    order: int
    is_padded: bool
    joiner: str
    after: str


class Dissection:
    """One compiled pattern.

    Raises:
        ConfigError: When it is none.
    """

    def __init__(self, pattern: str) -> None:
        pieces = _KEY.split(pattern)
        self._first, delimiters, keys = pieces[0], pieces[::2], pieces[1::2]
        if not keys:
            raise _wrong(pattern, "it names no field: write for example %{time} %{message}")
        for number, between in enumerate(delimiters[1:-1]):
            if not between:
                raise _wrong(
                    pattern, f"there is nothing between %{{{keys[number]}}} and the next field"
                )
        self._keys = [
            _key(pattern, key, before if number else after, after)
            for number, (key, (before, after)) in enumerate(
                zip(keys, pairwise(delimiters), strict=True)
            )
        ]
        names = {key.name for key in self._keys if key.kind in {"*", "?"}}
        for key in self._keys:
            if key.kind == "&" and key.name not in names:
                raise _wrong(pattern, f"%{{&{key.name}}} needs %{{*{key.name}}} beside it")

    def match(self, text: str) -> Fields | None:
        """The fields of a text; None when a delimiter is missing, or something is left over."""
        values = self._values(text)
        return None if values is None else _fields(self._keys, values)

    def _values(self, text: str) -> list[str] | None:
        if not text.startswith(self._first):
            return None
        values: list[str] = []
        place = len(self._first)
        for key in self._keys:
            end = text.find(key.after, place) if key.after else len(text)
            if end < 0:
                return None
            values.append(text[place:end])
            place = end + len(key.after)
            while key.is_padded and key.after and text.startswith(key.after, place):
                place += len(key.after)
        return values if place == len(text) else None


class DissectParser:
    """Parses by the first of several patterns that fits; the usual short names become ECS fields.

    Args:
        patterns: At least one.

    Raises:
        ConfigError: When one cannot be used.
    """

    name = "dissect"

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [Dissection(pattern) for pattern in patterns]

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        for pattern in self._patterns:
            found = pattern.match(text)
            if found is not None:
                return to_ecs(found, text)
        return None


def _key(pattern: str, text: str, joiner: str, after: str) -> _Key:
    match = _PARTS.fullmatch(text)
    if match is None or (match["kind"] in set("+*&") and not match["name"]):
        raise _wrong(pattern, f"%{{{text}}} is no field of dissect")
    order = int(match["order"] or 0)
    name = field_name(match["name"])
    return _Key(match["kind"], name, order, match["padded"] is not None, joiner, after)


def _fields(keys: Sequence[_Key], values: Sequence[str]) -> Fields:
    found: Fields = {}
    referred = {
        key.name: value for key, value in zip(keys, values, strict=True) if key.kind in "*?"
    }
    appended: dict[str, list[tuple[int, str, str]]] = {}
    for key, value in zip(keys, values, strict=True):
        if key.kind == "&":
            if referred[key.name]:
                found[referred[key.name]] = value
        elif key.kind == "+" or (not key.kind and key.name):
            appended.setdefault(key.name, []).append((key.order, key.joiner, value))
    for name, parts in appended.items():
        parts.sort(key=lambda part: part[0])
        found[name] = parts[0][2] + "".join(joiner + value for _, joiner, value in parts[1:])
    return found


def _wrong(pattern: str, why: str) -> ConfigError:
    return ConfigError(f"{pattern!r} is not a dissect pattern: {why}", where="patterns")
