"""Is every body answered or refused, whatever it is?"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = st.sampled_from(
    ["message", "log.level", "service.name", "@timestamp", "client.ip", "http.response.status_code", "trace.id",
     "attributes.seq", "attributes.ok", "event.id", "event.duration", "level", "no.such", "*", "", "a..b"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.sampled_from(["", "error", "now-1h/d", "2026-11-20", "10.0.0.0/8", "(a", "*", "/a/", "\x00", "1d", "+01:00", "desc"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS | FIELDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)


def options(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these, and sometimes anything else."""
    usual = st.fixed_dictionaries({}, optional=known)
    return st.one_of(usual, usual, usual, ANYTHING)


def of_field(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with one field's name."""
    return st.builds(lambda name, value: {name: value}, FIELDS, inner)


FUZZINESS = st.sampled_from(["AUTO", 0, 1, 2, "2", "AUTO:3,6", -1])
LEAST = st.sampled_from([0, 1, 2, "100%", "1", -1])
WORDS = {"query": SCALARS, "operator": st.sampled_from(["and", "OR", 5]), "fuzziness": FUZZINESS,
         "minimum_should_match": LEAST, "slop": SCALARS, "boost": SCALARS}  # fmt: skip
ENDS = dict.fromkeys(("gt", "gte", "lt", "lte"), SCALARS)
FORMATS = st.sampled_from(["epoch_millis", "epoch_second", "strict_date_optional_time", "yyyy", 5])
ZONES = st.sampled_from(["Asia/Seoul", "+01:00", "+99:00", "nowhere", "..", "", 5, None])
LEAVES = {
    "match": of_field(options(**WORDS) | SCALARS),
    "match_phrase": of_field(options(**WORDS) | SCALARS),
    "multi_match": options(**WORDS, fields=st.lists(FIELDS, max_size=2), type=st.sampled_from(["phrase", "x"])),
    "term": of_field(SCALARS | options(value=SCALARS)),
    "terms": of_field(st.lists(SCALARS, max_size=3)),
    "range": of_field(options(**ENDS, format=FORMATS, time_zone=ZONES)),
    "exists": options(field=FIELDS),
    "prefix": of_field(SCALARS | options(value=SCALARS)),
    "wildcard": of_field(SCALARS | options(value=SCALARS, wildcard=SCALARS)),
    "regexp": of_field(SCALARS | options(value=SCALARS, flags=SCALARS)),
    "fuzzy": of_field(SCALARS | options(value=SCALARS, fuzziness=FUZZINESS)),
    "ids": options(values=st.lists(SCALARS, max_size=2)),
    "query_string": options(
        query=SCALARS | st.text(max_size=8), default_operator=st.sampled_from(["AND", "or", "x", 5]), time_zone=ZONES
    ),
    "match_all": options(boost=SCALARS),
    "constant_score": options(filter=ANYTHING),
    "nested": ANYTHING,
}  # fmt: skip
LEAF = st.one_of(
    [
        st.builds(lambda kind, one: {kind: one}, st.just(kind), content)
        for kind, content in LEAVES.items()
    ]
)
QUERIES = st.recursive(
    LEAF,
    lambda inner: st.builds(
        lambda parts: {"bool": parts},
        st.dictionaries(
            st.sampled_from(["must", "filter", "should", "must_not"]),
            inner | st.lists(inner, max_size=3),
            max_size=3,
        ),
    ),
    max_leaves=4,
)
WIDTHS = st.sampled_from(["1d", "12h", "1M", "month", "1q", "0s", "x", 5, "90000000d", "1w"])
COUNTS = st.sampled_from([0, 1, 10, 100_000, -1, "5", 2**40])
ORDERS = st.sampled_from(
    [
        {"_key": "asc"},
        [{"_count": "asc"}, {"_key": "desc"}],
        {"b": "desc"},
        {"b.50.0": "asc"},
        {"b[x]": "asc"},
        5,
    ]
)
BOUNDS = options(min=SCALARS, max=SCALARS)
BUCKETS = {
    "terms": options(field=FIELDS, size=COUNTS, order=ORDERS, missing=SCALARS, min_doc_count=COUNTS),
    "date_histogram": options(
        field=FIELDS | st.just("@timestamp"), fixed_interval=WIDTHS, calendar_interval=WIDTHS, interval=WIDTHS,
        time_zone=ZONES, offset=st.sampled_from(["+6h", "-1d", "x", 5]), format=FORMATS, min_doc_count=COUNTS,
        extended_bounds=BOUNDS, keyed=st.booleans(),
    ),
    "histogram": options(field=FIELDS, interval=SCALARS, offset=SCALARS, min_doc_count=COUNTS, keyed=SCALARS),
    "filters": options(filters=st.dictionaries(st.text(max_size=2), QUERIES, max_size=2) | st.lists(QUERIES, max_size=2)),
    "filter": QUERIES,
    "top_hits": ANYTHING,
    **{
        kind: options(field=FIELDS, percents=st.lists(SCALARS, max_size=3), keyed=st.booleans(), missing=SCALARS)
        for kind in ("avg", "max", "sum", "stats", "extended_stats", "value_count", "percentiles", "cardinality")
    },
}  # fmt: skip
AGGREGATION = st.one_of(
    [
        st.builds(lambda kind, one: {kind: one}, st.just(kind), content)
        for kind, content in BUCKETS.items()
    ]
)
NESTED = st.builds(lambda outer, inner: {**outer, "aggs": {"b": inner}}, AGGREGATION, AGGREGATION)
SORTED = st.builds(
    lambda keys, after: {"sort": ["@timestamp", "_doc"][:keys], "search_after": after},
    st.integers(0, 2),
    st.lists(SCALARS | st.just("1:x"), max_size=2) | ANYTHING,
)
OTHERS = st.sampled_from(
    ["size", "from", "sort", "_source", "fields", "track_total_hits", "query", "aggs"]
)
BODIES = st.one_of(
    st.builds(lambda query: {"query": query}, QUERIES),
    st.builds(lambda one: {"size": 0, "aggs": {"a": one}}, AGGREGATION | NESTED | ANYTHING),
    SORTED,
    st.dictionaries(OTHERS, ANYTHING, max_size=2),
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=BODIES)
@example(body={"query": {"wildcard": {"message": ""}}})
@example(body={"query": {"wildcard": {"service.name": ""}}})
async def test_any_body_is_answered_or_refused(http: httpx.AsyncClient, body: Any) -> None:
    answer = await http.post("/_search", content=_encoded(body))
    assert answer.status_code in {200, 400, 413}, (body, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"]["reason"]


def _encoded(body: Any) -> bytes:
    """JSON, also of numbers that a strict writer refuses."""
    return json.dumps(body).encode()
