"""How is tantivy asked, with types?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, cast

from tantivy import DocAddress, Order, Query, Searcher

from logboom.store.local.schema import NUMBER

NUMBERED: Final = {"numbered": {"value_count": {"field": NUMBER}}}
"""Asks tantivy for the number of matches: each of them has one number."""

Hit = tuple[int, DocAddress]
"""The value that hits are sorted by, and where the document is."""


class _Result(Protocol):
    hits: list[Hit]
    count: int


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query matches: the first of them, and how many there are in all."""

    hits: list[Hit]
    count: int


def first(
    searcher: Searcher, query: Query, limit: int, *, by: str, order: Order = Order.Desc
) -> Matches:
    """The first matches in the order of a numeric column, which every match must have.

    Args:
        limit: At least 1.
    """
    result = cast("_Result", searcher.search(query, limit, order_by_field=by, order=order))
    return Matches(result.hits, result.count)


def every(searcher: Searcher, query: Query, *, by: str) -> list[Hit]:
    """All matches, the greatest value of a numeric column first."""
    total = count(searcher, query)
    if not total:
        return []
    return searcher.search(query, total, count=False, order_by_field=by).hits


def count(searcher: Searcher, query: Query) -> int:
    """How many documents match: a third of what it costs to look for the first of them, too."""
    found = searcher.aggregate(query, NUMBERED)["numbered"]
    return int(found["value"])
