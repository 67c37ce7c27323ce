"""How is a text format parsed that is described by a pattern?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from shipper.parsers.catalogue import Format, Names
from shipper.parsers.conversions import CONVERSIONS, Convert
from shipper.parsers.inner import INNER_BEGINS, load_object, merged, parse_inner
from shipper.parsers.port import MESSAGE, Fields, Row, Rows, can_be_rows
from shipper.parsers.syslog import priority_fields

_PRIORITY = "log.syslog.priority"
_OBJECT = "attributes.json"
_NOTHING = frozenset((None, "", "-"))
_BY_HAND = frozenset({"priority", "json"})


class TextParser:
    """Parses one text format.

    Args:
        text_format: One that has a pattern.
        names: What its groups are called.
    """

    def __init__(self, text_format: Format, names: Names) -> None:
        self.name = text_format.name
        compiled = re.compile(names.expand(text_format.pattern))
        self._match = compiled.match
        groups = sorted(compiled.groupindex, key=compiled.groupindex.__getitem__)
        self._own_names = [f"attributes.{group}" for group in groups]
        self._names = [names.fields.get(group, f"attributes.{group}") for group in groups]
        kinds = {**{g: k for g, k in names.kinds.items() if g in groups}, **text_format.kinds}
        self._names_once = len(set(self._names)) == len(self._names)
        self._has_priority = "priority" in kinds.values()
        self._has_object = "json" in kinds.values()
        self._conversions: list[tuple[str, Convert]] = [
            (names.fields.get(group, f"attributes.{group}"), CONVERSIONS[kind])
            for group, kind in kinds.items()
            if kind not in _BY_HAND
        ]
        self._levels = text_format.levels
        self._rows = self._make_rows()
        self._message_at = self._names.index(MESSAGE) if MESSAGE in self._names else 0

    def _make_rows(self) -> Rows | None:
        if self._has_priority or self._has_object or not can_be_rows(self._names):
            return None
        levels, conversions = self._levels, dict(self._conversions)
        if levels:
            conversions["log.level"] = lambda level: levels.get(level, level)
        if len(conversions) < len(self._conversions) + bool(levels):
            return None
        return Rows(tuple(self._names), self._read, self._named, _NOTHING, conversions)

    def rows(self) -> Rows | None:
        """See `RowParser.rows`."""
        return self._rows

    def _read(self, text: str) -> Row | Fields | None:
        match = self._match(text)
        if match is None:
            return None
        groups = match.groups()
        message = groups[self._message_at]
        if message in _NOTHING or message[0] in INNER_BEGINS or match.end() < len(text):
            return self._fields(groups, text, match.end())
        return groups

    def _named(self, row: Row) -> Fields:
        return self._fields(row, "", 0)

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        match = self._match(text)
        return None if match is None else self._fields(match.groups(), text, match.end())

    def _fields(self, groups: Row, text: str, end: int) -> Fields:
        """What was found in a text; what stands behind its end goes on with the message."""
        fields = self._captured(groups)
        for name, convert in self._conversions:
            if name in fields:
                fields[name] = convert(fields[name])
        if self._levels and (level := fields.get("log.level")) in self._levels:
            fields["log.level"] = self._levels[level]
        if self._has_priority and _PRIORITY in fields:
            fields = {**fields, **priority_fields(int(fields[_PRIORITY]))}
        if self._has_object and _OBJECT in fields:
            own = load_object(fields[_OBJECT])
            if own is not None:
                del fields[_OBJECT]
                fields = merged(fields, own)
        message = fields.get("message")
        if message is None:
            fields["message"] = text
        elif end < len(text):
            fields["message"] = message + text[end:]
        elif message[0] in INNER_BEGINS:
            return parse_inner(fields, message)
        return fields

    def _captured(self, groups: Sequence[str | Any]) -> Fields:
        """What is there; a hyphen says that it is not."""
        if not self._names_once:
            return _first_of_each(self._names, self._own_names, groups)
        if _NOTHING.isdisjoint(groups):
            return dict(zip(self._names, groups, strict=True))
        return {n: v for n, v in zip(self._names, groups, strict=True) if v and v != "-"}


def _first_of_each(
    names: Sequence[str], own_names: Sequence[str], groups: Sequence[str | None]
) -> Fields:
    """What is there; of several groups for one field, the first. The others keep their own names."""
    fields: Fields = {}
    for name, own_name, value in zip(names, own_names, groups, strict=True):
        if not value or value == "-" or fields.get(name) == value:
            continue
        fields[own_name if name in fields else name] = value
    return fields
