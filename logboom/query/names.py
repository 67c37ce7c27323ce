"""Was another name or operator meant than the one that was written?"""

from __future__ import annotations

import re

from logboom.fields import ALIASES, EVENT_FIELDS, FieldType, resolve
from logboom.query.distance import within
from logboom.query.leaves import TEXTS, Field, Leaves
from logboom.query.model import Query, Term
from logboom.query.scanner import Word
from logboom.spellings import stored_as

_NAME = r"(@?[A-Za-z_][\w.]*)"
_ASSIGNED = re.compile(_NAME + r"\s*(=~|!~|==?|!=|>=?|<=?)(?![=<>~])\s*[^\s=<>()]+", re.ASCII)
_ONE_OF = re.compile(_NAME + r"\s+(?:in|IN)\s*\(([^()]+)\)", re.ASCII)
_LISTED = re.compile(r'"[^"]*"|[^\s,"]+')
_KEYWORD = ".keyword"
_NETWORK = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?![\w./])", re.ASCII)
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


def stands_for_operator_note(word: Word, query: str, *, field: Field, leaves: Leaves) -> None:
    """Notes that a word looks like an operator, or like a comparison as other languages write it.

    Args:
        word: That was read.
        query: Its whole text.
        field: Where the word is looked for.
        leaves: Where that is noted.
    """
    if word.raw in _WORDS_OF_OPERATORS:
        leaves.note(
            f"{word.raw} was searched for as a word; the operator is {word.raw.upper()}.",
            word.position,
        )
    if field is TEXTS:
        _note_comparison(query, word.position, leaves)


def _note_comparison(query: str, at: int, leaves: Leaves) -> None:
    assigned, one_of = _ASSIGNED.match(query, at), _ONE_OF.match(query, at)
    network = _NETWORK.match(query, at)
    if network is not None:
        leaves.note(
            f"{network[0]} was searched for as text; write ip:{network[0]} for clients of it.", at
        )
    if assigned is not None and _is_known(assigned[1]):
        sign = assigned[2]
        minus = "-" if sign[0] == "!" else ""
        value = "/…/" if sign[-1] == "~" else f"{sign if sign[0] in '<>' else ''}…"
        leaves.note(
            f"{assigned[0]} was searched for as text; "
            f"the field is asked by {minus}{assigned[1]}:{value}.",
            at,
        )
    if one_of is not None and _is_known(one_of[1]):
        values = " OR ".join(_LISTED.findall(one_of[2]))
        leaves.note(
            f"{one_of[0]} was searched for as words; write {one_of[1]}:({values}) for the field.",
            at,
        )


def _is_known(name: str) -> bool:
    return name in ALIASES or name in EVENT_FIELDS


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
