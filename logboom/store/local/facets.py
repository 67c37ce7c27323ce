"""Which values do fields have among the matches, and how often?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tantivy import Query

from logboom.errors import QueryError
from logboom.store.local.counting import bucket_label, column_of, in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.port import Facets, TimeRange, ValueCount

VALUES_PER_DAY = 10_000
"""Different values of a field that one day's answer has at most; counts of rarer ones are missing."""


def facets(
    days: Sequence[Snapshot], query: Query, times: TimeRange, fields: Sequence[str], size: int,
    is_late: Callable[[], bool],
) -> Facets:  # fmt: skip
    """The most frequent values of fields; see `Store.facets`.

    Args:
        days: The newest are counted first, should it take too long.
        query: Translated.
        times: Of the events.
        fields: Stored names.
        size: So many values of each.
        is_late: True once it has taken too long.

    Raises:
        QueryError: A field cannot be used.
    """
    columns = [column_of(field) for field in fields]
    totals: dict[str, Counter[str]] = {field: Counter() for field in columns}
    complete = True
    for day in reversed(days):
        narrowed = in_times(day, query, times)
        if narrowed is None:
            continue
        if is_late():
            complete = False
            break
        complete &= _add(day, narrowed, totals)
    values = {
        field: ranked(totals[column], size) for field, column in zip(fields, columns, strict=True)
    }
    return Facets(values, complete)


def ranked(counts: Mapping[str, int], size: int) -> list[ValueCount]:
    """The most frequent values; of equally frequent ones the first by the alphabet."""
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [ValueCount(value, count) for value, count in order[:size]]


def _add(day: Snapshot, query: Query, totals: Mapping[str, Counter[str]]) -> bool:
    """Counts a day's values in; False when it has more different ones than can be counted.

    Each column is asked for alone: tantivy's bound on buckets holds for a whole request.
    """
    complete = True
    for column, counts in totals.items():
        asked = {"values": {"terms": {"field": column, "size": VALUES_PER_DAY}}}
        try:
            found = day.searcher.aggregate(query, asked)["values"]
        except ValueError as error:
            raise QueryError(
                f"the values of {column} are too many: {error}",
                suggestion="choose another field, or a shorter range of time",
            ) from error
        complete &= not found["sum_other_doc_count"]
        for bucket in found["buckets"]:
            counts[bucket_label(bucket)] += bucket["doc_count"]
    return complete
