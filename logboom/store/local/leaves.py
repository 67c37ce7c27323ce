"""How is a value of an event asked for by its dotted name?

Values are indexed by their own JSON types under their names; a query's text may mean several of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from tantivy import Query

from logboom.fields import ATTRIBUTES
from logboom.query import model
from logboom.query.numbers import parse_number
from logboom.query.values import LEAST_LONG
from logboom.store.local import patterns
from logboom.store.local.combine import any_of, nothing, regex
from logboom.store.local.number_ranges import Span
from logboom.store.local.ordered_numbers import between
from logboom.store.local.schema import OBJECTS, PRESENT, REST, SCHEMA
from logboom.store.local.unusual import NUMBERS, TIME_MARK, marked

Leaf = model.Term | model.Phrase | model.Wildcard | model.Regex | model.Fuzzy

_BOOLEANS = {"true": True, "false": False}
_SHORTEST_NEAR_TIME = len("2026-03-14T09:00:00Z") - 2
_EXACT_DIGITS = 15
_LEAST_EXACT, _MOST_EXACT = 1e-7, 1e22
_LEAST_INEXACT = 1e-319
_LEAST_INEXACT_WHOLE = 2**53 // 10
_HAIR_ULPS = 2
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
                *(
                    Query.fuzzy_term_query(SCHEMA, path, form, distance)
                    for path in _paths(name)
                    for form in _fuzzy_forms(value)
                )
            )


def equal(name: str, value: str) -> Query:
    """The value, in every type that its text may mean."""
    readings: list[str | int | float | bool] = [marked(value)]
    if value in _BOOLEANS:
        readings.append(_BOOLEANS[value])
    number = parse_number(value)
    if number is not None:
        fits = isinstance(number, float) or LEAST_LONG <= number < 2**64
        readings += _as_read(number if fits else float(number))
    return any_of(
        *(Query.term_query(SCHEMA, path, one) for path in _paths(name) for one in readings)
    )


def _as_read(number: int | float) -> Iterable[int | float]:
    """A number as tantivy may have read it: fractions of many digits it misses by a hair.

    So it does whole ones that are written with a point behind sixteen digits (`1700000000000001.0`).
    From 2**52 on it may take such a one for its neighbour, which is not asked for: ids are as long.
    """
    yield number
    if _is_read_exactly(number):
        return
    below = above = float(number)
    for _ in range(_HAIR_ULPS):
        below, above = math.nextafter(below, -math.inf), math.nextafter(above, math.inf)
        yield from (one for one in (below, above) if _may_be_meant(one, number))


def _may_be_meant(near: float, number: int | float) -> bool:
    return math.isfinite(near) and (isinstance(number, float) or not near.is_integer())


def _is_read_exactly(number: int | float) -> bool:
    """True for numbers of few digits; of those next to nothing a hair would be too much."""
    if isinstance(number, int):
        return not _LEAST_INEXACT_WHOLE <= abs(number) < 2**52
    if not _LEAST_INEXACT <= abs(number) < math.inf:
        return True
    digits = len(Decimal(repr(number)).as_tuple().digits)
    return digits <= _EXACT_DIGITS and _LEAST_EXACT <= abs(number) < _MOST_EXACT


def strings(name: str, value: str) -> Query:
    """The string alone."""
    return any_of(*(Query.term_query(SCHEMA, path, marked(value)) for path in _paths(name)))


def matching(name: str, pattern: str) -> Query:
    """Strings under a name that a pattern matches from end to end."""
    top, _, path = name.partition(".")
    if top not in OBJECTS:
        return nothing()
    below = f"{_term_start(path)}(?:{pattern}){_OPTIONAL_MARK}"
    places = [top, REST] if _is_attribute(name) else [top]
    return any_of(*(regex(place, below) for place in places))


def between_strings(query: model.Range) -> Query:
    """Strings between two ends, by code points."""
    pattern = patterns.from_ends(query)
    return nothing() if pattern is None else matching(query.field, pattern)


def between_numbers(name: str, span: Span) -> Query:
    """Numbers of an attribute without a column, between two ends."""
    pattern = between(span)
    if pattern is None:
        return nothing()
    path = name.partition(".")[2]
    return regex(REST, f"{_term_start(f'{NUMBERS}.{path}')}(?:{pattern})")


def exists(name: str) -> Query:
    """Something has a value under the name, or below it."""
    noted = regex(PRESENT, patterns.literal(name) + "(\\..*)?")
    if name.partition(".")[0] not in OBJECTS:
        return noted
    there = Query.exists_query(escaped(name), json_subpaths=True)
    if not _is_attribute(name):
        return any_of(there, noted)
    return any_of(there, noted, regex(REST, _term_start(name.partition(".")[2], below=True)))


def uncounted(name: str) -> Query:
    """An attribute of this very name has a value, and no column."""
    return Query.term_query(SCHEMA, PRESENT, name)


def having(column: str) -> Query:
    """Something has a value in a column (`counting.column_of`), found without a look at each event."""
    return Query.exists_query(column, json_subpaths=False)


def _fuzzy_forms(value: str) -> tuple[str, ...]:
    """A value as it is, and as times are indexed where it may be near to one."""
    return (value, value + TIME_MARK) if len(value) >= _SHORTEST_NEAR_TIME else (value,)


def _is_attribute(name: str) -> bool:
    return name.startswith(ATTRIBUTES + ".")


def _paths(name: str) -> list[str]:
    """Where values of a name may be, as tantivy takes it."""
    top, _, path = name.partition(".")
    if top not in OBJECTS or not path:
        return []
    tops = (top, REST) if top == ATTRIBUTES else (top,)
    return [f"{one}.{escaped(path)}" for one in tops]


def escaped(name: str) -> str:
    """A dotted name as tantivy reads it."""
    return name.replace("\\", "\\\\")


def _term_start(path: str, *, below: bool = False) -> str:
    """How terms of a JSON field begin: the steps of the path, a zero, the letter of the type."""
    steps = "\x01".join(patterns.literal(step) for step in path.split("."))
    return f"{steps}(\x01[^\x00]*)?\x00(?s:.)*" if below else f"{steps}\x00s"
