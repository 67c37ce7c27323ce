"""What of an event goes into the day's index, and in which form?

The usual event takes the short way: each value has its field's type, and the attributes need no
look inside. `unusual.py` puts right whatever does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from logboom.event import SOURCE_RUN_LENGTH, Event
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.query.analysis import spaced_words
from logboom.store.local.schema import FOREIGN_ID, ID, NOT_FAST, NUMBER, PRESENT, STRAY, TIME
from logboom.store.local.times import DAY_US, Timestamps, day_start_us
from logboom.store.local.unusual import AttributePaths, Leftovers, fit

_OFFSET_DIGITS = 9
_OWN_ID = re.compile(rf"[0-9a-v]{{{SOURCE_RUN_LENGTH + _OFFSET_DIGITS}}}")
_PECULIAR = re.compile(rb".\{|\d{4}-\d\d-\d\d.\d\d:|\\u00")
_LONG_ATTRIBUTES_BYTES = 8192
_REMEMBERED_SHAPES = 10_000


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A field: its name, how it compares, the JSON type it usually has, and whether it is noted."""

    name: str
    kind: FieldType
    usual: type
    noted: bool


@dataclass(frozen=True, slots=True)
class _Branch:
    name: str
    children: dict[str, _Leaf | _Branch]


def own_position(event_id: str, event: Event) -> tuple[str, int] | None:
    """The source's run and the offset that an event's id follows from; None for a foreign id.

    An id of our own is not indexed: `log.source` and `log.offset` find its event.
    """
    position = split_id(event_id)
    log = event.get("log")
    if position is None or type(log) is not dict:
        return None
    offset = log.get("offset")
    if log.get("source") != position[0] or type(offset) is not int or offset != position[1]:
        return None
    return position


def split_id(event_id: str) -> tuple[str, int] | None:
    """The source's run and the offset in an id of our own making; None for any other id."""
    if _OWN_ID.fullmatch(event_id) is None:
        return None
    return event_id[:SOURCE_RUN_LENGTH], int(event_id[SOURCE_RUN_LENGTH:], 32)


class EntryMaker:
    """Makes the index entries of one day's events."""

    def __init__(self, day: date) -> None:
        self._start_us = day_start_us(day)
        self._timestamps = Timestamps()
        self._paths = AttributePaths()
        self._shapes: set[tuple[str, ...]] = set()

    def make(
        self, event: Event, number: int, foreign_id: str | None, *, strict: bool = False
    ) -> str:
        """The index entry of an event.

        Args:
            event: As it is stored.
            number: Its number in the day's documents.
            foreign_id: Its id, unless that follows from its source and offset.
            strict: Check every value. Without it, tantivy may refuse the entry.

        Returns:
            JSON for tantivy.
        """
        entry: dict[str, Any] = {NUMBER: number}
        left = Leftovers()
        self._fill(event, entry, left, _EVENT.children, strict=strict)
        self._add_time(event, entry)
        if foreign_id is not None:
            entry[FOREIGN_ID] = foreign_id
            left.present.append(FOREIGN_ID)
        attributes = event.get(ATTRIBUTES)
        if attributes is not None:
            entry[ATTRIBUTES] = self._attributes(attributes, left, strict=strict)
        left.into(entry)
        return orjson.dumps(entry).decode()

    def make_least(self, number: int, foreign_id: str | None) -> str:
        """An entry that cannot be refused: with it the numbers have no gap."""
        entry: dict[str, Any] = {NUMBER: number, TIME: self._start_us}
        if foreign_id is not None:
            entry |= {FOREIGN_ID: foreign_id, PRESENT: FOREIGN_ID}
        return orjson.dumps(entry).decode()

    def _fill(
        self,
        node: dict[str, Any],
        entry: dict[str, Any],
        left: Leftovers,
        children: dict[str, _Leaf | _Branch],
        *,
        strict: bool,
    ) -> None:
        for key, value in node.items():
            place = children.get(key)
            if place is None:
                continue
            if type(place) is _Branch:
                if type(value) is dict:
                    self._fill(value, entry, left, place.children, strict=strict)
                elif value is not None:
                    left.put(place.name, value)
            elif type(place) is _Leaf:
                if strict or type(value) is not place.usual:
                    self._fit(place, value, entry, left)
                elif place.kind is FieldType.TEXT:
                    entry[place.name] = value if value.isascii() else spaced_words(value)
                    left.present.append(place.name)
                else:
                    entry[place.name] = value
                    if place.noted:
                        left.present.append(place.name)

    def _fit(self, leaf: _Leaf, value: Any, entry: dict[str, Any], left: Leftovers) -> None:
        if leaf.kind is FieldType.DATE and type(value) is str:
            try:
                entry[leaf.name] = self._timestamps.epoch_us(value)
            except ValueError:
                left.put(leaf.name, value)
            return
        fitting, misfits = fit(leaf.kind, value)
        if fitting:
            entry[leaf.name] = fitting
            if leaf.noted:
                left.present.append(leaf.name)
        for misfit in misfits:
            left.put(leaf.name, misfit)

    def _add_time(self, event: Event, entry: dict[str, Any]) -> None:
        try:
            time_us = self._timestamps.epoch_us(event["@timestamp"])
        except (KeyError, TypeError, ValueError):
            time_us = self._start_us
        entry[TIME] = time_us
        if not 0 <= time_us - self._start_us < DAY_US:
            entry[STRAY] = "t"

    def _attributes(self, attributes: Any, left: Leftovers, *, strict: bool) -> Any:
        if not strict and type(attributes) is dict and self._knows_shape(attributes):
            text = orjson.dumps(attributes)
            if len(text) <= _LONG_ATTRIBUTES_BYTES and _PECULIAR.search(text) is None:
                return orjson.Fragment(text)
        return self._paths.sort_out(attributes, left)

    def _knows_shape(self, attributes: dict[str, Any]) -> bool:
        shape = tuple(attributes)
        if shape in self._shapes:
            return True
        if not self._paths.admit(shape):
            return False
        if len(self._shapes) >= _REMEMBERED_SHAPES:
            self._shapes.clear()
        self._shapes.add(shape)
        return True


def _tree() -> _Branch:
    root = _Branch("", {})
    for name, kind in EVENT_FIELDS.items():
        if name in {TIME, ID}:
            continue
        *parents, last = name.split(".")
        branch = root
        for depth, parent in enumerate(parents, 1):
            child = branch.children.setdefault(parent, _Branch(".".join(parents[:depth]), {}))
            if not isinstance(child, _Branch):
                raise TypeError(f"{name} lies below another field")
            branch = child
        usual = {FieldType.LONG: int, FieldType.DOUBLE: float, FieldType.DATE: type(None)}
        noted = kind is FieldType.TEXT or name in NOT_FAST
        branch.children[last] = _Leaf(name, kind, usual.get(kind, str), noted)
    return root


_EVENT = _tree()
