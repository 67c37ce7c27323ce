"""Which day indices does an expression of index names stand for?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import translate

from logboom.query.chain import disjunction
from logboom.query.model import MatchAll, Query, Range
from logboom.query.times import iso_text
from logboom.store import Day
from search_api.elasticsearch_api.alternatives import NOTHING
from search_api.elasticsearch_api.moments import TIME
from search_api.elasticsearch_api.refusals import Refused, unsupported

_ALL = frozenset({"", "*", "_all"})
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000


def chosen(days: Sequence[Day], expression: str, *, lenient: bool) -> list[Day]:
    """The day indices that are meant.

    Args:
        days: All there are, ascending.
        expression: Names and patterns with commas between them; `-` before a pattern takes away.
        lenient: Names that there are not are no error.

    Raises:
        Refused: There is no index of a name.
    """
    if expression in _ALL:
        return list(days)
    kept: dict[str, Day] = {}
    for part in expression.split(","):
        if part.startswith("<"):
            raise unsupported("date math in names of indices", "use a pattern such as logboom-*")
        if part.startswith("-"):
            kept = {name: day for name, day in kept.items() if not _is_like(part[1:], name)}
            continue
        found = {day.name: day for day in days if part in _ALL or _is_like(part, day.name)}
        if not found and "*" not in part and not lenient:
            raise Refused(f"no such index [{part}]", kind="index_not_found_exception", status=404)
        kept |= found
    return sorted(kept.values(), key=lambda day: day.day)


def is_everything(expression: str, pattern: str) -> bool:
    """True for an expression that every day index matches, without a look at them.

    Args:
        expression: As in `chosen`.
        pattern: Of the names of day indices.
    """
    begin, star, rest = expression.partition("*")
    return expression in _ALL or (star == "*" and not rest and _is_static(begin, pattern))


def _is_static(begin: str, pattern: str) -> bool:
    return pattern.partition("%")[0].startswith(begin)


def _is_like(pattern: str, name: str) -> bool:
    return re.match(translate(pattern), name) is not None


def within(days: Sequence[Day], among: Sequence[Day]) -> Query:
    """Events of these days by their times, where not all days are meant."""
    if len(days) == len(among):
        return MatchAll()
    spans: list[list[date]] = []
    for one in days:
        if spans and one.day - spans[-1][1] == timedelta(days=1):
            spans[-1][1] = one.day
        else:
            spans.append([one.day, one.day])
    return disjunction([_between(first, last) for first, last in spans]) or NOTHING


def _between(first: date, last: date) -> Range:
    start_us, end_us = ((day.toordinal() - _EPOCH) * _DAY_US for day in (first, last))
    return Range(
        TIME,
        iso_text(start_us),
        iso_text(end_us + _DAY_US),
        include_lower=True,
        include_upper=False,
    )


def name_of(time_us: int, pattern: str) -> str:
    """The name of the index of events of this time."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)
    return moment.date().strftime(pattern)
