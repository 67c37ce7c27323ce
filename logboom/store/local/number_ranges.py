"""How is a range of numbers asked of the values of a JSON field?

tantivy keeps what stands under one name as a column of signed, of unsigned or of fractional numbers,
as they come in each segment. It compares two ends only when both are of one of these types, takes
fractions without a fractional part for whole numbers, and some ends it gets wrong on some columns. So
a range is cut where the types change; each part has ends of one type, and a second condition where
tantivy would find too much. A value in any part is a value in the range, also in lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tantivy import Index, Query

from logboom.errors import QueryError
from logboom.query.values import LARGEST_LONG, LEAST_LONG
from logboom.store.local.combine import all_of, any_of, nothing
from logboom.store.local.schema import SCHEMA

Number = int | float

_UNSIGNED_END = 2**64  # for tantivy an unsigned number, too, when it is an end
_LEAST_FRACTION = math.ulp(0.0)
_SPECIAL_IN_QUERIES = frozenset("+^`:{}\"'[]()!\\* ")
_ZONES: tuple[tuple[Number | None, Number | None], ...] = (
    (None, int(math.nextafter(LEAST_LONG, -math.inf))),
    (LEAST_LONG, LARGEST_LONG),
    (LARGEST_LONG + 1, _UNSIGNED_END),
    (int(math.nextafter(_UNSIGNED_END, math.inf)), None),
)
"""Whole numbers are of one type within each; between them are no numbers of 64 bits."""


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from one to another, whole ones as `int`; None leaves an end open."""

    lower: Number | None
    upper: Number | None
    include_lower: bool = True
    include_upper: bool = True

    @property
    def is_empty(self) -> bool:
        """True when nothing can lie in it."""
        if self.lower is None or self.upper is None:
            return False
        if self.lower == self.upper:
            return not (self.include_lower and self.include_upper)
        return self.lower > self.upper


class Ranges:
    """Makes ranges of numbers, which only tantivy's parser can ask of JSON fields."""

    def __init__(self) -> None:
        self._index = Index(SCHEMA)  # in memory and empty

    def within(self, name: str, span: Span) -> Query:
        """Documents with a number under a name that lies within a span.

        Whole numbers beyond 2**53 are compared as the fractions next to them where fractions stand
        under the same name.

        Raises:
            QueryError: tantivy cannot read the field's name.
        """
        if span.is_empty:
            return nothing()
        return any_of(*(self._part(name, part) for part in _parts(_below_zero(span))))

    def _part(self, name: str, part: Span) -> Query:
        found = self._parse(name, part)
        if part.upper is not None and part.upper < 0 and not _is_signed(part.upper):
            whole = LEAST_LONG if part.upper < LEAST_LONG else 0
            return all_of(found, self._parse(name, Span(None, whole, include_upper=False)))
        if part.lower is not None and LARGEST_LONG < part.lower <= _UNSIGNED_END:
            above = self._parse(name, Span(LARGEST_LONG, None, include_lower=False))
            return all_of(found, any_of(above, _equal(name, LARGEST_LONG + 1)))
        if part.lower == 0 and part.include_lower:  # in columns, -0.0 is less
            return any_of(found, _equal(name, 0))
        return found

    def _parse(self, name: str, part: Span) -> Query:
        # The query's reader takes one half of the backslashes off, that of paths and that of columns
        # one half again.
        path = name.replace("\\", "\\" * 4)
        field = "".join("\\" + char if char in _SPECIAL_IN_QUERIES else char for char in path)
        include_lower = part.include_lower or part.lower is None
        include_upper = part.include_upper or part.upper is None
        start, end = "[" if include_lower else "{", "]" if include_upper else "}"
        try:
            return self._index.parse_query(
                f"{field}:{start}{_digits(part.lower)} TO {_digits(part.upper)}{end}"
            )
        except ValueError as error:
            raise QueryError(f"{name} cannot be compared: {error}") from error


def _below_zero(span: Span) -> Span:
    """The same where zero is the upper end and not included: nor is -0.0, which is less in columns."""
    if span.upper == 0 and not span.include_upper:
        return Span(span.lower, -_LEAST_FRACTION, span.include_lower)
    return span


def _parts(span: Span) -> Iterator[Span]:
    """Spans that make up a span, each with ends of one type."""
    if span.lower is None or span.upper is None:
        yield span
        return
    for first, last in _ZONES:
        inside = _clipped(span, first, last)
        if not inside.is_empty:
            yield from (part for part in _of_one_type(inside) if not part.is_empty)


def _clipped(span: Span, first: Number | None, last: Number | None) -> Span:
    lower, include_lower = span.lower, span.include_lower
    upper, include_upper = span.upper, span.include_upper
    if first is not None and lower is not None and lower < first:
        lower, include_lower = first, True
    if last is not None and upper is not None and upper > last:
        upper, include_upper = last, True
    return Span(lower, upper, include_lower, include_upper)


def _of_one_type(span: Span) -> tuple[Span, ...]:
    """A span whose ends are a whole number and a fraction, cut at the whole one beside the fraction."""
    lower, upper = span.lower, span.upper
    if isinstance(lower, float) and isinstance(upper, int):
        whole = math.ceil(lower)
        return (
            Span(lower, math.nextafter(whole, -math.inf), span.include_lower),
            Span(whole, upper, include_upper=span.include_upper),
        )
    if isinstance(lower, int) and isinstance(upper, float):
        whole = math.floor(upper)
        return (
            Span(lower, whole, span.include_lower),
            Span(math.nextafter(whole, math.inf), upper, include_upper=span.include_upper),
        )
    return (span,)


def _is_signed(number: Number) -> bool:
    return isinstance(number, int) and LEAST_LONG <= number <= LARGEST_LONG


def _equal(name: str, number: int) -> Query:
    return Query.term_query(SCHEMA, name.replace("\\", "\\\\"), number)


def _digits(number: Number | None) -> str:
    """As tantivy's parser reads it: without an exponent."""
    if number is None:
        return "*"
    return str(number) if isinstance(number, int) else format(Decimal(repr(number)), "f")
