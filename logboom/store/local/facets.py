"""Which values do fields have among the matches, and how often?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tantivy import Query

from logboom.errors import QueryError
from logboom.store.local.counting import bucket_label, column_of, in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.lacking import holds_more
from logboom.store.local.leaves import having
from logboom.store.local.soundness import refuse_damage
from logboom.store.values import Facets, TimeRange, ValueCount

VALUES_PER_DAY = 10_000
"""Different values of a field that one day's answer has at most; counts of rarer ones are missing."""


def facets(
    days: Sequence[Snapshot], query: Query | None, times: TimeRange, fields: Sequence[str], size: int,
    is_late: Callable[[], bool],
) -> Facets:  # fmt: skip
    """The most frequent values of fields; see `Store.facets`.

    Args:
        days: The newest are counted first, should it take too long.
        query: Translated; None: every event.
        times: Of the events.
        fields: Stored names.
        size: So many values of each.
        is_late: True once it has taken too long.

    Raises:
        QueryError: A field cannot be used.
    """
    columns = [column_of(field) for field in fields]
    queries = {column: having(column) if query is None else query for column in columns}
    totals: dict[str, Counter[str]] = {field: Counter() for field in columns}
    complete = True
    for day in reversed(days):
        narrowed = {column: in_times(day, one, times) for column, one in queries.items()}
        inside = {column: one for column, one in narrowed.items() if one is not None}
        if not inside:
            continue
        if is_late():
            complete = False
            break
        for column, one in inside.items():
            complete &= _add(day, one, column, totals[column])
        complete &= not any(holds_more(day, query, times, field) for field in fields)
    values = {
        field: ranked(totals[column], size) for field, column in zip(fields, columns, strict=True)
    }
    return Facets(values, complete)


def ranked(counts: Mapping[str, int], size: int) -> list[ValueCount]:
    """The most frequent values; of equally frequent ones the first by the alphabet."""
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [ValueCount(value, count) for value, count in order[:size]]


def _add(day: Snapshot, query: Query, column: str, counts: Counter[str]) -> bool:
    """Counts a day's values in; False when it has more different ones than can be counted.

    Each column is asked for alone: tantivy's bound on buckets holds for a whole request.
    """
    asked = {"values": {"terms": {"field": column, "size": VALUES_PER_DAY}}}
    try:
        found = day.searcher.aggregate(query, asked)["values"]
    except ValueError as error:
        refuse_damage(error)
        raise QueryError(
            f"the values of {column} are too many: {error}",
            suggestion="choose another field, or a shorter range of time",
        ) from error
    for bucket in found["buckets"]:
        counts[bucket_label(bucket)] += bucket["doc_count"]
    return not found["sum_other_doc_count"]
