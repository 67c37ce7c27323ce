"""How many documents match, in all, over time and by value?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tantivy import Query

from logboom.errors import QueryError
from logboom.store.columns import check_stretches, counts_column
from logboom.store.countable import check_countable
from logboom.store.divisions import Interval
from logboom.store.local import asking
from logboom.store.local.asking import NUMBERED
from logboom.store.local.combine import all_of, between
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.leaves import escaped
from logboom.store.local.schema import ADDRESS, TIME
from logboom.store.local.seen import run_buckets
from logboom.store.local.soundness import refuse_damage
from logboom.store.local.unusual import TIME_MARK
from logboom.store.values import Count, Histogram, SourceCount, TimeRange

_COLUMNS = {"client.ip": ADDRESS}
_AT_ONCE = 60_000  # buckets in one answer of tantivy; it refuses more than 65,000


def in_times(day: Snapshot, query: Query, times: TimeRange) -> Query | None:
    """The query, narrowed to a range of times where the day is not wholly inside it.

    Returns:
        None when nothing of the day can lie in the range.
    """
    start, end = times.start_us, times.end_us
    if not day.strays:
        if (start is not None and start >= day.end_us) or (end is not None and end <= day.start_us):
            return None
        start = None if start is not None and start <= day.start_us else start
        end = None if end is not None and end >= day.end_us else end
    return all_of(query, between(start, end))


def count_all(days: Sequence[Snapshot], times: TimeRange, is_late: Callable[[], bool]) -> Count:
    """All events within a range of times; days that lie wholly inside it tell their number."""
    inside = [day for day in days if _is_inside(day, times)]
    others = [day for day in days if not _is_inside(day, times)]
    rest = count(others, Query.all_query(), times, is_late)
    return Count(rest.value + sum(day.searcher.num_docs for day in inside), rest.exact)


def _is_inside(day: Snapshot, times: TimeRange) -> bool:
    begins = times.start_us is None or times.start_us <= day.start_us
    ends = times.end_us is None or times.end_us >= day.end_us
    return begins and ends and (not day.strays or times == TimeRange())


def count(
    days: Sequence[Snapshot], query: Query, times: TimeRange, is_late: Callable[[], bool]
) -> Count:
    """Matches within a range of times; at least so many when it took too long."""
    total = 0
    for day in reversed(days):
        if is_late():
            return Count(total, exact=False)
        narrowed = in_times(day, query, times)
        if narrowed is not None:
            total += asking.count(day.searcher, narrowed)
    return Count(total)


def by_source(days: Sequence[Snapshot]) -> list[SourceCount]:
    """Documents by run of a source and by day."""
    return [
        SourceCount(str(bucket["key"]), day.folder.day, bucket["doc_count"])
        for day in days
        for bucket in run_buckets(day.searcher, Query.all_query(), {})
    ]


def histogram(
    days: Sequence[Snapshot], query: Query, times: TimeRange, interval: Interval,
    is_late: Callable[[], bool], equals: Callable[[str], Query],
) -> Histogram:  # fmt: skip
    """Matches over time, the newest days first; see `Store.histogram`.

    Args:
        days: Ascending.
        query: Translated.
        times: Of the events.
        interval: How time is cut.
        is_late: True once it has taken too long: what was counted so far is the answer.
        equals: Asks for a value, by its label, of the field that counts are split by.

    Raises:
        QueryError: The field cannot be used, or there would be too many buckets.
    """
    if interval.width_us < 1:
        raise QueryError("the interval must be longer than nothing")
    newest_first = [
        (day, one) for day in reversed(days) if (one := in_times(day, query, times)) is not None
    ]
    column = None if interval.by is None else column_of(interval.by)
    values = _Values() if column is None else _most_frequent(newest_first, column, is_late)
    keys = values.most_frequent(interval.size, interval.values)
    counts: Counter[int] = Counter()
    split: dict[str, Counter[int]] = {label: Counter() for label in keys}
    for day, one in newest_first:
        if is_late():
            return _assemble(counts, split, interval, partial=True)
        if column is not None and len(keys) == len(values.totals):
            together = _counted_together(day, one, interval, column, keys)
            if together is not None:
                _add(together, counts, split)
                continue
        counts.update(_over_time(day, one, interval))
        if column is not None:
            _add_split(day, one, interval, column, keys, split, equals)
    return _assemble(counts, split, interval)


def _counted_together(
    day: Snapshot, query: Query, interval: Interval, column: str, keys: Mapping[str, object]
) -> list[tuple[str | None, Counter[int]]] | None:
    """Counts over time for each value, and for None those without one, in a single pass.

    Args:
        keys: All values that there are.

    Returns:
        None when that cannot be told so: there are other values than texts, an event has several of
        them, or there are too many buckets.
    """
    steps = (day.end_us - day.start_us) // interval.width_us + 2
    is_bounded = not day.strays and (len(keys) + 1) * steps <= _AT_ONCE
    if not is_bounded or column == ADDRESS or not all(isinstance(k, str) for k in keys.values()):
        return None
    nothing = "-" * (1 + max((len(str(key)) for key in keys.values()), default=0))
    terms = {"field": column, "size": _AT_ONCE, "missing": nothing}
    asked = {"values": {"terms": terms, "aggs": {"times": _by_time(interval)}}, **NUMBERED}
    found = _aggregate(day, query, asked)
    buckets = found["values"]["buckets"]
    if sum(bucket["doc_count"] for bucket in buckets) != int(found["numbered"]["value"]):
        return None
    return [
        (None if bucket["key"] == nothing else bucket_label(bucket), _times(bucket["times"]))
        for bucket in buckets
    ]


def _add(
    found: Sequence[tuple[str | None, Counter[int]]],
    counts: Counter[int],
    split: Mapping[str, Counter[int]],
) -> None:
    for label, times in found:
        counts.update(times)
        if label is not None:
            split[label].update(times)


def _add_split(
    day: Snapshot, query: Query, interval: Interval, column: str, keys: Mapping[str, object],
    split: Mapping[str, Counter[int]], equals: Callable[[str], Query],
) -> None:  # fmt: skip
    """Counts the values that are shown, and no others: all of them could be too many buckets."""
    if column == ADDRESS or not all(isinstance(key, str) for key in keys.values()):
        for label, counts in split.items():
            counts.update(_over_time(day, all_of(query, equals(label)), interval))
        return
    terms = {"field": column, "size": _AT_ONCE, "include": list(keys.values())}
    asked = {"values": {"terms": terms, "aggs": {"times": _by_time(interval)}}}
    for bucket in _aggregate(day, query, asked)["values"]["buckets"]:
        split[bucket_label(bucket)].update(_times(bucket["times"]))


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of a field.

    Attributes:
        totals: How many events have each of them, by its label.
        keys: The values as tantivy has them, by their labels; of texts and others that read alike,
            one of the others.
    """

    totals: Counter[str] = field(default_factory=Counter)
    keys: dict[str, object] = field(default_factory=dict)

    def most_frequent(self, size: int, among: Collection[str] | None) -> dict[str, object]:
        wanted = (one for one in self.totals.items() if among is None or one[0] in among)
        ranked = sorted(wanted, key=lambda item: (-item[1], item[0]))
        return {label: self.keys[label] for label, _ in ranked[:size]}


