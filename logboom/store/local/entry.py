"""What of an event goes into the day's index, and in which form?

The usual event takes the short way: each value has its field's JSON type, and the attributes need no
look inside. `unusual.py` puts right whatever does not. This runs once for every event: it is written
to touch each value once.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson

from logboom.event import SOURCE_RUN_LENGTH, Event
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.store.local.schema import ABSENT, FOREIGN_ID, ID, NOTED, NUMBER, PRESENT, REST, STRAY, TIME
from logboom.store.local.times import DAY_US, Timestamps, day_start_us
from logboom.store.local.unusual import AttributePaths, Leftovers, fit

_OFFSET_DIGITS = 9
_OWN_ID = re.compile(rf"[0-9a-v]{{{SOURCE_RUN_LENGTH + _OFFSET_DIGITS}}}")
_LIKE_A_TIME = re.compile(rb"\d-\d\d[Tt ]\d")
_LONG_ATTRIBUTES_BYTES = 8192
_REMEMBERED_SHAPES = 10_000

_JSON_TYPES: dict[FieldType, type | None] = {
    FieldType.TEXT: str,
    FieldType.KEYWORD: str,
    FieldType.IP: str,
    FieldType.LONG: int,
    FieldType.DOUBLE: float,
    FieldType.DATE: None,  # always to be read
}

_Leaf = tuple[str, type | None]
_Tree = dict[str, Any]
"""By key: a field's name and its JSON type, or the tree of an object."""


def own_position(event_id: str, event: Event) -> tuple[str, int] | None:
    """The source's run and the offset that an event's id follows from; None for a foreign id.

    An id of our own is not indexed: `log.source` and `log.offset` find its event.
    """
    log = event.get("log")
    if log.__class__ is not dict:
        return None
    offset = log.get("offset")  # type: ignore[union-attr]
    run = log.get("source")  # type: ignore[union-attr]
    if offset.__class__ is int and run.__class__ is str and split_id(event_id) == (run, offset):
        return run, offset  # type: ignore[return-value]
    return None


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

    def make(self, event: Event, number: int, foreign_id: str | None) -> str:
        """The index entry of an event, which tantivy may refuse: then `make_strictly`.

        Args:
            event: As it is stored.
            number: Its number in the day's documents.
            foreign_id: Its id, unless that follows from its source and offset.

        Returns:
            JSON for tantivy.
        """
        entry: dict[str, Any] = {NUMBER: number}
        odd: list[tuple[str, Any]] = []
        _fill(event, entry, odd, _TREE)
        attributes = event.get(ATTRIBUTES)
        if attributes is not None:
            plain = self._plain(attributes)
            if plain is None:
                odd.append((ATTRIBUTES, attributes))
            else:
                entry[ATTRIBUTES] = plain
        return self._finish(event, entry, odd, foreign_id)

    def make_strictly(self, event: Event, number: int, foreign_id: str | None) -> str:
        """The same with every value checked."""
        odd: list[tuple[str, Any]] = [(ATTRIBUTES, event.get(ATTRIBUTES))]
        _fill(event, {}, odd, _TREE_OF_ODDITIES)
        return self._finish(event, {NUMBER: number}, odd, foreign_id)

    def make_least(self, number: int, foreign_id: str | None) -> str:
        """An entry that cannot be refused: with it the numbers have no gap."""
        entry: dict[str, Any] = {NUMBER: number, TIME: self._start_us}
        if foreign_id is not None:
            entry |= {FOREIGN_ID: foreign_id, PRESENT: FOREIGN_ID}
        return orjson.dumps(entry).decode()

    def _finish(
        self,
        event: Event,
        entry: dict[str, Any],
        odd: list[tuple[str, Any]],
        foreign_id: str | None,
    ) -> str:
        left = Leftovers()
        for name, value in odd:
            self._put_right(name, value, entry, left)
        try:
            time_us = self._timestamps.epoch_us(event["@timestamp"])
        except (KeyError, TypeError, ValueError):
            time_us = self._start_us
        entry[TIME] = time_us
        if not 0 <= time_us - self._start_us < DAY_US:
            entry[STRAY] = "t"
        present = left.present
        if foreign_id is not None:
            entry[FOREIGN_ID] = foreign_id
            present.append(FOREIGN_ID)
        for name in NOTED:
            if name in entry:
                present.append(name)
        if "message" not in entry:
            present.append(ABSENT)
        if present:
            entry[PRESENT] = present
        if left.rest:
            entry[REST] = left.rest
        return orjson.dumps(entry).decode()

    def _put_right(self, name: str, value: Any, entry: dict[str, Any], left: Leftovers) -> None:
        kind = EVENT_FIELDS.get(name)
        if name == ATTRIBUTES:
            entry[ATTRIBUTES] = self._paths.sort_out(value, left)
        elif kind is None:
            left.put(name, value)
        elif kind is FieldType.DATE and type(value) is str:
            try:
                entry[name] = self._timestamps.epoch_us(value)
            except ValueError:
                left.put(name, value)
        else:
            fitting, misfits = fit(kind, value)
            if fitting:
                entry[name] = fitting
            for misfit in misfits:
                left.put(name, misfit)

    def _plain(self, attributes: Any) -> orjson.Fragment | None:
        """The attributes as they are, or None when they need a look inside."""
        if type(attributes) is not dict:
            return None
        shape = tuple(attributes)
        if shape not in self._shapes and not self._learns(shape):
            return None
        text = orjson.dumps(attributes)
        if (
            text.find(b"{", 1) >= 0
            or b"\\u00" in text
            or len(text) > _LONG_ATTRIBUTES_BYTES
            or _LIKE_A_TIME.search(text) is not None
        ):
            return None
        return orjson.Fragment(text)

    def _learns(self, shape: tuple[str, ...]) -> bool:
        if not self._paths.admit(shape):
            return False
        if len(self._shapes) >= _REMEMBERED_SHAPES:
            self._shapes.clear()
        self._shapes.add(shape)
        return True


def _fill(
    node: dict[str, Any], entry: dict[str, Any], odd: list[tuple[str, Any]], tree: _Tree
) -> None:
    """Takes the values of the usual type over, and lists the others with their names."""
    get = tree.get
    for key, value in node.items():
        place = get(key)
        if place is None or value is None:
            continue
        if place.__class__ is tuple:
            name, usual = place
            if value.__class__ is usual:
                entry[name] = value
            else:
                odd.append((name, value))
        elif value.__class__ is dict:
            _fill(value, entry, odd, place)
        else:
            odd.append((_name_of(place), value))


def _name_of(tree: _Tree) -> str:
    """The dotted name of an object that is something else in an event."""
    place = next(iter(tree.values()))
    depth = 1
    while not isinstance(place, tuple):
        place = next(iter(place.values()))
        depth += 1
    return str(place[0]).rsplit(".", depth)[0]


def _tree(types: dict[FieldType, type | None]) -> _Tree:
    root: _Tree = {}
    for name, kind in EVENT_FIELDS.items():
        if name not in {TIME, ID}:
            *parents, last = name.split(".")
            branch = root
            for parent in parents:
                branch = branch.setdefault(parent, {})
            branch[last] = (name, types.get(kind))
    return root


_TREE = _tree(_JSON_TYPES)
_TREE_OF_ODDITIES = _tree({})
