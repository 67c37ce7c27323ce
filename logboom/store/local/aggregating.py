"""How are matches summed up, bucket in bucket, over all days?

Each day's index is asked for the whole tree at once, and the trees are added up. Two things cannot be
added up as tantivy gives them: percentiles and counts of different values. Where a bucket has events
of several days, percentiles are worked out anew from counts per `spread.Bins`, and different values
from the values themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tantivy import Query

from logboom.errors import QueryError
from logboom.fields import EVENT_FIELDS
from logboom.query.numbers import parse_number
from logboom.store.aggregations import (
    Aggregated,
    Aggregation,
    Bucketed,
    Buckets,
    Division,
    Key,
    Kind,
    Measure,
    Measured,
    Stretches,
    Values,
)
from logboom.store.local.aggregation_requests import (
    LISTED,
    MOST_LISTED,
    NUMBERS,
    Request,
    request_of,
)
from logboom.store.local.counting import bucket_label, in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.soundness import refuse_damage
from logboom.store.local.spread import Bins
from logboom.store.values import TimeRange


def aggregate(
    days: Sequence[Snapshot], query: Query, times: TimeRange, wanted: Sequence[Aggregation],
    is_late: Callable[[], bool],
) -> Aggregated:  # fmt: skip
    """Sums up matches; see `Aggregating.aggregate`.

    Args:
        days: All there are.
        query: The request's, translated.
        times: Of which times.
        wanted: What is asked.
        is_late: True once it has taken too long; days that were not looked at are left out then.

    Raises:
        QueryError: A field cannot be used so, or there would be too many buckets.
    """
    parts = [
        (day, one) for day in reversed(days) if (one := in_times(day, query, times)) is not None
    ]
    several = len(parts) > 1
    try:
        whole, complete = _added(parts, wanted, request_of(wanted, listed=several), is_late)
    except _NeedsBins:
        bins = _bins(parts, wanted)
        request = request_of(wanted, listed=several, bins=bins)
        whole, complete = _added(parts, wanted, request, is_late)
    return Aggregated(whole.bucket(None, wanted), complete)


_Parts = Sequence[tuple[Snapshot, Query]]


class _NeedsBins(Exception):
    """The percentiles of several days' events are asked for in one bucket."""


def _added(
    parts: _Parts, wanted: Sequence[Aggregation], request: Request, is_late: Callable[[], bool]
) -> tuple[_Sum, bool]:
    whole = _Sum(request.bins)
    for number, (day, query) in enumerate(parts):
        if number and is_late():
            return whole, False
        whole.add(_asked(day, query, request.body), wanted)
    return whole, True