def _most_frequent(
    days: Sequence[tuple[Snapshot, Query]], by: str, is_late: Callable[[], bool]
) -> _Values:
    """The most frequent values of each day."""
    found = _Values()
    for day, query in days:
        if is_late():
            break
        values = {"values": {"terms": {"field": by, "size": _AT_ONCE}}}
        for bucket in _aggregate(day, query, values)["values"]["buckets"]:
            label = bucket_label(bucket)
            found.totals[label] += bucket["doc_count"]
            if isinstance(found.keys.get(label, ""), str):
                found.keys[label] = bucket["key"]
    return found


def _assemble(
    counts: Counter[int], split: dict[str, Counter[int]], interval: Interval, *,
    partial: bool = False,
) -> Histogram:  # fmt: skip
    if not counts:
        return Histogram.empty(interval.width_us, partial=partial)
    starts_us = range(min(counts), max(counts) + 1, interval.width_us)
    check_stretches(len(starts_us))
    by = {value: counts_column(some.items(), starts_us) for value, some in split.items() if some}
    return Histogram(
        interval.width_us, starts_us, counts_column(counts.items(), starts_us), by, partial
    )


def _over_time(day: Snapshot, query: Query, interval: Interval) -> Counter[int]:
    return _times(_aggregate(day, query, {"times": _by_time(interval)})["times"])


def _by_time(interval: Interval) -> dict[str, Any]:
    offset = {"offset": interval.offset_us % interval.width_us} if interval.offset_us else {}
    return {
        "histogram": {"field": TIME, "interval": interval.width_us, "min_doc_count": 1, **offset}
    }


def _times(found: dict[str, Any]) -> Counter[int]:
    return Counter({int(bucket["key"]): bucket["doc_count"] for bucket in found["buckets"]})


def _aggregate(day: Snapshot, query: Query, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return day.searcher.aggregate(query, request)
    except ValueError as error:
        refuse_damage(error)
        raise QueryError(
            f"there would be too many buckets: {error}",
            suggestion="choose a longer interval or a shorter range of time",
        ) from error


def label_of(value: str | float) -> str:
    """A value as an aggregation gives it, as text."""
    if isinstance(value, str):
        return value.removesuffix(TIME_MARK)
    return str(int(value)) if float(value).is_integer() else str(value)


def bucket_label(bucket: Mapping[str, Any]) -> str:
    """The value that the events of a bucket share, as text; truth values have one of their own."""
    text: str | None = bucket.get("key_as_string")
    return label_of(bucket["key"]) if text is None else text


def column_of(field: str) -> str:
    """The column that has the values of a field, as tantivy reads its name.

    Raises:
        QueryError: They cannot be counted.
    """
    check_countable(field)
    return _COLUMNS.get(field) or escaped(field)
