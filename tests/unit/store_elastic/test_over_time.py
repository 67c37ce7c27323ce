"""What Elasticsearch says of counts over time."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from logboom.errors import QueryError
from logboom.store import Bucket, Histogram
from logboom.store.elastic.over_time import MOST_BUCKETS, read_histogram

MINUTE_MS = 60_000
MINUTE_US = MINUTE_MS * 1000
WHOLE = {"total": 2, "successful": 2, "skipped": 0, "failed": 0}


def read(*buckets: dict[str, Any], **more: object) -> Histogram:
    """A histogram by minute, of these buckets of Elasticsearch."""
    answer = {
        "timed_out": False, "_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}, **more,
    }  # fmt: skip
    return read_histogram(orjson.dumps(answer), MINUTE_US)


def bucket(minute: int, count: int, *values: dict[str, Any]) -> dict[str, Any]:
    """One of Elasticsearch's buckets."""
    by = {"by": {"buckets": values}} if values else {}
    return {"key": minute * MINUTE_MS, "doc_count": count, **by}


def test_buckets_have_counts_by_value() -> None:
    found = read(bucket(7, 3, {"key": "info", "doc_count": 2}, {"key": "", "doc_count": 1}))
    assert found == Histogram(MINUTE_US, [Bucket(7 * MINUTE_US, 3, {"info": 2, "": 1})])


def test_values_that_are_no_texts_are_shown_as_elasticsearch_writes_them() -> None:
    truths = {"key": 1, "key_as_string": "true", "doc_count": 1}, {"key": 0, "doc_count": 2}
    found = read(bucket(0, 3, *truths), bucket(1, 1, {"key": 1.5, "doc_count": 1}))
    assert [one.by for one in found.buckets] == [{"true": 1, "0": 2}, {"1.5": 1}]


def test_what_elasticsearch_says_besides_does_not_matter() -> None:
    told = {
        "key_as_string": "1970-01-01T00:00:00.000Z",
        **bucket(0, 1, {"key": "a", "doc_count": 1}),
    }
    told["by"] |= {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0}
    assert read(told, took=3, hits={"hits": []}).buckets == [Bucket(0, 1, {"a": 1})]


def test_between_buckets_there_are_empty_ones() -> None:
    found = read(bucket(-1, 1), bucket(2, 2))
    assert [(one.start_us // MINUTE_US, one.count) for one in found.buckets] == [
        (-1, 1), (0, 0), (1, 0), (2, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [{"_shards": WHOLE}, {"_shards": WHOLE, "aggregations": {}},
     {"_shards": WHOLE, "aggregations": {"found": {}}}],
)  # fmt: skip
def test_nothing_found(answer: dict[str, Any]) -> None:
    assert read_histogram(orjson.dumps(answer), MINUTE_US) == Histogram(MINUTE_US, ())


@pytest.mark.parametrize(
    "more", [{"timed_out": True}, {"_shards": {**WHOLE, "successful": 1, "failed": 1}}]
)
def test_an_answer_in_part_says_so(more: dict[str, Any]) -> None:
    assert read(bucket(0, 1), **more).partial


def test_more_buckets_than_anybody_can_look_at_are_refused() -> None:
    assert len(read(bucket(0, 1), bucket(MOST_BUCKETS - 1, 1)).buckets) == MOST_BUCKETS
    with pytest.raises(QueryError, match="more than 20000 buckets"):
        read(bucket(0, 1), bucket(MOST_BUCKETS, 1))
