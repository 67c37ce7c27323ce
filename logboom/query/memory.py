"""Does an event match a query? The evaluator for live tail and alerts, without a store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from logboom.event import Event
from logboom.fields import ATTRIBUTES, DEFAULT_TEXT_FIELDS, EVENT_FIELDS, LONGEST_VALUE, FieldType
from logboom.query.analysis import is_part, is_unspaced, words
from logboom.query.automaton import Automaton
from logboom.query.distance import within
from logboom.query.event_values import Values, existence_of, text_of, values_of
from logboom.query.model import (
    And,
    Exists,
    Fuzzy,
    MatchAll,
    Not,
    Or,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)
from logboom.query.ranges import range_test
from logboom.query.regexp import parse_regexp
from logboom.query.terms import Test, term_test
from logboom.query.wildcards import to_regex

Matcher = Callable[[Event], bool]
_Leaf = Term | Phrase | Wildcard | Regex | Fuzzy | Range


def compile_query(query: Query) -> Matcher:
    """Prepares a query for being asked of many events.

    Args:
        query: Any model, of this parser or made by hand.

    Returns:
        A pure function: True when the normalised event given to it matches. Threads may share it.

    Raises:
        QueryError: When a regular expression in a model made by hand cannot be used.
    """
    compiled = _compile(query)
    return lambda event: compiled(Subject(event))


class Subject:
    """One event while it is being asked about: each text is cut into words once."""

    __slots__ = ("_words", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._words: dict[str, list[list[str]]] = {}

    def words(self, field: str, values: Values) -> list[list[str]]:
        """The words of each value of a text field."""
        known = self._words.get(field)
        if known is None:
            texts = (text_of(value) for value in values(self.event))
            known = self._words[field] = [words(text) for text in texts if text is not None]
        return known


_Compiled = Callable[[Subject], bool]


def _compile(query: Query) -> _Compiled:
    match query:
        case And(parts):
            return _all([_compile(part) for part in parts])
        case Or(parts):
            return _any([_compile(part) for part in parts])
        case Not(part):
            inner = _compile(part)
            return lambda subject: not inner(subject)
        case MatchAll():
            return lambda _subject: True
        case Exists(field):
            exists = existence_of(field)
            return lambda subject: exists(subject.event)
        case _:
            return _leaf(query)


def _all(parts: list[_Compiled]) -> _Compiled:
    def matches(subject: Subject) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would cost a frame for each level
            if not part(subject):
                return False
        return True

    return matches


def _any(parts: list[_Compiled]) -> _Compiled:
    def matches(subject: Subject) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would cost a frame for each level
            if part(subject):
                return True
        return False

    return matches


def _leaf(leaf: _Leaf) -> _Compiled:
    if leaf.field is None:
        test = _words_test(leaf)
        return _any([_by_words(field, test) for field in DEFAULT_TEXT_FIELDS])
    if EVENT_FIELDS.get(leaf.field) is FieldType.TEXT:
        return _by_words(leaf.field, _words_test(leaf))
    return _by_value(leaf.field, _value_test(leaf.field, leaf))


def _by_words(field: str, test: Callable[[list[str]], bool]) -> _Compiled:
    values = values_of(field)
    return lambda subject: any(map(test, subject.words(field, values)))


def _by_value(field: str, test: Test) -> _Compiled:
    values = values_of(field)

    def matches(subject: Subject) -> bool:
        for value in values(subject.event):
            if value.__class__ is str and len(value) > LONGEST_VALUE:
                continue  # no store compares it
            if test(value):
                return True
        return False

    return matches


def _words_test(leaf: _Leaf) -> Callable[[list[str]], bool]:
    """Whether the words of one value of a text match."""
    match leaf:
        case Range():
            return _any_word(range_test(leaf))
        case Term(_, value):
            return _in_a_row(words(value), 0)
        case Phrase(_, value, slop):
            return _in_a_row(words(value), slop)
        case Wildcard(_, pattern):
            matches = re.compile(to_regex(pattern.lower()), re.DOTALL).fullmatch
            return _any_word(lambda word: matches(word) is not None)
        case Regex(_, pattern):
            return _any_word(Automaton(parse_regexp(pattern)).matches)
        case Fuzzy(_, value, distance):
            wanted = [_fuzzy_word(word, distance) for word in words(value)]
            return lambda found: all(any(map(one, found)) for one in wanted) and bool(wanted)


def _fuzzy_word(wanted: str, distance: int) -> Callable[[str], bool]:
    return lambda word: within(wanted, word, distance)


def _any_word(test: Callable[[str], bool]) -> Callable[[Iterable[str]], bool]:
    return lambda found: any(map(test, found))


def _in_a_row(wanted: list[str], slop: int) -> Callable[[list[str]], bool]:
    """All words in this order, with at most `slop` others between them."""
    if not wanted:
        return lambda _found: False
    if any(map(is_unspaced, wanted)):
        return _parts_in_a_row(wanted, slop)
    first, rest = wanted[0], wanted[1:]
    if not rest:
        return lambda found: first in found

    def matches(found: list[str]) -> bool:
        for start, word in enumerate(found):
            if word != first:
                continue
            place = start
            try:
                for following in rest:
                    place = found.index(following, place + 1)
            except ValueError:
                return False  # and no later start can do better
            if place - start - len(rest) <= slop:
                return True
        return False

    return matches


def _parts_in_a_row(wanted: list[str], slop: int) -> Callable[[list[str]], bool]:
    """The same, where words of the query may mean words that they are a part of."""
    first, *rest = [_meant_by(word) for word in wanted]

    def ends(found: list[str], start: int) -> int | None:
        """Where the words end that begin at a place, as near as they can."""
        place = start
        for test in rest:
            following = range(place + 1, len(found))
            place = next((one for one in following if test(found[one])), -1)
            if place < 0:
                return None
        return place

    def matches(found: list[str]) -> bool:
        for start, word in enumerate(found):
            if first(word):
                end = ends(found, start)
                if end is None:
                    return False  # and no later start can do better
                if end - start - len(rest) <= slop:
                    return True
        return False

    return matches


def _meant_by(wanted: str) -> Callable[[str], bool]:
    if is_unspaced(wanted):
        return lambda word: is_part(wanted, word)
    return lambda word: word == wanted


def _value_test(field: str, leaf: _Leaf) -> Test:
    """Whether one value of a field that is not a text matches."""
    match leaf:
        case Range():
            return range_test(leaf)
        case Term(_, value) | Phrase(_, value):
            return term_test(EVENT_FIELDS.get(field, FieldType.DYNAMIC), value)
        case Wildcard(_, pattern):
            matches = re.compile(to_regex(pattern), re.DOTALL).fullmatch
            return _on_texts(field, lambda text: matches(text) is not None)
        case Regex(_, pattern):
            return _on_texts(field, Automaton(parse_regexp(pattern)).matches)
        case Fuzzy(_, value, distance):
            return _on_texts(field, _fuzzy_word(value, distance))


def _on_texts(field: str, test: Callable[[str], bool]) -> Test:
    if EVENT_FIELDS.get(field) is not FieldType.KEYWORD and not field.startswith(ATTRIBUTES):
        return lambda _value: False

    def matches(value: Any) -> bool:  # noqa: ANN401 - JSON
        return isinstance(value, str) and test(value)

    return matches
