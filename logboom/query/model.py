"""What can a query say? The tree that every store translates and that memory can evaluate.

Field names in it are stored names (`logboom.fields.resolve` has been applied). A field of None
stands for all of `logboom.fields.DEFAULT_TEXT_FIELDS`. `at` is where a pattern stands in the text of
the query, 0-based, for errors; two that differ in it alone are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MatchAll:
    """Every event."""


@dataclass(frozen=True, slots=True)
class Term:
    """A value.

    On a text field: all words of `value`, next to each other in this order. On a keyword field:
    the whole value, exactly (levels are lower case already). On numbers, dates and IP addresses:
    the value parsed as such (an IP may be a network in CIDR notation). On a dynamic field: a
    number when it reads as one, or the string; either matches.
    """

    field: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order with at most `slop` moves between them; on a keyword field like `Term`."""

    field: str | None
    value: str
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*` is any run of characters, `?` is one; backslash escapes both.

    On a text field it is matched against single lower-cased words, on a keyword field against the
    whole value.
    """

    field: str | None
    pattern: str
    at: int | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in Lucene's dialect, over a whole word (text) or a whole value (keyword)."""

    field: str | None
    pattern: str
    at: int | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Words within an edit distance of 0, 1 or 2."""

    field: str | None
    value: str
    distance: int


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends; None leaves an end open. At least one end is given.

    The ends are texts as the user wrote them, except on date fields, where they are ISO 8601 in
    UTC already.
    """

    field: str
    lower: str | None
    upper: str | None
    include_lower: bool
    include_upper: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class And:
    """All of them; at least two."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; at least two."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everything but."""

    part: Query


Leaf = Term | Phrase | Wildcard | Regex | Fuzzy | Range | Exists
"""A question that has no others in it; each has a `field`."""

Query = MatchAll | Term | Phrase | Wildcard | Regex | Fuzzy | Range | Exists | And | Or | Not


def leaves(query: Query) -> Iterator[Leaf]:
    """The questions that a query is made of, from left to right; everything is none."""
    match query:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case MatchAll():
            return
        case _:
            yield query
