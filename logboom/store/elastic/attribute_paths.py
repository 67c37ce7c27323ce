"""Which attributes should an index be told of before they are sent?

Elasticsearch gives an attribute the type of its first value. Were that a text, the numbers that come
under the same name later on that day would be texts, too, and no range would find them. So the index
is told of each attribute that holds a number before the first of them is sent.

And each event that brings a new name makes the whole cluster agree on it, one after the other. So
when many new names come at once, the index is told of all of them in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from logboom.fields import ATTRIBUTES
from logboom.store.values import Document

MOST_NUMBERS = 500
MOST_TEXTS = 2000
"""In one index; further ones get the type of their first value: an index holds only so many."""

MANY = 50
"""Fewer new texts than this in one write are left to the index, and to the user's own templates."""


_MOST_SHAPES = 10_000
"""Of so many ways in which attributes are laid out it is known that nothing in them is new."""


class Kind(Enum):
    """As what an attribute is indexed."""

    TEXT = "text"
    NUMBER = "number"


@dataclass(slots=True)
class _Known:
    numbers: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    shapes: set[int] = field(default_factory=set)


class AttributePaths:
    """What the indices know already, by their days."""

    def __init__(self) -> None:
        self._known: dict[date, _Known] = {}

    def unknown(
        self, documents: Sequence[Document], shapes: Sequence[int] | None = None
    ) -> Mapping[date, Mapping[str, Kind]]:
        """Dotted names of attributes that an index should be told of now, and as what.

        They count as told from now on.

        Args:
            documents: Of one write.
            shapes: A number for each that is the same only for attributes of the same names and
                kinds, or 0 when it has to be looked at. None: all have to.
        """
        found: dict[date, dict[str, Kind]] = {}
        for document, shape in zip(documents, shapes or [0] * len(documents), strict=True):
            day = document.day
            known = self._known.get(day)
            if known is None:
                known = self._known[day] = _Known()
            if shape in known.shapes:
                continue
            if shape and len(known.shapes) < _MOST_SHAPES:
                known.shapes.add(shape)
            attributes = _attributes(document)
            if attributes.__class__ is dict and attributes:
                try:
                    _look(attributes, "", known, found.setdefault(day, {}))
                except RecursionError:
                    continue  # too deep to be taken as it is: the server will say so
        chosen = {day: _worth_telling(new) for day, new in found.items() if new}
        return {day: new for day, new in chosen.items() if new}

    def forget(self, day: date) -> None:
        """An index could not be told: try again with the next write."""
        self._known.pop(day, None)


def _worth_telling(new: Mapping[str, Kind]) -> dict[str, Kind]:
    texts = sum(kind is Kind.TEXT for kind in new.values())
    return {path: new[path] for path in sorted(new) if texts >= MANY or new[path] is Kind.NUMBER}


def _attributes(document: Document) -> Any:  # noqa: ANN401 - JSON
    head = document.head
    if head is not None:
        return head.attributes
    try:
        event = document.event
    except (ValueError, RecursionError):
        return None  # the server will say what is wrong with it
    return event.get(ATTRIBUTES) if event.__class__ is dict else None


def _look(attributes: dict[str, Any], above: str, known: _Known, new: dict[str, Kind]) -> None:
    texts, numbers = known.texts, known.numbers
    for name, value in attributes.items():
        kind = value.__class__
        if kind is str:
            path = above + name
            if path not in texts:
                _add_text(path, known, new)
        elif kind is int or kind is float:
            path = above + name
            if path not in numbers and len(numbers) < MOST_NUMBERS and _is_plain(path):
                numbers.add(path)
                new[path] = Kind.NUMBER
        elif kind is dict:
            _look(value, f"{above}{name}.", known, new)
        elif kind is list:
            _look_in_list(value, above, name, known, new)


def _add_text(path: str, known: _Known, new: dict[str, Kind]) -> None:
    if len(known.texts) < MOST_TEXTS and _is_plain(path):
        known.texts.add(path)
        if path not in known.numbers:
            new[path] = Kind.TEXT


def _look_in_list(
    values: list[Any], above: str, name: str, known: _Known, new: dict[str, Kind]
) -> None:  # fmt: skip
    for value in values:
        if value.__class__ is list:
            _look_in_list(value, above, name, known, new)
        else:
            _look({name: value}, above, known, new)


def _is_plain(path: str) -> bool:
    """A name that Elasticsearch takes: one that it refuses would spoil the telling of the others."""
    return bool(path.strip())
