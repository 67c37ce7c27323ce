"""How many matches share each value of a field, and from when to when?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tantivy import Query

from logboom.errors import QueryError
from logboom.store.divisions import Grouping
from logboom.store.local.counting import bucket_label, column_of, in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.schema import TIME
from logboom.store.local.soundness import refuse_damage
from logboom.store.values import Group, Groups, TimeRange

_VALUES_PER_DAY = 3_000  # with 20 values of a second field each, tantivy still answers
_SPLIT_PER_DAY = 1_000
"""Values of the second field: what is not among a day's most frequent would be missing from the sums."""


@dataclass(slots=True)
class _Sum:
    count: int = 0
    first: float = float("inf")
    last: float = float("-inf")
    by: Counter[str] = field(default_factory=Counter)

    def add(self, bucket: Mapping[str, Any]) -> None:
        self.count += bucket["doc_count"]
        self.first = min(self.first, bucket["first"]["value"])
        self.last = max(self.last, bucket["last"]["value"])
        for one in bucket.get("by", {}).get("buckets", ()):
            self.by[bucket_label(one)] += one["doc_count"]


def groups(days: Sequence[Snapshot], query: Query, times: TimeRange, grouping: Grouping) -> Groups:
    """Groups matches; see `Store.groups`.

    Raises:
        QueryError: A field cannot be used.
    """
    sums: dict[str, _Sum] = {}
    complete = True
    for day in days:
        narrowed = in_times(day, query, times)
        if narrowed is None:
            continue
        found = _of_day(day, narrowed, grouping)
        complete &= _is_whole(found)
        for bucket in found["buckets"]:
            sums.setdefault(bucket_label(bucket), _Sum()).add(bucket)
    ranked = sorted(sums.items(), key=lambda item: (-item[1].count, item[0]))
    rows = [_group(value, one, grouping.by_size) for value, one in ranked[: grouping.size]]
    return Groups(rows, complete and len(ranked) <= grouping.size)


def _of_day(day: Snapshot, query: Query, grouping: Grouping) -> dict[str, Any]:
    """A day's groups; where they have too many values of the second field, the most frequent ones."""
    if grouping.by is not None:
        with suppress(QueryError):
            return _aggregate(day, query, _request(grouping, _SPLIT_PER_DAY))
    return _aggregate(day, query, _request(grouping, grouping.by_size))


def _is_whole(found: Mapping[str, Any]) -> bool:
    """Whether a day's answer leaves nothing out."""
    parts = (found, *(bucket.get("by", {}) for bucket in found["buckets"]))
    return not any(part.get("sum_other_doc_count", 0) for part in parts)


def _request(grouping: Grouping, split: int) -> dict[str, Any]:
    parts: dict[str, Any] = {"first": {"min": {"field": TIME}}, "last": {"max": {"field": TIME}}}
    if grouping.by is not None:
        parts["by"] = {"terms": {"field": column_of(grouping.by), "size": split}}
    terms = {"field": column_of(grouping.field), "size": _VALUES_PER_DAY}
    return {"values": {"terms": terms, "aggs": parts}}


def _aggregate(day: Snapshot, query: Query, request: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = day.searcher.aggregate(query, request)["values"]
    except ValueError as error:
        refuse_damage(error)
        raise QueryError(
            f"there would be too many groups: {error}", suggestion="choose a shorter range of time"
        ) from error
    return found


def _group(value: str, one: _Sum, by_size: int) -> Group:
    by = dict(one.by.most_common(by_size))
    return Group(value, one.count, round(one.first), round(one.last), by)