def _asked(day: Snapshot, query: Query, body: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return day.searcher.aggregate(query, dict(body))
    except ValueError as error:
        refuse_damage(error)
        raise QueryError(
            f"this cannot be summed up, or there would be too many buckets: {error}",
            suggestion="choose longer intervals, fewer values or a shorter range of time",
        ) from error


def _bins(parts: _Parts, wanted: Sequence[Aggregation]) -> dict[str, Bins]:
    """The bins of each field that percentiles are asked of: they reach over all of its numbers."""
    found = {}
    for name in sorted(set(_fields(wanted))):
        numbers = Measure(name, Kind.NUMBERS, name)
        whole = _Sum({})
        for day, query in parts:
            whole.add(_asked(day, query, request_of([numbers]).body), [numbers])
        least, greatest = whole.numbers[name].least, whole.numbers[name].greatest
        found[name] = Bins.over(least, greatest)
    return found


def _fields(wanted: Sequence[Aggregation]) -> Iterator[str]:
    for one in wanted:
        if not isinstance(one, Measure):
            yield from _fields(one.inside)
        elif one.kind is Kind.PERCENTILES:
            yield one.field


@dataclass(slots=True)
class _Numbers:
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    least: float = math.inf
    greatest: float = -math.inf

    def add(self, found: Mapping[str, Any]) -> None:
        if not found["count"]:
            return
        self.count += found["count"]
        self.total += found["sum"]
        self.squares += found.get("sum_of_squares", 0.0)
        self.least = min(self.least, found["min"])
        self.greatest = max(self.greatest, found["max"])


@dataclass(slots=True)
class _Different:
    """Values of a field; `estimate` is of the one day that was added, None when there are several."""

    values: set[Key] = field(default_factory=set)
    is_complete: bool = True
    estimate: int | None = 0
    days: int = 0

    def add(self, name: str, estimate: float, listed: Mapping[str, Any] | None) -> None:
        if not estimate:
            return
        self.days += 1
        self.estimate = round(estimate) if self.days == 1 else None
        if listed is None or listed["sum_other_doc_count"]:
            self.is_complete = False
        else:
            self.values.update(_value(name, bucket) for bucket in listed["buckets"])

    def count(self) -> int:
        if self.is_complete:
            return len(self.values)
        if self.estimate is None:
            raise QueryError(
                f"there are more than {MOST_LISTED} different values on several days, "
                "which cannot be counted together",
                suggestion="ask for one UTC day, or in steps of a day at most",
            )
        return self.estimate


class _Sum:
    """What is known of one bucket so far."""

    def __init__(self, bins: Mapping[str, Bins]) -> None:
        self._bins = bins
        self.count = 0
        self.numbers: dict[str, _Numbers] = {}
        self._different: dict[str, _Different] = {}
        self._present: dict[str, int] = {}
        self._percentiles: dict[str, dict[float, float | None]] = {}
        self._spread: dict[str, list[int]] = {}
        self._inside: dict[str, dict[Key, _Sum]] = {}
        self._others: dict[str, int] = {}

    def add(self, found: Mapping[str, Any], wanted: Sequence[Aggregation]) -> None:
        """Adds what one day's index says of the bucket."""
        self.count += found.get("doc_count", 0)
        for one in wanted:
            if isinstance(one, Measure):
                self._measure(one, found)
            else:
                self._add_buckets(one, found[one.name])

    def _measure(self, one: Measure, found: Mapping[str, Any]) -> None:
        answer = found[one.name]
        match one.kind:
            case Kind.NUMBERS | Kind.SPREAD:
                self.numbers.setdefault(one.name, _Numbers()).add(answer)
            case Kind.PRESENT:
                self._present[one.name] = self._present.get(one.name, 0) + _present(answer)
            case Kind.DIFFERENT:
                different = self._different.setdefault(one.name, _Different())
                different.add(one.field, answer["value"], found.get(one.name + LISTED))
            case Kind.PERCENTILES if one.field in self._bins:
                self._bins[one.field].add(answer, self._spread.setdefault(one.name, []))
            case Kind.PERCENTILES:
                self._set_percentiles(one, answer["values"])

    def _set_percentiles(self, one: Measure, values: Mapping[str, float]) -> None:
        read = {float(percent): value for percent, value in values.items()}
        if any(math.isnan(value) for value in read.values()):
            return
        if one.name in self._percentiles:
            raise _NeedsBins
        self._percentiles[one.name] = dict(read)

    def _add_buckets(self, one: Division, found: Mapping[str, Any]) -> None:
        known = self._inside.setdefault(one.name, {})
        for bucket in found["buckets"]:
            if not bucket["doc_count"]:
                continue
            key = _key(one, bucket)
            if key is not None:
                known.setdefault(key, _Sum(self._bins)).add(bucket, one.inside)
        others = found.get("sum_other_doc_count", 0)
        self._others[one.name] = self._others.get(one.name, 0) + others

    def bucket(self, key: Key | None, wanted: Sequence[Aggregation]) -> Bucketed:
        """The sum as it is answered."""
        measures = {one.name: self._measured(one) for one in wanted if isinstance(one, Measure)}
        inside = {one.name: self._rows(one) for one in wanted if not isinstance(one, Measure)}
        return Bucketed(key, self.count, measures, inside)

    def _measured(self, one: Measure) -> Measured:
        match one.kind:
            case Kind.NUMBERS | Kind.SPREAD:
                numbers = self.numbers.get(one.name, _Numbers())
                if not numbers.count:
                    return Measured()
                return Measured(
                    numbers.count, numbers.total, numbers.squares, numbers.least, numbers.greatest
                )
            case Kind.PRESENT:
                return Measured(self._present.get(one.name, 0))
            case Kind.DIFFERENT:
                return Measured(self._different.get(one.name, _Different()).count())
            case Kind.PERCENTILES if one.field in self._bins:
                counts = self._spread.get(one.name, [])
                bins = self._bins[one.field]
                shares = {percent: bins.percentile(counts, percent) for percent in one.percents}
                return Measured(sum(counts), percentiles=shares)
            case Kind.PERCENTILES:
                known = self._percentiles.get(one.name, {})
                return Measured(percentiles={p: known.get(p) for p in one.percents})

    def _rows(self, one: Division) -> Buckets:
        rows = [
            found.bucket(key, one.inside) for key, found in self._inside.get(one.name, {}).items()
        ]
        if isinstance(one, Values):
            rows.sort(key=lambda row: (-row.count, str(row.key)))
        else:
            rows.sort(key=lambda row: float(row.key or 0))
        return Buckets(rows, self._others.get(one.name, 0))


def _key(one: Division, bucket: Mapping[str, Any]) -> Key | None:
    """What the events of a bucket share; None: they belong to none."""
    match one:
        case Stretches():
            inside = "from" in bucket and "to" in bucket
            return int(bucket["from"]) if inside else None
        case Values(numbers=True):
            is_number = not isinstance(bucket["key"], str) and "key_as_string" not in bucket
            return float(bucket["key"]) if is_number else None
        case Values():
            return _value(one.field, bucket)
        case _:
            return _whole(bucket["key"])


def _present(answer: Mapping[str, Any]) -> int:
    """How many values there are, by their count or by those of each value."""
    if "buckets" not in answer:
        return int(answer["value"])
    shown: int = sum(bucket["doc_count"] for bucket in answer["buckets"])
    return shown + int(answer["sum_other_doc_count"])


def _value(name: str, bucket: Mapping[str, Any]) -> Key:
    """A value of a field: a text, unless it is one of numbers."""
    number = parse_number(str(bucket["key"])) if EVENT_FIELDS.get(name) in NUMBERS else None
    return bucket_label(bucket) if number is None else _whole(number)


def _whole(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
