"""How are several alternatives joined of which some number must be there?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from math import comb

from logboom.query.analysis import words
from logboom.query.chain import conjunction, disjunction
from logboom.query.leaves import Field, Leaves
from logboom.query.model import And, MatchAll, Not, Or, Query
from search_api.elasticsearch_api.refusals import unsupported

NOTHING = Not(MatchAll())
"""Matches no event."""

_LEAST = re.compile(r"(-?)(\d{1,9})(%?)", re.ASCII)
_HUNDRED = 100
_TURNED_ROUND = 2
"""Moves that turn two words round."""


def at_least(parts: Sequence[Query], least: object, *, otherwise: Query, room: int) -> Query:
    """At least so many of some queries.

    Args:
        parts: The queries.
        least: `minimum_should_match`: a number, negative for all but so many, or either as a percentage.
        otherwise: What matches when that is none at all.
        room: Clauses that may be made for it.

    Raises:
        Refused: It is written otherwise, or there would be too many ways to have so many of them.
    """
    match = _LEAST.fullmatch(str(least))
    if match is None:
        raise unsupported(f"minimum_should_match: {least}", "it has numbers and percentages")
    number = int(match[2]) * len(parts) // _HUNDRED if match[3] else int(match[2])
    number = len(parts) - number if match[1] else number
    if number <= 0:
        return otherwise
    if number > len(parts):
        return NOTHING
    if number == 1:
        return disjunction(list(parts)) or NOTHING
    if comb(len(parts), number) * number * max(map(clauses, parts)) > room:
        raise unsupported(
            f"minimum_should_match: {least} of {len(parts)}", "ask for one of them, or for all"
        )
    ways = [conjunction(list(some)) for some in combinations(parts, number)]
    return disjunction([way for way in ways if way is not None]) or NOTHING


def clauses(query: Query) -> int:
    """How many a query has, counted wherever they are."""
    match query:
        case And(parts) | Or(parts):
            return sum(map(clauses, parts))
        case Not(part):
            return clauses(part)
        case _:
            return 1


def near(leaves: Leaves, field: Field, text: str, slop: int) -> Query | None:
    """Words with at most `slop` moves between them, by which they may also be turned round.

    Raises:
        Refused: More than two words may be turned round.
    """
    found = leaves.phrase(field, text, slop, at=0)
    wanted = words(text)
    if found is None or slop < _TURNED_ROUND or len(wanted) == 1:
        return found
    if len(wanted) > len("ab"):
        raise unsupported(f"a slop of {slop} for {len(wanted)} words", "it has 0 and 1 for those")
    round_about = leaves.phrase(field, " ".join(reversed(wanted)), slop - _TURNED_ROUND, at=0)
    return disjunction([one for one in (found, round_about) if one is not None])
