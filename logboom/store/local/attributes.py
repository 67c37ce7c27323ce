"""How are attributes asked for, whose types are those of their values?"""

from __future__ import annotations

import math

from tantivy import Index, Query

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES
from logboom.query import model
from logboom.store.local import patterns
from logboom.store.local.combine import all_of, any_of, nothing, regex
from logboom.store.local.schema import PRESENT, REST, SCHEMA
from logboom.store.local.unusual import TIME_MARK, looks_like_time
from logboom.store.local.values import LARGEST_LONG, LEAST_LONG, Number, parse_number

Leaf = model.Term | model.Phrase | model.Wildcard | model.Regex | model.Fuzzy
Scalar = str | int | float | bool

_BOOLEANS = {"true": True, "false": False}
_SPECIAL_IN_QUERIES = frozenset("+^`:{}\"'[]()!\\* ")


class AttributeQueries:
    """Makes queries on the JSON fields of the index."""

    def __init__(self) -> None:
        self._index = Index(SCHEMA)  # in memory and empty: only its parser makes ranges of numbers

    def range(self, query: model.Range) -> Query:
        """Attributes between two ends: as numbers when the ends are, else as strings.

        Raises:
            QueryError: The name cannot be used.
        """
        ends = [None if end is None else parse_number(end) for end in (query.lower, query.upper)]
        numeric = all(
            (text is None) == (end is None)
            for text, end in zip((query.lower, query.upper), ends, strict=True)
        )
        if not numeric:
            return _matching(
                query.field,
                patterns.from_range(
                    query.lower,
                    None if query.upper is None else query.upper + TIME_MARK * query.include_upper,
                    include_lower=query.include_lower,
                    include_upper=query.include_upper,
                ),
            )
        lower, upper, include_lower, include_upper = _of_one_type(
            ends[0], ends[1], query.include_lower, query.include_upper
        )
        return self._numbers(query.field, lower, upper, include_lower, include_upper)

    def _numbers(
        self,
        name: str,
        lower: Number | None,
        upper: Number | None,
        include_lower: bool,  # noqa: FBT001
        include_upper: bool,  # noqa: FBT001
    ) -> Query:
        field = "".join("\\" + char if char in _SPECIAL_IN_QUERIES else char for char in name)
        start = "*" if lower is None else repr(lower)
        end = "*" if upper is None else repr(upper)
        opening = "[" if include_lower or lower is None else "{"
        closing = "]" if include_upper or upper is None else "}"
        try:
            return self._index.parse_query(f"{field}:{opening}{start} TO {end}{closing}")
        except ValueError as error:
            raise QueryError(f"{name} cannot be compared: {error}") from error


def attribute_leaf(query: Leaf, name: str) -> Query:
    """A value, a pattern or a fuzzy value of an attribute.

    Args:
        name: With ``attributes.`` before it.

    Raises:
        QueryError: The pattern cannot be used.
    """
    match query:
        case model.Term(_, value) | model.Phrase(_, value, _):
            return any_of(*_equal(name, value), *_equal(f"{REST}.{name}", value))
        case model.Wildcard(_, pattern):
            return _matching(name, patterns.from_wildcard(pattern))
        case model.Regex(_, pattern):
            return _matching(name, patterns.from_lucene(pattern))
        case model.Fuzzy(_, value, distance):
            paths = (_path(name), _path(f"{REST}.{name}"))
            return any_of(
                *(Query.fuzzy_term_query(SCHEMA, path, value, distance) for path in paths)
            )


def attribute_exists(name: str) -> Query:
    """The attribute, or anything below it, has a value."""
    noted = regex(PRESENT, patterns.literal(name) + "(\\..*)?")
    return any_of(Query.exists_query(_path(name), json_subpaths=True), noted)


def misfit(name: str, value: str) -> Query:
    """A value that is not of its field's type."""
    return any_of(*_equal(f"{REST}.{name}", value))


def _equal(name: str, value: str) -> list[Query]:
    return [Query.term_query(SCHEMA, _path(name), one) for one in _readings(value)]


def _readings(value: str) -> list[Scalar]:
    """All that a query's text may mean as a JSON value."""
    readings: list[Scalar] = [value]
    if looks_like_time(value):
        readings.append(value + TIME_MARK)
    if value in _BOOLEANS:
        readings.append(_BOOLEANS[value])
    number = parse_number(value)
    if number is not None:
        is_small = isinstance(number, float) or LEAST_LONG <= number < 2**64
        readings.append(number if is_small else float(number))
    return readings


def _matching(name: str, pattern: str) -> Query:
    """Strings that a pattern matches from end to end."""
    whole = f"(?:{pattern})(?:{patterns.literal(TIME_MARK)})?"
    steps = name.removeprefix(f"{ATTRIBUTES}.").split(".")
    # A term of a JSON field: the steps of its path, a zero, the type's letter, the value.
    below = "\x01".join(patterns.literal(step) for step in steps) + "\x00s" + whole
    rest = patterns.literal(ATTRIBUTES) + "\x01" + below
    return any_of(regex(ATTRIBUTES, below), regex(REST, rest))


def _path(name: str) -> str:
    """A dotted name as tantivy takes it."""
    if any(not step for step in name.split(".")):
        raise QueryError(f"{name} has an empty part between its dots")
    return name.replace("\\", "\\\\")


def _of_one_type(
    lower: Number | None,
    upper: Number | None,
    include_lower: bool,  # noqa: FBT001
    include_upper: bool,  # noqa: FBT001
) -> tuple[Number | None, Number | None, bool, bool]:
    """Makes both ends whole or both fractions: tantivy takes no mixture.

    A whole end becomes the fraction next to it, and counts in no longer what it did, or the other
    way round, so that the range stays the same.
    """
    if isinstance(lower, int) and isinstance(upper, float):
        return (
            math.nextafter(lower, -math.inf if include_lower else math.inf),
            upper,
            not include_lower,
            include_upper,
        )
    if isinstance(lower, float) and isinstance(upper, int):
        return (
            lower,
            math.nextafter(upper, math.inf if include_upper else -math.inf),
            include_lower,
            not include_upper,
        )
    return lower, upper, include_lower, include_upper
