"""Are the requests answered that Grafana's Elasticsearch data source sends?

Their shapes: grafana/grafana-elasticsearch-datasource, `pkg/elasticsearch` and `src/QueryBuilder.ts`.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import httpx
import orjson
import pytest

from tests.unit.search_api.elasticsearch_api.conftest import COUNT, EVENTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR_MS = 3_600_000
FROM_MS = 1795046400000  # 2026-11-19T00:00:00Z
TO_MS = FROM_MS + 60 * HOUR_MS


async def asked(
    http: httpx.AsyncClient, body: dict[str, Any], index: str | list[str] = "logboom-logs-*"
) -> dict[str, Any]:
    """One search as the data source wraps it."""
    head = {
        "ignore_unavailable": True,
        "index": index,
        "search_type": "query_then_fetch",
    }
    lines = b"\n".join([orjson.dumps(head), orjson.dumps(body), b""])
    answer = await http.post(
        "/_msearch?max_concurrent_shard_requests=5",
        content=lines,
        headers={"content-type": "application/x-ndjson"},
    )
    assert answer.status_code == 200
    response: dict[str, Any] = answer.json()["responses"][0]
    assert response["status"] == 200, response
    return response


def filters(query: str | None = None) -> dict[str, Any]:
    span = {"format": "epoch_millis", "gte": FROM_MS, "lte": TO_MS}
    time: dict[str, Any] = {"range": {"@timestamp": span}}
    if query is None:
        return {"bool": {"filter": time}}
    return {
        "bool": {"filter": [time, {"query_string": {"analyze_wildcard": True, "query": query}}]}
    }


def dates(interval: str, inside: Any | None = None, **more: Any) -> dict[str, Any]:
    histogram: dict[str, Any] = {
        "field": "@timestamp",
        "fixed_interval": interval,
        "min_doc_count": 0,
        "extended_bounds": {"min": FROM_MS, "max": TO_MS},
        "format": "epoch_millis",
        **more,
    }
    return {"date_histogram": histogram, **({"aggs": inside} if inside else {})}


def ms(event: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(event["@timestamp"]).timestamp() * 1000)


async def test_the_data_source_is_healthy(http: httpx.AsyncClient) -> None:
    health = await http.get("/_cluster/health", params={"wait_for_status": "yellow"})
    assert health.json()["status"] == "green"
    root = await http.get("/")
    assert root.json()["version"]["build_flavor"] == "default"
    assert root.headers["x-elastic-product"] == "Elasticsearch"
    mapping = (await http.get("/logboom-logs-2026.11.21/_mapping")).json()
    fields = mapping["logboom-logs-2026.11.21"]["mappings"]["properties"]
    assert fields["@timestamp"] == {"type": "date"}


async def test_a_metric_over_time(http: httpx.AsyncClient) -> None:
    body = {"aggs": {"2": dates("3600000ms")}, "query": filters("level:error"), "size": 0}
    buckets = (await asked(http, body))["aggregations"]["2"]["buckets"]
    expected = Counter(ms(event) // HOUR_MS * HOUR_MS for event in EVENTS[::10])
    assert {one["key"]: one["doc_count"] for one in buckets if one["doc_count"]} == expected
    assert [one["key"] for one in buckets] == list(range(FROM_MS, TO_MS + 1, HOUR_MS))
    assert buckets[0]["key_as_string"] == str(FROM_MS)


async def test_metrics_by_service_over_time(http: httpx.AsyncClient) -> None:
    metrics = {
        "1": {"avg": {"field": "event.duration"}},
        "4": {"percentiles": {"field": "event.duration", "percents": ["50", "99"]}},
        "5": {"cardinality": {"field": "client.ip"}},
        "6": {"extended_stats": {"field": "event.duration"}},
    }
    terms = {"field": "service.name", "min_doc_count": 0, "order": {"_key": "desc"}, "size": 500}
    tree = {"3": {"terms": terms, "aggs": {"2": dates("1d", metrics)}}}
    found = await asked(http, {"aggs": tree, "query": filters(), "size": 0})
    services = found["aggregations"]["3"]["buckets"]
    assert [one["key"] for one in services] == ["ship", "pay", "cart"]
    for service in services:
        for day in service["2"]["buckets"]:
            values = [
                event["event"]["duration"]
                for event in EVENTS
                if event["service"]["name"] == service["key"]
                and ms(event) // (24 * HOUR_MS) * 24 * HOUR_MS == day["key"]
            ]
            assert day["doc_count"] == len(values)
            if not values:
                continue
            assert day["1"]["value"] == pytest.approx(sum(values) / len(values))
            assert max(values) * 0.9 <= day["4"]["values"]["99.0"] <= max(values) * 1.02
            assert day["5"]["value"] == 4
            assert day["6"]["std_deviation"] > 0


async def test_terms_by_a_metric(http: httpx.AsyncClient) -> None:
    tree = {
        "2": {
            "terms": {"field": "attributes.seq", "size": 2, "order": {"1[99.0]": "desc"}},
            "aggs": {"1": {"percentiles": {"field": "event.duration", "percents": ["99.0"]}}},
        }
    }
    found = await asked(http, {"aggs": tree, "query": filters(), "size": 0})
    keys = [one["key"] for one in found["aggregations"]["2"]["buckets"]]
    assert all(
        float(key) > COUNT * 0.95 for key in keys
    )  # percentiles are right within two hundredths
    assert found["aggregations"]["2"]["sum_other_doc_count"] == COUNT - 2


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("part", ["std_deviation_sampling", "std_deviation_bounds.upper_sampling"])
async def test_buckets_without_a_number_come_last(
    http: httpx.AsyncClient, part: str, direction: str
) -> None:
    tree = {
        "2": {
            "terms": {"field": "attributes.ok", "order": {f"1.{part}": direction}},
            "aggs": {"1": {"extended_stats": {"field": "event.duration"}}},
        }
    }
    some = {"terms": {"attributes.seq": [1, 2, 4]}}  # one of them is alone in its bucket
    found = await asked(http, {"aggs": tree, "query": some, "size": 0})
    buckets = found["aggregations"]["2"]["buckets"]
    assert [one["doc_count"] for one in buckets] == [2, 1]


async def test_named_filters(http: httpx.AsyncClient) -> None:
    queries = {
        "errors": {"query_string": {"analyze_wildcard": True, "query": "level:error"}},
        "of eu": {"query_string": {"analyze_wildcard": True, "query": "region:eu"}},
    }
    tree = {"3": {"filters": {"filters": queries}, "aggs": {"2": dates("1d")}}}
    found = await asked(http, {"aggs": tree, "query": filters(), "size": 0})
    buckets = found["aggregations"]["3"]["buckets"]
    assert {name: one["doc_count"] for name, one in buckets.items()} == {"errors": 12, "of eu": 60}
    assert sum(one["doc_count"] for one in buckets["errors"]["2"]["buckets"]) == 12


async def test_a_histogram_of_numbers(http: httpx.AsyncClient) -> None:
    tree = {"2": {"histogram": {"field": "attributes.seq", "interval": 50, "min_doc_count": 0}}}
    found = await asked(http, {"aggs": tree, "query": filters(), "size": 0})
    buckets = found["aggregations"]["2"]["buckets"]
    assert [(one["key"], one["doc_count"]) for one in buckets] == [(0, 50), (50, 50), (100, 20)]


@pytest.mark.parametrize(
    ("interval", "zone", "begins"),
    [
        ("1M", "UTC", ["2026-11-01T00:00:00.000Z"]),
        ("1w", "UTC", ["2026-11-16T00:00:00.000Z"]),
        (
            "day",
            "Asia/Seoul",
            [
                "2026-11-19T00:00:00.000+09:00",
                "2026-11-20T00:00:00.000+09:00",
                "2026-11-21T00:00:00.000+09:00",
            ],
        ),
        ("1q", "Europe/Berlin", ["2026-10-01T00:00:00.000+02:00"]),
        ("1y", "America/New_York", ["2026-01-01T00:00:00.000-05:00"]),
    ],
)
async def test_calendars(
    http: httpx.AsyncClient, interval: str, zone: str, begins: list[str]
) -> None:
    histogram = {"field": "@timestamp", "calendar_interval": interval, "time_zone": zone}
    body = {"aggs": {"2": {"date_histogram": histogram}}, "query": filters(), "size": 0}
    buckets = (await asked(http, body))["aggregations"]["2"]["buckets"]
    assert [one["key_as_string"] for one in buckets] == begins
    assert sum(one["doc_count"] for one in buckets) == COUNT


async def test_the_lines_of_explore(http: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {
        "docvalue_fields": ["@timestamp"],
        "script_fields": {},
        "fields": [{"field": "@timestamp", "format": "strict_date_optional_time_nanos"}],
        "query": filters("message:refused"),
        "size": 5,
        "sort": {
            "@timestamp": {"order": "desc", "unmapped_type": "boolean"},
            "_doc": {"order": "desc"},
        },
        "highlight": {
            "fields": {"*": {}},
            "pre_tags": ["@HIGHLIGHT@"],
            "post_tags": ["@/HIGHLIGHT@"],
            "fragment_size": 2147483647,
        },
    }
    first = (await asked(http, body))["hits"]["hits"]
    assert [hit["_source"]["attributes"]["seq"] for hit in first] == [110, 100, 90, 80, 70]
    assert first[0]["fields"]["@timestamp"] == [EVENTS[110]["@timestamp"]]
    more = (await asked(http, {**body, "search_after": first[-1]["sort"]}))["hits"]["hits"]
    assert [hit["_source"]["attributes"]["seq"] for hit in more] == [60, 50, 40, 30, 20]


async def test_the_volume_of_explore(http: httpx.AsyncClient) -> None:
    terms = {"field": "log.level", "size": 500, "order": {"_count": "desc"}, "missing": "unknown"}
    tree = {"3": {"terms": terms, "aggs": {"2": dates("6h", min_doc_count=1)}}}
    levels = (await asked(http, {"aggs": tree, "query": filters(), "size": 0}))["aggregations"]["3"]
    assert [(one["key"], one["doc_count"]) for one in levels["buckets"]] == [
        ("info", 108),
        ("error", 12),
    ]


async def test_the_values_of_a_variable(http: httpx.AsyncClient) -> None:
    tree = {"1": {"terms": {"field": "service.name", "size": 500, "order": {"_key": "asc"}}}}
    found = await asked(http, {"aggs": tree, "query": filters("level:error"), "size": 0})
    assert [one["key"] for one in found["aggregations"]["1"]["buckets"]] == ["cart", "pay", "ship"]


async def test_the_root_is_asked_for_without_a_slash(http: httpx.AsyncClient) -> None:
    root = await http.get("http://logboom/es")
    assert (root.status_code, root.json()["version"]["number"]) == (200, "8.19.0")


async def test_annotations(http: httpx.AsyncClient) -> None:
    span = {"gte": FROM_MS, "lte": TO_MS, "format": "epoch_millis"}
    ranges = [{"range": {name: span}} for name in ("@timestamp", "event.created")]
    query = {
        "bool": {
            "filter": [
                {"bool": {"should": ranges, "minimum_should_match": 1}},
                {"query_string": {"query": "level:error"}},
            ]
        }
    }
    days = [f"logboom-logs-2026.11.{day}" for day in (18, 19, 20)]
    found = await asked(http, {"query": query, "size": 10_000}, index=days)
    assert [hit["_source"]["attributes"]["seq"] for hit in found["hits"]["hits"]] == [
        90, 80, 70, 60, 50, 40, 30, 20, 10, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(("order", "expected"), [("asc", [4, 5, 6, 7, 8]), ("desc", [2, 1, 0])])
async def test_the_context_of_a_line(
    http: httpx.AsyncClient, order: str, expected: list[int]
) -> None:
    body: dict[str, Any] = {
        "docvalue_fields": ["@timestamp"],
        "script_fields": {},
        "fields": [
            {"field": "@timestamp", "format": "strict_date_optional_time_nanos"},
            {"field": "*"},
        ],
        "query": filters(),
        "size": 5,
        "sort": {
            "@timestamp": {"order": order, "unmapped_type": "boolean"},
            "_doc": {"order": order},
        },
        "aggs": {"1": dates("3600000ms")},
    }
    line = (await asked(http, {**body, "size": COUNT}))["hits"]["hits"]
    (third,) = [hit for hit in line if hit["_source"]["attributes"]["seq"] == 3]
    assert third["fields"]["service.name"] == ["cart"]
    found = await asked(http, {**body, "search_after": third["sort"]})
    assert [hit["_source"]["attributes"]["seq"] for hit in found["hits"]["hits"]] == expected
    assert found["hits"]["total"]["value"] == COUNT
    assert sum(one["doc_count"] for one in found["aggregations"]["1"]["buckets"]) == COUNT


@pytest.mark.parametrize(
    ("one", "count"),
    [
        ({"term": {"log.level": "error"}}, 12),
        ({"term": {"attributes.ok": True}}, 30),
        ({"terms": {"service.name": ["cart", "pay"]}}, 80),
        ({"match_phrase": {"message": "was refused"}}, 12),
        ({"match_phrase": {"http.response.status_code": 500}}, 12),
        ({"range": {"attributes.seq": {"gte": 10, "lt": "20"}}}, 10),
        ({"wildcard": {"service.name": {"value": "c*"}}}, 40),
    ],
)
async def test_the_filters_of_a_dashboard(
    http: httpx.AsyncClient, one: dict[str, Any], count: int
) -> None:
    (time,) = filters()["bool"].values()
    with_it = await asked(http, {"query": {"bool": {"filter": [time, one]}}, "size": 0})
    without = await asked(http, {"query": {"bool": {"filter": time, "must_not": one}}, "size": 0})
    assert with_it["hits"]["total"] == {"value": count, "relation": "eq"}
    assert without["hits"]["total"]["value"] == COUNT - count


async def test_bounds_are_as_wide_as_asked_for(http: httpx.AsyncClient) -> None:
    aggs = {
        name: {"extended_stats": {"field": "event.duration", **more}}
        for name, more in (("two", {}), ("three", {"sigma": "3"}))
    }
    found = (await asked(http, {"aggs": aggs, "query": filters(), "size": 0}))["aggregations"]
    for name, sigma in (("two", 2), ("three", 3)):
        one = found[name]
        assert one["std_deviation_bounds"]["upper"] == pytest.approx(
            one["avg"] + sigma * one["std_deviation"]
        )


async def test_bad_requests_are_refused_in_elasticsearchs_form(http: httpx.AsyncClient) -> None:
    for path, body in [
        ("/_msearch", b"{}\n"),
        ("/_msearch", b""),
        ("/_search", b"["),
        ("/_search", b"[]"),
        ("/_search?unknown=1", b"{}"),
        ("/_sql", b"{}"),
        ("/a/b/c/d", b"{}"),
        ("/_search", b'{"query": []}'),
        ("/_search", b'{"query": {"range": {"@timestamp": 5}}}'),
        ("/_search", b'{"query": {"match": {"message": {"query": {}}}}}'),
        ("/_search", b'{"sort": [5]}'),
        ("/_search", b'{"aggs": {"a": 5}}'),
        ("/_search", b'{"aggs": {"a": {"terms": {}, "avg": {}}}}'),
        ("/_search", b'{"search_after": [1]}'),
        ("/_search", b'{"sort": ["@timestamp", "_doc"], "search_after": [1, "x"]}'),
        ("/_search", b'{"size": "many"}'),
        ("/_search", b'{"_source": 5}'),
        (
            "/_search",
            b'{"aggs": {"a": {"extended_stats": {"field": "event.duration", "sigma": "x"}}}}',
        ),
        (
            "/_search",
            b'{"aggs": {"a": {"date_histogram": {"field": "@timestamp", "interval": "x"}}}}',
        ),
        ("/_search", b'{"query": {"range": {"@timestamp": {"gte": 99999999999999999999}}}}'),
    ]:
        answer = await http.post(path, content=body)
        assert answer.status_code == 400, (path, body, answer.text)
        error = answer.json()["error"]
        assert error["reason"]
        assert error["root_cause"][0]["type"] == error["type"]
    large = await http.post("/_search", content=b" " * 1_000_001)
    assert large.status_code == 413
