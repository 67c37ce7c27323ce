"""What Elasticsearch says of counts over time."""

from __future__ import annotations

import tracemalloc
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.native import native_library
from logboom.store import Bucket, Histogram
from logboom.store.columns import MOST_STRETCHES
from logboom.store.elastic import over_time
from logboom.store.elastic.over_time import FEW, Incomplete, read_histogram

MINUTE_MS = 60_000
MINUTE_US = MINUTE_MS * 1000
WHOLE = {"total": 2, "successful": 2, "skipped": 0, "failed": 0}


def read(*buckets: dict[str, Any], **more: object) -> Histogram:
    """A histogram by minute, of these buckets of Elasticsearch."""
    answer = {
        "timed_out": False, "_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}, **more,
    }  # fmt: skip
    return read_both(orjson.dumps(answer))


def read_both(content: bytes, size: int = 10) -> Histogram:
    """The same with the compiled part and without it."""
    found = read_histogram(content, MINUTE_US, size)
    with patch("logboom.store.elastic.over_time.native_library", lambda: None):
        assert read_histogram(content, MINUTE_US, size) == found
    return found


def bucket(minute: int, count: int, *values: dict[str, Any]) -> dict[str, Any]:
    """One of Elasticsearch's buckets."""
    by = {"by": {"buckets": values}} if values else {}
    return {"key": minute * MINUTE_MS, "doc_count": count, **by}


def test_buckets_have_counts_by_value() -> None:
    found = read(bucket(7, 3, {"key": "info", "doc_count": 2}, {"key": "", "doc_count": 1}))
    assert found.buckets == [Bucket(7 * MINUTE_US, 3, {"info": 2, "": 1})]
    assert not found.partial


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
    found = read_both(orjson.dumps(answer))
    assert (found.buckets, found.partial) == ([], False)


@pytest.mark.parametrize(
    "more", [{"timed_out": True}, {"_shards": {**WHOLE, "successful": 1, "failed": 1}}]
)
def test_an_answer_in_part_says_so(more: dict[str, Any]) -> None:
    assert read(bucket(0, 1), **more).partial


def test_more_buckets_than_anybody_can_look_at_are_refused() -> None:
    assert len(read(bucket(0, 1), bucket(MOST_STRETCHES - 1, 1)).buckets) == MOST_STRETCHES
    with pytest.raises(QueryError, match="more than 20000 buckets"):
        read(bucket(0, 1), bucket(MOST_STRETCHES, 1))


def test_the_most_frequent_values_stay() -> None:
    buckets = [
        bucket(minute, 6, *({"key": key, "doc_count": n} for key, n in some.items()))
        for minute, some in enumerate([{"c": 3, "b": 2, "a": 1}, {"a": 4, "d": 2}])
    ]
    answer = {"_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}}
    found = read_both(orjson.dumps(answer), 2)
    assert {value: list(counts) for value, counts in found.by.items()} == {"a": [1, 4], "c": [3, 0]}
    assert list(read_both(orjson.dumps(answer), 3).by) == ["a", "c", "b"]  # b before d


def test_a_stretch_that_may_have_more_values_is_told() -> None:
    for most, is_complete in ((None, True), (float(FEW), True), (FEW + 1.0, False)):
        answer = {
            "_shards": WHOLE,
            "aggregations": {"found": {"buckets": [bucket(0, 1)]}, "most": {"value": most}},
        }
        with nullcontext() if is_complete else pytest.raises(Incomplete):
            assert read_both(orjson.dumps(answer)).counts[0] == 1


COUNTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**40))


