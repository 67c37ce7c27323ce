"""How is it measured what events of the embedded store that share some values have in common?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tantivy import Query

from logboom.errors import QueryError, StoreUnavailable
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.rollups.durations import Durations, merged
from logboom.store.cells import (
    Cell,
    CellsRequest,
    Numbers,
    check_number_of_cells,
    numbers_together,
    too_many_cells,
)
from logboom.store.countable import check_countable
from logboom.store.local.counting import bucket_label, in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.schema import TIME
from logboom.store.local.sketching import ByRange, ByValue, by_range, sketching
from logboom.store.local.soundness import refuse_damage
from logboom.store.values import TimeRange

_AT_ONCE: Final = 60_000
_NONE: Final = "\ufffe"  # stands for a missing value: no text has it
_DOUBLE: Final = frozenset({FieldType.LONG, FieldType.DOUBLE})

_Key = tuple[int, tuple[str, ...]]
_Found = dict[_Key, tuple[int, list[Numbers]]]


@dataclass(frozen=True, slots=True)
class _Question:
    query: Query
    request: CellsRequest
    is_late: Callable[[], bool]

    @property
    def times(self) -> TimeRange:
        return TimeRange(self.request.start_us, self.request.end_us)


def measured(
    days: Sequence[Snapshot], query: Query, request: CellsRequest, is_late: Callable[[], bool]
) -> list[Cell]:
    """Counts and numbers; see `Store.cells`.

    Args:
        days: What there is.
        query: The request's, translated.
        request: What is to be measured.
        is_late: True once it has taken too long.

    Raises:
        QueryError: A field cannot be used, or there would be too many cells.
        StoreUnavailable: It took too long: numbers of a part would look like those of the whole.
    """
    for name in request.by:
        check_countable(name)
    if request.of is not None:
        check_number(request.of)
    found: _Found = {}
    question = _Question(query, request, is_late)
    for day in days:
        if in_times(day, query, question.times) is not None:
            _add_day(day, question, found)
    cells = [
        Cell(start_us, values, count, numbers_together(numbers))
        for (start_us, values), (count, numbers) in sorted(found.items())
    ]
    check_number_of_cells(cells)
    return cells


def check_number(name: str) -> None:
    """Sees that a field can have numbers.

    Raises:
        QueryError: It cannot.
    """
    if not name.startswith(f"{ATTRIBUTES}.") and EVENT_FIELDS.get(name) not in _DOUBLE:
        raise QueryError(f"{name} has no numbers")


def _add_day(day: Snapshot, question: _Question, found: _Found) -> None:
    request = question.request
    for key, bucket in _groups(day, question, question.times, _stats(request)):
        count, numbers = found.get(key, (0, []))
        stats = _numbers(bucket)
        found[key] = (count + bucket["doc_count"], numbers if stats is None else [*numbers, stats])
    if request.percentiles and request.of is not None:
        _add_sketches(day, question, request.of, found)


def _stats(request: CellsRequest) -> dict[str, Any]:
    return {} if request.of is None else {"numbers": {"stats": {"field": request.of}}}


def _numbers(bucket: Mapping[str, Any]) -> Numbers | None:
    stats = bucket.get("numbers")
    if not stats or not stats["count"]:
        return None
    return Numbers(stats["count"], stats["sum"], stats["min"], stats["max"])


def _add_sketches(day: Snapshot, question: _Question, name: str, found: _Found) -> None:
    least = min((n.least for _, all_ in found.values() for n in all_), default=0.0)
    greatest = max((n.greatest for _, all_ in found.values() for n in all_), default=0.0)
    values = Counter[int]()
    for (start_us, _), (_, all_) in found.items():
        values[start_us] += sum(one.count for one in all_)
    most = max(values.values(), default=0)
    sketches = _sketches(day, question, sketching(name, least, greatest, most))
    if sketches is None:
        sketches = _sketches(day, question, by_range(name, least, greatest)) or {}
    for key, sketch in sketches.items():
        if not sketch.count:
            continue
        count, numbers = found[key]
        found[key] = (count, [*numbers, Numbers(0, 0.0, greatest, least, sketch)])


def _sketches(
    day: Snapshot, question: _Question, way: ByValue | ByRange
) -> dict[_Key, Durations] | None:
    """The sketches, asked for in one of the ways; None when an answer has not all values."""
    sketches: dict[_Key, list[Durations]] = {}  # of an empty text, and of no value
    for key, bucket in _groups(day, question, question.times, way.asked):
        sketch = way.read(bucket)
        if sketch is None:
            return None
        sketches.setdefault(key, []).append(sketch)
    return {key: parts[0] if len(parts) == 1 else merged(parts) for key, parts in sketches.items()}


def _groups(
    day: Snapshot, question: _Question, times: TimeRange, each: Mapping[str, Any]
) -> Iterator[tuple[_Key, Mapping[str, Any]]]:
    """Stretch and values, and the bucket of the events that have them."""
    narrowed = in_times(day, question.query, times)
    if narrowed is None:
        return
    if question.is_late():
        raise StoreUnavailable(
            "measuring took too long and was stopped",
            where=str(day.folder.path),
            mend="ask for a shorter time, or for fewer events",
        )
    try:
        rows = list(_rows(day, narrowed, question.request, each))
    except ValueError as error:  # too many buckets for one answer
        refuse_damage(error)
        halves = _halves(times, question.request)
        if halves is None:
            raise too_many_cells() from error
        for half in halves:
            yield from _groups(day, question, half, each)
        return
    yield from rows


def _halves(times: TimeRange, request: CellsRequest) -> tuple[TimeRange, TimeRange] | None:
    start_us, end_us = times.start_us or 0, times.end_us or 0
    stretches = -(-(end_us - start_us) // request.width_us)
    if stretches < 2:
        return None
    middle_us = start_us + stretches // 2 * request.width_us
    return TimeRange(start_us, middle_us), TimeRange(middle_us, end_us)


def _rows(
    day: Snapshot, query: Query, request: CellsRequest, each: Mapping[str, Any]
) -> Iterator[tuple[_Key, Mapping[str, Any]]]:
    inner = each
    for name in reversed(request.by):
        terms = {"field": name, "size": _AT_ONCE, "missing": _NONE}
        inner = {"found": {"terms": terms, "aggs": inner} if inner else {"terms": terms}}
    width_us, offset_us = request.width_us, request.start_us % request.width_us
    stretches: dict[str, Any] = {
        "histogram": {"field": TIME, "interval": width_us, "offset": offset_us, "min_doc_count": 1}
    }
    if inner:
        stretches["aggs"] = inner
    for stretch in day.searcher.aggregate(query, {"stretches": stretches})["stretches"]["buckets"]:
        start_us = int(stretch["key"])
        for values, bucket in _leaves(stretch, (), len(request.by)):
            yield (start_us, values), bucket


def _leaves(
    bucket: Mapping[str, Any], above: tuple[str, ...], left: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if not left:
        yield above, bucket
        return
    for one in bucket["found"]["buckets"]:
        value = "" if one["key"] == _NONE else bucket_label(one)
        yield from _leaves(one, (*above, value), left - 1)
