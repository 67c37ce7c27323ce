"""How is a value of an event asked for by its dotted name?

Values are indexed by their own JSON types under their names; a query's text may mean several of them.
"""

from __future__ import annotations

import math

from tantivy import Index, Query

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES
from logboom.query import model
from logboom.query.numbers import parse_number
from logboom.query.values import LARGEST_LONG, LEAST_LONG
from logboom.store.local import patterns
from logboom.store.local.combine import any_of, nothing, regex
from logboom.store.local.schema import OBJECTS, PRESENT, REST, SCHEMA
from logboom.store.local.unusual import TIME_MARK, marked

Leaf = model.Term | model.Phrase | model.Wildcard | model.Regex | model.Fuzzy

_BOOLEANS = {"true": True, "false": False}
_SPECIAL_IN_QUERIES = frozenset("+^`:{}\"'[]()!\\* ")
_ANY_UNMARKED = "[^\\x00]"
_OPTIONAL_MARK = f"(?:{patterns.literal(TIME_MARK)})?"


def leaf(query: Leaf, name: str) -> Query:
    """A value, a pattern or a fuzzy value under a name.

    Raises:
        QueryError: The pattern cannot be used.
    """
    match query:
        case model.Term(_, value) | model.Phrase(_, value, _):
            return equal(name, value)
        case model.Wildcard(_, pattern):
            return matching(name, patterns.from_wildcard(pattern))
        case model.Regex(_, pattern):
            return matching(name, patterns.from_regexp(pattern))
        case model.Fuzzy(_, value, distance):
            return any_of(
                *(Query.fuzzy_term_query(SCHEMA, path, value, distance) for path in _paths(name))
            )


def equal(name: str, value: str) -> Query:
    """The value, in every type that its text may mean."""
    readings: list[str | int | float | bool] = [value]
    if _is_attribute(name) and marked(value) != value:
        readings = [marked(value)]
    if value in _BOOLEANS:
        readings.append(_BOOLEANS[value])
    number = parse_number(value)
    if number is not None:
        fits = isinstance(number, float) or LEAST_LONG <= number < 2**64
        readings.append(number if fits else float(number))
    return any_of(
        *(Query.term_query(SCHEMA, path, one) for path in _paths(name) for one in readings)
    )


def strings(name: str, value: str) -> Query:
    """The string alone."""
    return any_of(*(Query.term_query(SCHEMA, path, value) for path in _paths(name)))


def matching(name: str, pattern: str) -> Query:
    """Strings under a name that a pattern matches from end to end."""
    top, _, path = name.partition(".")
    if top not in OBJECTS:
        return nothing()
    if not _is_attribute(name):
        return regex(top, f"{_term_start(path)}(?:{pattern})")
    unmarked = pattern.replace(patterns.ANY, _ANY_UNMARKED)
    below = f"{_term_start(path)}(?:{unmarked}){_OPTIONAL_MARK}"
    return any_of(regex(top, below), regex(REST, below))


def between_strings(query: model.Range) -> Query:
    """Strings between two ends, by code points."""
    pattern = patterns.from_ends(query)
    return nothing() if pattern is None else matching(query.field, pattern)


def exists(name: str) -> Query:
    """Something has a value under the name, or below it."""
    noted = regex(PRESENT, patterns.literal(name) + "(\\..*)?")
    if name.partition(".")[0] not in OBJECTS:
        return noted
    there = Query.exists_query(_escaped(name), json_subpaths=True)
    if not _is_attribute(name):
        return any_of(there, noted)
    return any_of(there, noted, regex(REST, _term_start(name.partition(".")[2], below=True)))


class Ranges:
    """Makes ranges of numbers, which only tantivy's parser can ask of JSON fields."""

    def __init__(self) -> None:
        self._index = Index(SCHEMA)  # in memory and empty

    def between(
        self, query: model.Range, lower: int | float | None, upper: int | float | None
    ) -> Query:
        """Numbers between two ends; None leaves one open.

        Raises:
            QueryError: tantivy cannot read the field's name.
        """
        include_lower, include_upper = query.include_lower, query.include_upper
        lower, upper = _of_64_bits(lower), _of_64_bits(upper)
        # tantivy wants both ends of one type. A whole one becomes the fraction beside it, and belongs
        # to the range where it did not before, or the other way round: the range stays the same.
        if isinstance(lower, int) and isinstance(upper, float):
            lower = math.nextafter(lower, -math.inf if include_lower else math.inf)
            include_lower = not include_lower
        elif isinstance(lower, float) and isinstance(upper, int):
            upper = math.nextafter(upper, math.inf if include_upper else -math.inf)
            include_upper = not include_upper
        name = query.field
        field = "".join("\\" + char if char in _SPECIAL_IN_QUERIES else char for char in name)
        start = "[*" if lower is None else f"{'[' if include_lower else '{'}{lower!r}"
        end = "*]" if upper is None else f"{upper!r}{']' if include_upper else '}'}"
        try:
            return self._index.parse_query(f"{field}:{start} TO {end}")
        except ValueError as error:
            raise QueryError(f"{name} cannot be compared: {error}") from error


def _of_64_bits(number: int | float | None) -> int | float | None:
    """A number beyond the whole ones that tantivy compares as such, as a fraction."""
    if isinstance(number, int) and not LEAST_LONG <= number <= LARGEST_LONG:
        return float(number)
    return number


def _is_attribute(name: str) -> bool:
    return name.startswith(ATTRIBUTES + ".")


def _paths(name: str) -> list[str]:
    """Where values of a name may be, as tantivy takes it."""
    if name.partition(".")[0] not in OBJECTS or not all(name.split(".")):
        return []
    path = _escaped(name)
    return (
        [path, f"{REST}.{path.removeprefix(ATTRIBUTES + '.')}"] if _is_attribute(name) else [path]
    )


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\")


def _term_start(path: str, *, below: bool = False) -> str:
    """How terms of a JSON field begin: the steps of the path, a zero, the letter of the type."""
    steps = "\x01".join(patterns.literal(step) for step in path.split("."))
    return f"{steps}(\x01[^\x00]*)?\x00{patterns.ANY}*" if below else f"{steps}\x00s"
