"""Which attributes hold numbers, and does the index know it?

Elasticsearch gives an attribute the type of its first value. Were that a text, the numbers that come
under the same name later on that day would be texts, too, and no range would find them. So the index
is told of each attribute that holds a number before the first of them is sent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from logboom.fields import ATTRIBUTES
from logboom.store.port import Document

MOST_PER_INDEX = 500
"""Further ones get the type of their first value: an index holds only so many fields."""


class NumberPaths:
    """What the indices know already, by their days."""

    def __init__(self) -> None:
        self._known: dict[date, set[str]] = {}

    def unknown(self, documents: Sequence[Document]) -> dict[date, list[str]]:
        """Dotted names of attributes with numbers that an index has not been told of.

        They count as told from now on; hardly more than `MOST_PER_INDEX` ever come for one day.
        """
        found: dict[date, set[str]] = {}
        for document in documents:
            attributes = _attributes(document)
            if attributes.__class__ is dict and attributes:
                day = document.day
                known = self._known.get(day)
                if known is None:
                    known = self._known[day] = set()
                if len(known) < MOST_PER_INDEX:
                    with contextlib.suppress(RecursionError):  # too deep to be taken as it is
                        _look(attributes, "", known, found.setdefault(day, set()))
        return {day: sorted(paths) for day, paths in found.items() if paths}

    def forget(self, day: date) -> None:
        """An index could not be told: try again with the next write."""
        self._known.pop(day, None)


def _attributes(document: Document) -> Any:  # noqa: ANN401 - JSON
    head = document.head
    if head is not None:
        return head.attributes
    try:
        event = document.event
    except (ValueError, RecursionError):
        return None  # the server will say what is wrong with it
    return event.get(ATTRIBUTES) if event.__class__ is dict else None


def _look(attributes: dict[str, Any], above: str, known: set[str], new: set[str]) -> None:
    for name, value in attributes.items():
        kind = value.__class__
        if kind is str:
            continue
        if kind is int or kind is float:
            path = above + name
            if path not in known and path.strip(" ."):
                known.add(path)
                new.add(path)
        elif kind is dict:
            _look(value, f"{above}{name}.", known, new)
        elif kind is list:
            _look_in_list(value, above, name, known, new)


def _look_in_list(
    values: list[Any], above: str, name: str, known: set[str], new: set[str]
) -> None:  # fmt: skip
    for value in values:
        if value.__class__ is list:
            _look_in_list(value, above, name, known, new)
        else:
            _look({name: value}, above, known, new)
