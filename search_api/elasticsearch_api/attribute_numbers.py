"""Which names mean the numbers of an attribute?

In logboom's indices in Elasticsearch an attribute is a keyword, and the numbers among its values stand
once more under `attributes.NAME.number`. So they do here, unless events have an attribute of that
very name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from logboom.fields import ATTRIBUTES
from logboom.query.model import And, Exists, Not, Or, Query, Range, Term
from logboom.query.numbers import parse_number
from logboom.store import Store, TimeRange

NUMBER = ".number"
"""Behind an attribute's name."""

GREATEST = sys.float_info.max


def attribute_of(stored: str) -> str | None:
    """The attribute whose numbers a stored name means; None: it means none."""
    base = stored.removesuffix(NUMBER)
    has_both = stored.startswith(f"{ATTRIBUTES}.") and base != stored
    return base if has_both and base != ATTRIBUTES else None


def with_numbers(query: Query) -> Query:
    """A query whose leaves find the numbers, too, that their names mean."""
    match query:
        case And(parts):
            return And(tuple(map(with_numbers, parts)))
        case Or(parts):
            return Or(tuple(map(with_numbers, parts)))
        case Not(part):
            return Not(with_numbers(part))
        case Term() | Range() | Exists():
            numbers = _numbers(query)
            return query if numbers is None else Or((query, numbers))
        case _:
            return query


def _numbers(leaf: Term | Range | Exists) -> Range | None:
    base = None if leaf.field is None else attribute_of(leaf.field)
    if base is None:
        return None
    match leaf:
        case Term(_, value):
            found = Range(base, value, value, include_lower=True, include_upper=True)
        case Range():
            found = replace(leaf, field=base)
        case Exists():
            found = Range(
                base, f"{-GREATEST}", f"{GREATEST}", include_lower=True, include_upper=True
            )
    ends = [end for end in (found.lower, found.upper) if end is not None]
    return found if all(parse_number(end) is not None for end in ends) else None


async def attributes_named_so(
    store: Store, names: Iterable[str], query: Query, times: TimeRange
) -> frozenset[str]:
    """Those of some stored names that attributes of matches have, though they could mean numbers.

    Raises:
        StoreUnavailable: Ask again later.
    """
    found = set[str]()
    for name in sorted({name for name in names if attribute_of(name) is not None}):
        held = And((query, Exists(name)))
        if (await store.count(held, times)).value:
            found.add(name)
    return frozenset(found)
