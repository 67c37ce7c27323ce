"""Was another name, operator or unit meant than what was written?"""

from __future__ import annotations

import re

from logboom.fields import ALIASES, EVENT_FIELDS, FieldType, resolve
from logboom.query.distance import within
from logboom.query.leaves import Field, Leaves
from logboom.query.model import Query, Term
from logboom.query.scanner import Word
from logboom.spellings import stored_as

_KEYWORD = ".keyword"
_WORDS_OF_OPERATORS = frozenset({"and", "or", "not"})
_UNIT_APART = re.compile(r"\d\s+(ns|us|µs|μs|ms|s|m|h|d)(?=[\s)]|\Z)", re.ASCII)
_LEAST_LENGTH = 4


def near_name_note(name: str, *, spaced: bool, at: int, leaves: Leaves) -> None:
    """Notes that a field of the application's own is almost one of the event's.

    Args:
        name: As written.
        spaced: White space follows the colon, as in running text.
    """
    stored, kind = resolve(name)
    if kind is not FieldType.DYNAMIC or name == stored:
        return
    near, own = _near(name), stored_as(name)
    if name == "_missing_":
        leaves.note(f"_missing_ was read as {stored}; write NOT _exists_:… for that.", at)
    elif near is not None:
        leaves.note(f"{name} was read as {stored}; did you mean {near}?", at)
    elif own is not None:
        leaves.note(f"{name} was read as {stored}; what loggers call so is {own}.", at)
    elif spaced:
        leaves.note(
            f'{name}: was read as the field {stored}; to find the text, put it into "".', at
        )


def _near(name: str) -> str | None:
    lowered = name.lower().removesuffix(_KEYWORD)
    known = (*ALIASES, *EVENT_FIELDS)
    if lowered in known:
        return lowered
    if len(name) < _LEAST_LENGTH:
        return None
    return next((one for one in known if within(one, lowered, 1)), None)


def operator_note(word: Word, leaves: Leaves) -> None:
    """Notes that a word that was read looks like an operator."""
    if word.raw in _WORDS_OF_OPERATORS:
        leaves.note(
            f"{word.raw} was searched for as a word; the operator is {word.raw.upper()}.",
            word.position,
        )


def unit_apart_note(query: str, place: int, *, field: Field, leaves: Leaves) -> None:
    """Notes that the unit of a duration stands apart from its number, and so is a word to search for.

    Args:
        query: Its whole text.
        place: Behind the value of the field.
    """
    unit = _UNIT_APART.match(query, place - 1)
    if field.name == "event.duration" and unit is not None:
        leaves.note(
            f"{unit[1]} was searched for as a word; "
            f"as the unit of {field.written} it follows the number without a space.",
            unit.start(1),
        )


class Neighbours:
    """Values of one group that stand side by side: both are wanted, where other engines take either.

    Args:
        field: Of the group.
        leaves: Where that is noted, once.
    """

    def __init__(self, field: Field, leaves: Leaves) -> None:
        self._field = field
        self._leaves = leaves
        self._before: tuple[Query | None, Word] | None = None
        self._is_noted = field.kind is FieldType.TEXT

    def part(self) -> None:
        """An operator stands between the clause before and the next one."""
        self._before = None

    def add(self, clause: Query | None, word: Word) -> None:
        """A clause was read.

        Args:
            clause: What it asks for.
            word: All of its characters.
        """
        before, self._before = self._before, (clause, word)
        if word.raw in _WORDS_OF_OPERATORS:  # that is noted, too
            self._before = None
            return
        if self._is_noted or before is None or not isinstance(clause, Term):
            return
        if isinstance(before[0], Term) and before[0] != clause:
            self._is_noted = True
            name, first, second = self._field.written, before[1].raw, word.raw
            self._leaves.note(
                f"Values side by side are all wanted: {name}:({first} {second}) finds events that "
                f"have both; write {name}:({first} OR {second}) for those with either.",
                word.position,
            )
