"""Which fields do the matches have, and how many of the matches have each?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tantivy import Query as Asked

from logboom.event import Event
from logboom.query.model import And, Exists, Query
from logboom.store.local import counting
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.days import View
from logboom.store.local.looking import search_page
from logboom.store.local.translate import Translator
from logboom.store.sampling import SAMPLE, fields_of
from logboom.store.values import FieldUse, FieldUses, SearchRequest, TimeRange

_DAYS_SAMPLED = 8

_Counted = Sequence[tuple[Snapshot, int]]
"""Days that have matches, the newest first, and how many each has."""


def fields(
    view: View, translator: Translator, query: Query, times: TimeRange, *, prefix: str, size: int,
    is_late: Callable[[], bool], is_half_over: Callable[[], bool],
) -> FieldUses:  # fmt: skip
    """The fields of the matches; see `Store.fields`.

    Args:
        view: The days.
        translator: For the questions which events have a field.
        query: Which events.
        times: Of which times.
        prefix: How names begin.
        size: So many fields.
        is_late: True once it has taken too long: then the sample's numbers stand for all.
        is_half_over: True once the matches must be counted; the sample needs time, too.

    Raises:
        QueryError: The query cannot be used.
    """
    counted, is_whole = _days_with_matches(view, translator.translate(query), times, is_half_over)
    events = _sample(counted, translator, query, times, is_late)
    total = sum(count for _, count in counted)
    found = fields_of(events, prefix)
    most = sorted(found, key=lambda one: (-one.events, one.name))[:size]
    uses = [
        _with_all(view, translator, query, times, one, total / len(events), is_late) for one in most
    ]
    is_whole = is_whole and bool(events or not total)
    return FieldUses(sorted(uses, key=lambda one: one.name), total, len(events), is_whole)


def _days_with_matches(
    view: View, query: Asked, times: TimeRange, is_late: Callable[[], bool]
) -> tuple[_Counted, bool]:
    """Them, and whether there was time for all of them."""
    found: list[tuple[Snapshot, int]] = []
    for day in reversed(view.days):
        if is_late():
            return found, False
        matches = counting.count([day], query, times, lambda: False).value
        found += [(day, matches)] if matches else []
    return found, True


def _with_all(
    view: View, translator: Translator, query: Query, times: TimeRange, use: FieldUse,
    events_per_sampled: float, is_late: Callable[[], bool],
) -> FieldUse:  # fmt: skip
    """The field with the number of all matches that have it."""
    if not is_late():
        having = translator.translate(And((query, Exists(use.name))))
        counted = counting.count(view.days, having, times, is_late)
        if counted.exact:
            return replace(use, events=counted.value)
    return replace(use, events=round(use.events * events_per_sampled))


def _sample(
    counted: _Counted, translator: Translator, query: Query, times: TimeRange,
    is_late: Callable[[], bool],
) -> list[Event]:  # fmt: skip
    """The newest matches of some days, spread over all that have any; of others while they are not enough."""
    step = max(1, -(-len(counted) // _DAYS_SAMPLED))
    order = sorted(range(len(counted)), key=lambda place: (place % step > 0, place))
    days = [counted[place] for place in order]
    shares = _shares([count for _, count in days], -(-len(days) // step))
    found: list[Event] = []
    wanted = 0
    for number, ((day, count), share) in enumerate(zip(days, shares, strict=True)):
        if number and is_late():
            break
        wanted += share
        limit = min(count, wanted - len(found))  # more than its share where others cannot be read
        if limit:
            request = SearchRequest(query, times, limit=limit, count_limit=1)
            one = View((day,), ())
            found += search_page(one, translator.translate(query), request, is_late).events
    return found


def _shares(counts: Sequence[int], first: int) -> list[int]:
    """How many matches of each day are looked through: alike many of the first ones, if they have so many.

    Args:
        counts: The matches of each day.
        first: So many days are meant to be enough.
    """
    shares = [0] * len(counts)
    left = SAMPLE
    for place in range(first):
        shares[place] = min(counts[place], left // (first - place))
        left -= shares[place]
    for place, count in enumerate(counts):
        more = min(count - shares[place], left)
        shares[place] += more
        left -= more
    return shares
