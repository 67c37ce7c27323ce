"""What does Elasticsearch's answer say of counts over time, read without an object for each of them?"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Final

import orjson

from logboom.event import decode_json
from logboom.native import native_library
from logboom.native.values import Stretches
from logboom.store.columns import (
    added,
    check_stretches,
    counts_column,
    most_frequent,
    no_counts,
)
from logboom.store.elastic.dsl import Dsl
from logboom.store.elastic.searching import label_of, warnings_of
from logboom.store.values import Histogram

OF_FEW: Final = frozenset(
    {
        "log.level", "log.syslog.facility.name", "service.environment", "http.request.method",
        "http.version",
    }
)  # fmt: skip
"""Fields that have few values by their nature: all of them can be asked for in each stretch."""

FEW: Final = 20
"""So many values at most; of more, those that are wanted are asked for by name."""

PER_STRETCH: Final[Dsl] = {"max_bucket": {"buckets_path": "found>by._bucket_count"}}
"""Aggregation, to be named `most`: the most values that a stretch shows."""

SHOWN: Final = (
    "timed_out,_shards,aggregations.found.buckets.key,aggregations.found.buckets.doc_count,"
    "aggregations.found.buckets.by.buckets,aggregations.most.value"
)
"""What is read here (`filter_path`): a third of each bucket says the same once more, or nothing."""

_MOST_VALUES = 100
"""Each takes a column as long as all stretches."""


class Incomplete(Exception):
    """There are more values than can be read at once: a stretch may even have more than it shows."""


def read_histogram(content: bytes, width_us: int, size: int) -> Histogram:
    """The stretches that were found, with empty ones between them.

    Args:
        content: The answer to an aggregation named `found` by time, split by one named `by` or not;
            maybe with `PER_STRETCH`, which then has to say that no stretch shows more than `FEW`.
        width_us: Of a stretch.
        size: So many values stay, the most frequent ones.

    Raises:
        QueryError: There would be too many stretches.
        Incomplete: See there.
    """
    library = native_library()
    most_values = max(size, _MOST_VALUES)
    found = None if library is None else library.answers.read_stretches(content, most_values)
    if found is None:
        found = _read(decode_json(content), most_values)
    rest = orjson.loads(found.rest)
    most = rest.get("aggregations", {}).get("most", {}).get("value")
    if most is not None and most > FEW:
        raise Incomplete
    partial = bool(warnings_of({"timed_out": rest.get("timed_out"), "_shards": rest["_shards"]}))
    if not found.counts:
        return Histogram.empty(width_us, partial=partial)
    rows = [start_ms * 1000 for start_ms in (found.starts[0], found.starts[-1])]
    starts_us = range(rows[0], rows[1] + 1, width_us)
    check_stretches(len(starts_us))
    counts, *columns = _without_gaps(found, starts_us)
    by: dict[str, array[int]] = {}
    for value, some in zip(map(_label, found.by), columns, strict=True):
        by[value] = added(by[value], some) if value in by else some  # escaped in another way
    return Histogram(width_us, starts_us, counts, most_frequent(by, size), partial)


def _without_gaps(found: Stretches, starts_us: range) -> Sequence[array[int]]:
    columns = [found.counts, *found.by.values()]
    if len(starts_us) == len(found.starts):
        return columns
    known_us = [start_ms * 1000 for start_ms in found.starts]
    return [counts_column(zip(known_us, one, strict=True), starts_us) for one in columns]


def _label(value: bytes) -> str:
    """A value as text."""
    return str(orjson.loads(value))


def _read(answer: dict[str, Any], most_values: int) -> Stretches:
    """As the compiled part does, of any answer.

    Raises:
        Incomplete: There are more values.
    """
    found = answer.get("aggregations", {}).pop("found", {}).get("buckets", [])
    by: dict[bytes, array[int]] = {}
    for row, one in enumerate(found):
        for value in one.get("by", {}).get("buckets", ()):
            name = orjson.dumps(label_of(value))
            if name not in by and len(by) == most_values:
                raise Incomplete
            column = by.setdefault(name, no_counts(len(found)))
            column[row] += value["doc_count"]
    return Stretches(
        array("q", [one["key"] for one in found]),
        array("Q", [one["doc_count"] for one in found]),
        by,
        orjson.dumps(answer),
    )