@given(st.dictionaries(st.integers(-50, 50), COUNTS, max_size=20), st.sampled_from([0, 5, 30]))
def test_whatever_was_counted_is_read(rows: dict[int, dict[str, int]], spare: int) -> None:
    buckets = [
        bucket(minute, 2**41, *({"key": key, "doc_count": n} for key, n in some.items()))
        for minute, some in sorted(rows.items())
    ]
    answer = {"_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}, "took": spare}
    found = read_both(orjson.dumps(answer), 1_000)
    assert {one.start_us // MINUTE_US: one.by for one in found.buckets if one.count} == rows


def answer_with(values: int, stretches: int) -> bytes:
    """So many different values, some in each of so many stretches."""
    each = values // stretches
    buckets = [
        bucket(row, each, *({"key": f"v{row}-{n}", "doc_count": 1} for n in range(each)))
        for row in range(stretches)
    ]
    return orjson.dumps({"_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}})


def test_as_many_values_are_read_as_are_wanted_and_a_hundred_in_any_case() -> None:
    assert len(read_both(answer_with(150, 10), 150).by) == 150
    assert len(read_both(answer_with(100, 10)).by) == 10
    for library in (native_library(), None):
        with (
            patch("logboom.store.elastic.over_time.native_library", lambda it=library: it),
            pytest.raises(Incomplete),
        ):
            read_histogram(answer_with(110, 10), MINUTE_US, 10)


def test_more_values_than_anybody_wants_take_no_room() -> None:
    content = answer_with(17 * 3_600, 3_600)
    tracemalloc.start()
    with pytest.raises(Incomplete):
        read_histogram(content, MINUTE_US, 10)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100 * 2**20


def split_twice(*members: str) -> bytes:
    """An answer as Elasticsearch does not write it: one stretch, with these members besides its count."""
    inner = ",".join((f'"key":{MINUTE_MS},"doc_count":5', *members))
    return (
        f'{{"_shards":{{"failed":0}},"aggregations":{{"found":{{"buckets":[{{{inner}}}]}}}}}}'
    ).encode()


def counted(*values: str) -> str:
    """The values of a stretch, as JSON, each counted twice as often as the one before."""
    buckets = (f'{{"key":{value},"doc_count":{2**n}}}' for n, value in enumerate(values))
    return f'"by":{{"buckets":[{",".join(buckets)}]}}'


@pytest.mark.parametrize(
    ("content", "by"),
    [
        (split_twice(counted('"a"', r'"\u0061"')), {"a": 3}),
        (split_twice(counted("0", "-0", '"0"')), {"0": 7}),
        (split_twice(counted('"a"'), counted('"b"')), {"b": 1}),
        (split_twice(counted('"a"'), '"by":{}'), {}),
        (split_twice('"by":{"buckets":[{"key":"a","doc_count":1}],"buckets":[]}'), {}),
        (split_twice(counted('"a"'), r'"b\u0079":{}'), {}),
    ],
)
def test_what_is_written_twice_counts_as_any_reader_of_json_has_it(
    content: bytes, by: dict[str, int]
) -> None:
    assert read_both(content).buckets == [Bucket(MINUTE_US, 5, by)]


@pytest.mark.skipif(native_library() is None, reason="there is no compiled part")
@given(st.data())
def test_the_compiled_part_takes_no_broken_answer_for_a_whole_one(data: st.DataObject) -> None:
    library = native_library()
    assert library is not None
    values = {"key": "a", "doc_count": 2}, {"key": 1, "key_as_string": "true", "doc_count": 1}
    buckets = [bucket(0, 3, *values), bucket(2, 1, *values)]
    content = orjson.dumps({"_shards": WHOLE, "aggregations": {"found": {"buckets": buckets}}})
    assert library.answers.read_stretches(content, 2) is not None
    assert library.answers.read_stretches(content, 1) is None
    end = data.draw(st.integers(0, len(content) - 1))
    assert library.answers.read_stretches(content[:end], 2) is None
    mutated = bytearray(content)
    mutated[end] = data.draw(st.integers(0, 255))
    read = library.answers.read_stretches(bytes(mutated), 2)
    if read is None:
        return
    try:
        again = over_time._read(orjson.loads(mutated), 2)
    except orjson.JSONDecodeError:
        return  # Elasticsearch answers with JSON; that no foreign memory is read is all that counts
    assert (read.starts, read.counts) == (again.starts, again.counts)
    assert [*map(orjson.loads, read.by)] == [*map(orjson.loads, again.by)]
    assert list(read.by.values()) == list(again.by.values())
