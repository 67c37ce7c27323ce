"""How are fields asked for that are no texts: keywords, numbers, addresses, attributes?

An attribute is a keyword under its own name, whatever its type; those whose values were numbers
when they were first seen have them once more as numbers, in the sub-field `number`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from ipaddress import ip_address, ip_network

import orjson

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, FieldType
from logboom.query.model import Fuzzy, Phrase, Range, Regex, Term, Wildcard
from logboom.query.numbers import parse_number
from logboom.query.values import LARGEST_LONG, LEAST_LONG
from logboom.store.elastic.dsl import (
    NOTHING,
    Dsl,
    all_of,
    any_of,
    between,
    exists,
    fuzzy,
    regexp,
    term,
    wildcard,
)

Leaf = Term | Phrase | Wildcard | Regex | Fuzzy

_EXACT_IN_A_DOUBLE = 2**53
"""From here on, whole numbers share the double next to them."""

_BEYOND_WHOLE_NUMBERS = 2**64
"""From here on, JSON's numbers are read as doubles."""


def keyword(query: Leaf, field: str) -> Dsl:
    """Whole values of a field."""
    match query:
        case Term(_, value) | Phrase(_, value):
            return term(field, value)
        case Wildcard(_, pattern):
            return wildcard(field, pattern)
        case Regex(_, pattern):
            return regexp(field, pattern)
        case Fuzzy(_, value, distance):
            return fuzzy(field, value, distance)


def keyword_range(query: Range) -> Dsl:
    """Values between two others, by code points."""
    return between(
        query.field,
        query.lower,
        query.upper,
        include_lower=query.include_lower,
        include_upper=query.include_upper,
    )


def attribute(query: Leaf, field: str) -> Dsl:
    """A value, by each of the types that its text may mean; patterns are for strings."""
    if not isinstance(query, Term | Phrase):
        return all_of([keyword(query, field)], but_not=[_is_a_number(field)])
    number = parse_number(query.value)
    if number is None:
        return term(field, query.value)
    if _EXACT_IN_A_DOUBLE <= abs(number) < _BEYOND_WHOLE_NUMBERS:
        return any_of([term(field, text) for text in _spellings(query.value, int(number))])
    return any_of([term(field, query.value), _equal(_number(field), _as_double(number))])


def _spellings(text: str, number: int) -> list[str]:
    """How JSON may have a whole number that others share a double with: it is compared as a text."""
    texts = [text, str(number)]
    if float(number) == number:
        texts += [f"{number}.0", orjson.dumps(float(number)).decode()]
    return list(dict.fromkeys(texts))


def attribute_range(query: Range) -> Dsl:
    """Numbers between two numbers, or strings between two strings."""
    ends = [end for end in (query.lower, query.upper) if end is not None]
    if any(parse_number(end) is None for end in ends):
        return all_of([keyword_range(query)], but_not=[_is_a_number(query.field)])
    return number_range(replace(query, field=_number(query.field)), FieldType.DOUBLE)


def exists_below(field: str) -> Dsl:
    """An attribute or an object, or anything below it, has a value."""
    return any_of(
        [
            exists(field),
            {"exists": {"field": f"{field}.*"}},
            {"prefix": {"_ignored": {"value": f"{field}."}}},
        ]
    )


def number(field: str, text: str, kind: FieldType) -> Dsl:
    """A number of a field of numbers; a text that is none matches nothing."""
    value = parse_number(text)
    if value is None:
        return NOTHING
    if kind is FieldType.DOUBLE:
        return _equal(field, _as_double(value))
    fits = isinstance(value, int) and LEAST_LONG <= value <= LARGEST_LONG
    return term(field, value) if fits else NOTHING


def number_range(query: Range, kind: FieldType) -> Dsl:
    """Numbers between two others.

    Raises:
        QueryError: An end is no number.
    """
    lower = _number_end(query.field, query.lower)
    upper = _number_end(query.field, query.upper)
    if kind is FieldType.LONG:
        return _whole_range(query, lower, upper)
    return between(
        query.field,
        None if lower is None else _end_of_doubles(lower, below_zero=query.include_lower),
        None if upper is None else _end_of_doubles(upper, below_zero=not query.include_upper),
        include_lower=query.include_lower,
        include_upper=query.include_upper,
    )


def _whole_range(query: Range, lower: float | None, upper: float | None) -> Dsl:
    """The whole numbers of 64 bits that lie in a range."""
    first, last = LEAST_LONG, LARGEST_LONG
    if lower is not None:
        first = max(first, math.ceil(lower) if query.include_lower else math.floor(lower) + 1)
    if upper is not None:
        last = min(last, math.floor(upper) if query.include_upper else math.ceil(upper) - 1)
    if first > last:
        return NOTHING
    return between(query.field, first, last, include_lower=True, include_upper=True)


def address(field: str, text: str) -> Dsl:
    """An IP address, or all those of a network; a text that is neither matches nothing."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return NOTHING
    return term(field, str(network))


def address_range(query: Range) -> Dsl:
    """IP addresses between two others.

    Raises:
        QueryError: An end is no address.
    """
    for end in (query.lower, query.upper):
        try:
            if end is not None:
                ip_address(end)
        except ValueError as error:
            raise QueryError(
                f"{query.field} is compared with IP addresses, and {end!r} is none"
            ) from error
    return keyword_range(query)


def _number_end(field: str, text: str | None) -> int | float | None:
    if text is None:
        return None
    value = parse_number(text)
    if value is None:
        raise QueryError(f"{field} is compared with numbers, and {text!r} is none")
    return value


def _as_double(value: float) -> float:
    """The value as JSON can carry it: whole numbers beyond 53 bits become fractions."""
    return float(value) if abs(value) > _EXACT_IN_A_DOUBLE else value


def _equal(field: str, value: float) -> Dsl:
    """A double; there is a zero below zero, and both are 0."""
    if value != 0:
        return term(field, value)
    return between(field, -0.0, 0.0, include_lower=True, include_upper=True)


def _end_of_doubles(value: float, *, below_zero: bool) -> float:
    """An end as JSON can carry it; of the two zeros the one that leaves none between."""
    if value == 0:
        return -0.0 if below_zero else 0.0
    return _as_double(value)


def number_field(field: str) -> str:
    """Where Elasticsearch has the numbers of a field."""
    return _number(field) if field.startswith(f"{ATTRIBUTES}.") else field


def _number(field: str) -> str:
    return f"{field}.number"


def _is_a_number(field: str) -> Dsl:
    return {"exists": {"field": _number(field)}}
