"""Which fields do the matches have, and how many of the matches have each?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from logboom.event import Event
from logboom.query.model import And, Exists, Query
from logboom.store.local import counting
from logboom.store.local.days import View
from logboom.store.local.looking import search_page
from logboom.store.local.translate import Translator
from logboom.store.sampling import SAMPLE, fields_of
from logboom.store.values import FieldUse, FieldUses, SearchRequest, TimeRange

_DAYS_SAMPLED = 8


def fields(
    view: View, translator: Translator, query: Query, times: TimeRange, *, prefix: str, size: int,
    is_late: Callable[[], bool],
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

    Raises:
        QueryError: The query cannot be used.
    """
    events = _sample(view, translator, query, times, is_late)
    total = counting.count(view.days, translator.translate(query), times, is_late)
    found = fields_of(events, prefix)
    most = sorted(found, key=lambda one: (-one.events, one.name))[:size]
    uses = [
        _counted(view, translator, query, times, one, total.value / len(events), is_late)
        for one in most
    ]
    return FieldUses(sorted(uses, key=lambda one: one.name), total.value, len(events))


def _counted(
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
    view: View, translator: Translator, query: Query, times: TimeRange, is_late: Callable[[], bool]
) -> list[Event]:
    """The newest matches of some days, spread over all that have any."""
    days = [day for day in view.days if counting.in_times(day, translator.translate(query), times)]
    step = max(1, -(-len(days) // _DAYS_SAMPLED))
    chosen = days[::-1][::step]
    found: list[Event] = []
    for number, day in enumerate(chosen):
        if is_late():
            break
        limit = (SAMPLE - len(found)) // (len(chosen) - number)
        request = SearchRequest(query, times, limit=limit, count_limit=1)
        one = View((day,), ())
        found += search_page(one, translator.translate(query), request, is_late).events
    return found
