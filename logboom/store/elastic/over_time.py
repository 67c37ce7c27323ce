"""What does Elasticsearch's answer say of counts over time, read without a dict for each of them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from logboom.errors import QueryError
from logboom.store.elastic.searching import warnings_of
from logboom.store.values import Bucket, Histogram

MOST_BUCKETS: Final = 20_000
SHOWN: Final = (
    "timed_out,_shards,aggregations.found.buckets.key,aggregations.found.buckets.doc_count,"
    "aggregations.found.buckets.by.buckets"
)
"""What is read here (`filter_path`): a third of each bucket says the same once more, or nothing."""

_TOO_MANY = "choose a longer interval or a shorter range of time"


class _Value(msgspec.Struct, gc=False, frozen=True):
    key: str | int | float
    doc_count: int
    key_as_string: str | None = None


class _Values(msgspec.Struct, gc=False, frozen=True):
    buckets: tuple[_Value, ...] = ()


class _Stretch(msgspec.Struct, gc=False, frozen=True):
    key: int
    doc_count: int
    by: _Values = _Values()


class _Stretches(msgspec.Struct, gc=False, frozen=True):
    buckets: tuple[_Stretch, ...] = ()


class _Aggregations(msgspec.Struct, gc=False, frozen=True):
    found: _Stretches = _Stretches()


class _Answer(msgspec.Struct, gc=False, frozen=True):
    shards: dict[str, Any] = msgspec.field(name="_shards")
    timed_out: bool = False
    aggregations: _Aggregations = _Aggregations()


_ANSWER = msgspec.json.Decoder(_Answer)


def read_histogram(content: bytes, width_us: int) -> Histogram:
    """The buckets that were found, with empty ones between them.

    Args:
        content: The answer to an aggregation named `found` by time, split by one named `by` or not.
        width_us: Of a bucket.

    Raises:
        QueryError: There would be too many.
    """
    answer = _ANSWER.decode(content)
    partial = bool(warnings_of({"timed_out": answer.timed_out, "_shards": answer.shards}))
    found = answer.aggregations.found.buckets
    buckets = [Bucket(one.key * 1000, one.doc_count, _counts(one.by.buckets)) for one in found]
    return Histogram(width_us, _without_gaps(buckets, width_us), partial)


def _counts(values: Sequence[_Value]) -> dict[str, int]:
    """By value, as text; all values of a field are of one kind, and texts need no other text."""
    if values and isinstance(values[0].key, str):
        return {one.key: one.doc_count for one in values}  # type: ignore[misc] # as the first one
    return {one.key_as_string or str(one.key): one.doc_count for one in values}


def _without_gaps(found: Sequence[Bucket], width_us: int) -> Sequence[Bucket]:
    if not found:
        return ()
    first, last = found[0].start_us, found[-1].start_us
    number = (last - first) // width_us + 1
    if number > MOST_BUCKETS:
        raise QueryError(f"there would be more than {MOST_BUCKETS} buckets", suggestion=_TOO_MANY)
    if number == len(found):
        return found
    counted = {one.start_us: one for one in found}
    starts = range(first, last + 1, width_us)
    return [counted.get(start) or Bucket(start, 0) for start in starts]
