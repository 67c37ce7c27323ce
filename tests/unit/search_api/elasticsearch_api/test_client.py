"""Can Elasticsearch's own Python client read the embedded store?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import ApiError, AsyncElasticsearch, BadRequestError, NotFoundError
from elasticsearch.helpers import async_bulk

from logboom.config import Config, LocalStoreSection
from logboom.event import event_id
from tests.unit.search_api.elasticsearch_api.conftest import COUNT, EVENTS, RUN, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

INDEX = "logboom-logs-*"


def sequence(answer: Any) -> list[int]:
    return [hit["_source"]["attributes"]["seq"] for hit in answer["hits"]["hits"]]


async def test_it_is_taken_for_elasticsearch(client: AsyncElasticsearch) -> None:
    info = await client.info()
    assert info["version"]["number"].startswith("8.")
    assert (await client.cluster.health())["status"] == "green"
    assert await client.indices.exists(index="logboom-logs-2026.11.20")
    assert not await client.indices.exists(index="logboom-logs-2020.01.01")


async def test_a_search_gives_whole_events_the_newest_first(client: AsyncElasticsearch) -> None:
    answer = await client.search(index=INDEX, query={"term": {"log.level": "error"}}, size=3)
    assert sequence(answer) == [110, 100, 90]
    assert answer["hits"]["total"] == {"value": 12, "relation": "eq"}
    hit = answer["hits"]["hits"][0]
    assert hit["_source"] == EVENTS[110]
    assert (hit["_index"], hit["_id"]) == ("logboom-logs-2026.11.21", EVENTS[110]["event"]["id"])
    assert (answer["timed_out"], answer["_shards"]["failed"]) == (False, 0)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"match_all": {}}, COUNT),
        ({"match_none": {}}, 0),
        ({"match": {"message": "refused nothing"}}, 12),
        ({"match": {"message": {"query": "refused nothing", "operator": "and"}}}, 0),
        ({"match": {"message": {"query": "refusd", "fuzziness": "AUTO"}}}, 12),
        ({"match_phrase": {"message": "cart service"}}, COUNT),
        ({"match_phrase": {"message": {"query": "order refused", "slop": 2}}}, 12),
        ({"multi_match": {"query": "refused", "fields": ["message^2", "error.message"]}}, 12),
        ({"term": {"http.response.status_code": {"value": 500}}}, 12),
        ({"term": {"attributes.ok": True}}, 30),
        ({"term": {"client.ip": "10.0.2.0/24"}}, 30),
        ({"terms": {"service.name": ["cart", "pay"]}}, 80),
        ({"terms": {"service.name": []}}, 0),
        ({"ids": {"values": [EVENTS[3]["event"]["id"], "none"]}}, 1),
        ({"range": {"attributes.seq": {"gte": 10, "lt": 20}}}, 10),
        ({"range": {"attributes.seq": {"gt": 20, "lt": 10}}}, 0),
        ({"range": {"@timestamp": {"gte": "2026-11-20", "lt": "2026-11-21"}}}, 48),
        ({"range": {"@timestamp": {"gte": "now-1d/d", "lte": "now-1d/d"}}}, 48),
        (
            {"range": {"@timestamp": {"gte": "2026-11-20", "lte": "2026-11-20", "time_zone": "+09:00"}}},
            48,
        ),
        ({"exists": {"field": "attributes.region"}}, COUNT),
        ({"exists": {"field": "trace.id"}}, 0),
        ({"prefix": {"service.name": "ca"}}, 40),
        ({"prefix": {"message": {"value": "refu"}}}, 12),
        ({"wildcard": {"service.name": {"value": "?a*"}}}, 80),
        ({"regexp": {"service.name": "(cart|pay)"}}, 80),
        ({"fuzzy": {"service.name": {"value": "cort", "fuzziness": 1}}}, 40),
        ({"query_string": {"query": "level:error service:cart"}}, 12 + 40 - 4),
        ({"query_string": {"query": "level:error service:cart", "default_operator": "AND"}}, 4),
        ({"query_string": {"query": "refused -service:cart"}}, 8),
        ({"constant_score": {"filter": {"term": {"log.level": "error"}}}}, 12),
        (
            {
                "bool": {
                    "must": {"match": {"message": "order"}},
                    "filter": [{"term": {"log.level": "info"}}],
                    "must_not": [{"term": {"service.name": "cart"}}],
                    "should": [{"term": {"attributes.region": "nowhere"}}],
                }
            },
            72,
        ),
        (
            {"bool": {"should": [{"term": {"log.level": "error"}}, {"prefix": {"service.name": "p"}}]}},
            12 + 40 - 4,
        ),
        (
            {
                "bool": {
                    "should": [{"term": {"log.level": "error"}}, {"prefix": {"service.name": "p"}}],
                    "minimum_should_match": 2,
                }
            },
            4,
        ),
        ({"bool": {}}, COUNT),
    ],
)  # fmt: skip
async def test_a_query_finds(client: AsyncElasticsearch, query: Any, count: int) -> None:
    assert (await client.count(index=INDEX, query=query))["count"] == count
    answer = await client.search(index=INDEX, query=query, size=COUNT)
    assert len(answer["hits"]["hits"]) == count == answer["hits"]["total"]["value"]


async def test_indices_are_chosen_by_their_names(client: AsyncElasticsearch) -> None:
    assert (await client.count(index="logboom-logs-2026.11.20"))["count"] == 48
    assert (await client.count(index="logboom-logs-2026.11.19,logboom-logs-2026.11.21"))[
        "count"
    ] == 72
    assert (await client.count(index="logboom-*,-*.11.20"))["count"] == 72
    assert (await client.count())["count"] == COUNT
    with pytest.raises(NotFoundError, match="index_not_found_exception"):
        await client.search(index="nothing")
    missing = await client.search(index="nothing", ignore_unavailable=True)
    assert missing["hits"]["total"]["value"] == 0


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_follow_by_search_after(client: AsyncElasticsearch, order: str) -> None:
    found: list[int] = []
    after: list[Any] | None = None
    sort = [{"@timestamp": {"order": order}}, {"_doc": {"order": order}}]
    while True:
        answer = await client.search(
            index=INDEX, size=50, sort=sort, search_after=after, track_total_hits=True
        )
        hits = answer["hits"]["hits"]
        assert answer["hits"]["total"]["value"] == COUNT
        if not hits:
            break
        found += sequence(answer)
        after = hits[-1]["sort"]
    expected = list(range(COUNT))
    assert found == (expected if order == "asc" else expected[::-1])


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_follow_by_the_time_alone(client: AsyncElasticsearch, order: str) -> None:
    sort = [{"@timestamp": order}]
    first = await client.search(index=INDEX, size=50, sort=sort)
    last = first["hits"]["hits"][-1]["sort"]
    assert len(last) == 1
    second = await client.search(index=INDEX, size=3, sort=sort, search_after=last)
    assert sequence(second) == ([50, 51, 52] if order == "asc" else [69, 68, 67])


async def test_from_skips(client: AsyncElasticsearch) -> None:
    answer = await client.search(index=INDEX, from_=5, size=2, sort="@timestamp:asc")
    assert sequence(answer) == [5, 6]


async def test_only_what_is_asked_for_is_shown(client: AsyncElasticsearch) -> None:
    answer = await client.search(
        index=INDEX,
        size=1,
        source_includes=["log", "attributes.s*"],
        source_excludes=["log.offset"],
    )
    assert answer["hits"]["hits"][0]["_source"] == {
        "log": {"level": "info", "source": "0123456789abc"},
        "attributes": {"seq": COUNT - 1},
    }
    fields: list[Any] = ["service.*", {"field": "@timestamp", "format": "epoch_millis"}]
    bare = await client.search(index=INDEX, size=1, source=False, fields=fields)
    hit = bare["hits"]["hits"][0]
    assert "_source" not in hit
    assert hit["fields"] == {"service.name": ["ship"], "@timestamp": ["1795260600000"]}


async def test_totals_are_counted_as_far_as_wanted(client: AsyncElasticsearch) -> None:
    some = await client.search(index=INDEX, size=0, track_total_hits=50)
    assert some["hits"]["total"] == {"value": 50, "relation": "gte"}
    none = await client.search(index=INDEX, size=0, track_total_hits=False)
    assert "total" not in none["hits"]


async def test_one_event_by_its_id(client: AsyncElasticsearch) -> None:
    found = await client.get(index="logboom-logs-2026.11.19", id=EVENTS[7]["event"]["id"])
    assert found["_source"] == EVENTS[7]
    with pytest.raises(NotFoundError):
        await client.get(index="logboom-logs-2026.11.19", id="nothing")


async def test_many_searches_are_answered_each_by_itself(client: AsyncElasticsearch) -> None:
    answer = await client.msearch(
        searches=[
            {"index": INDEX},
            {"query": {"term": {"log.level": "error"}}, "size": 1},
            {"index": "nothing"},
            {},
            {},
            {"query": {"more_like_this": {}}},
            {"index": "logboom-logs-2026.11.20"},
            {"size": 0},
        ]
    )
    first, missing, refused, last = answer["responses"]
    assert (first["status"], first["hits"]["total"]["value"]) == (200, 12)
    assert (missing["status"], missing["error"]["type"]) == (404, "index_not_found_exception")
    assert (refused["status"], refused["error"]["type"]) == (400, "parsing_exception")
    assert last["hits"]["total"]["value"] == 48


async def test_fields_are_described(client: AsyncElasticsearch) -> None:
    fields = (await client.field_caps(index=INDEX, fields="*"))["fields"]
    assert fields["@timestamp"]["date"]["aggregatable"]
    assert not fields["message"]["text"]["aggregatable"]
    assert fields["attributes.seq"]["keyword"]["aggregatable"]
    assert fields["attributes.seq.number"]["double"]["type"] == "double"
    assert fields["attributes.ok"]["keyword"]["searchable"]
    some = (await client.field_caps(index=INDEX, fields=["log.l*"]))["fields"]
    assert set(some) == {"log.level", "log.logger"}
    mapping = await client.indices.get_mapping(index="logboom-logs-2026.11.20")
    properties = mapping["logboom-logs-2026.11.20"]["mappings"]["properties"]
    assert properties["http"]["properties"]["response"]["properties"]["status_code"] == {
        "type": "long"
    }
    assert properties["attributes"]["properties"]["region"] == {"type": "keyword"}


async def test_indices_are_listed(client: AsyncElasticsearch) -> None:
    rows: Any = await client.cat.indices(index=INDEX, format="json", bytes="b")
    assert [(row["index"], row["docs.count"]) for row in rows] == [
        ("logboom-logs-2026.11.19", "48"),
        ("logboom-logs-2026.11.20", "48"),
        ("logboom-logs-2026.11.21", "24"),
    ]
    assert all(int(row["store.size"]) > 0 for row in rows)
    names = [row["index"] for row in rows]
    for order, expected in (("index", names), ("index:asc", names), ("index:desc", names[::-1])):
        found: Any = await client.cat.indices(index=INDEX, format="json", s=order)
        assert [row["index"] for row in found] == expected
    with pytest.raises(BadRequestError, match="s=index"):
        await client.cat.indices(index=INDEX, s="docs.count")
    text = str(await client.cat.indices(h="index,docs.count", v=True))
    assert text.splitlines()[:2] == [
        "index                   docs.count",
        "logboom-logs-2026.11.19 48",
    ]


async def test_indices_are_sorted_by_their_names(tmp_path: Path) -> None:
    config = Config(data=tmp_path, store=LocalStoreSection(), index="logs-%d.%m.%Y")
    events = [
        {**EVENTS[0], "@timestamp": f"2026-{day}T00:00:00.000Z", "event": {"id": event_id(RUN, n)}}
        for n, day in enumerate(("09-30", "10-01", "11-15"))
    ]
    names = ["logs-01.10.2026", "logs-15.11.2026", "logs-30.09.2026"]
    async with serving(config, events) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://logboom/es") as http:
            for order, expected in (("index", names), ("index:desc", names[::-1])):
                found = await http.get(f"/_cat/indices?format=json&s={order}")
                assert [row["index"] for row in found.json()] == expected


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"query": {"more_like_this": {"fields": ["message"]}}}, "more_like_this"),
        ({"query": {"nested": {"path": "a"}}}, "nested"),
        ({"query": {"term": {"http.response.status_code": "abc"}}}, "abc"),
        ({"query": {"query_string": {"query": "(a"}}}, "never closed"),
        (
            {"query": {"query_string": {"query": "a", "default_field": "host.name"}}},
            "fields of query_string",
        ),
        (
            {"query": {"term": {"service.name": {"value": "A", "case_insensitive": True}}}},
            "case_insens",
        ),
        (
            {
                "query": {
                    "bool": {"should": [{"match_all": {}}] * 3, "minimum_should_match": "3<90%"}
                }
            },
            "minimum",
        ),
        ({"query": {"range": {"@timestamp": {"gte": "x", "format": "dd/MM"}}}}, "dd/MM"),
        ({"sort": [{"service.name": "asc"}]}, "service.name"),
        ({"size": 10_001}, "size"),
        ({"from": 9_000, "size": 2_000}, "search_after"),
        ({"collapse": {"field": "service.name"}}, "collapse"),
        ({"script_fields": {"x": {"script": "1"}}}, "script_fields"),
        ({"aggs": {"a": {"top_hits": {}}}}, "top_hits"),
        ({"aggs": {"a": {"terms": {"field": "message"}}}}, "message"),
        ({"aggs": {"a": {"terms": {"field": "log.level", "include": "e.*"}}}}, "include"),
        ({"aggs": {"a": {"terms": {"field": "log.level", "order": {"b": "asc"}}}}}, "'b'"),
        ({"aggs": {"a": {"avg": {"field": "service.name"}}}}, "service.name"),
        (
            {
                "aggs": {
                    "a": {
                        "terms": {"field": "log.level", "order": {"b.std_deviation_bounds": "asc"}},
                        "aggs": {"b": {"extended_stats": {"field": "event.duration"}}},
                    }
                }
            },
            "std_deviation_bounds",
        ),
        (
            {"aggs": {"a": {"terms": {"field": "attributes.seq.number", "missing": 0}}}},
            "attributes.seq",
        ),
        ({"aggs": {"a": {"date_histogram": {"field": "@timestamp"}}}}, "fixed_interval"),
        ({"aggs": {"a": {"derivative": {"buckets_path": "b"}}}}, "derivative"),
        (
            {"aggs": {"a": {"terms": {"field": "log.level"}, "aggs": {"f": {"filters": {}}}}}},
            "filters inside",
        ),
        (
            {
                "aggs": {
                    "a": {
                        "date_histogram": {
                            "field": "@timestamp",
                            "fixed_interval": "1s",
                        }
                    }
                }
            },
            "buckets",
        ),
    ],
)
async def test_what_is_refused_is_named(client: AsyncElasticsearch, body: Any, names: str) -> None:
    with pytest.raises(BadRequestError) as error:
        await client.perform_request(
            "POST",
            f"/{INDEX}/_search",
            headers={"content-type": "application/json", "accept": "application/json"},
            body=body,
        )
    reason = error.value.body["error"]["reason"]
    assert names in reason
    assert error.value.body["error"]["root_cause"][0]["reason"] == reason


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/_search?scroll=1m", "search_after"),
        ("/logboom-*/_pit?keep_alive=1m", "search_after"),
        ("/_search/scroll", "search_after"),
        ("/_sql", "query_string"),
        ("/_search?filter_path=took", "the whole answer"),
        ("/_bulk", "HTTP input"),
        (f"/{INDEX}/_doc", "HTTP input"),
        (f"/{INDEX}/_doc/1", "HTTP input"),
        (f"/{INDEX}/_create/1", "HTTP input"),
        ("/_ingest/pipeline", "docs/elasticsearch-api.md"),
    ],
)
async def test_a_refusal_says_what_to_do_instead(
    http: httpx.AsyncClient, path: str, says: str
) -> None:
    answer = await http.post(path, json={})
    assert answer.status_code == 400
    assert says in answer.json()["error"]["reason"]


async def test_nothing_can_be_written(client: AsyncElasticsearch) -> None:
    with pytest.raises(BadRequestError, match="reads only"):
        await client.indices.delete(index=INDEX)
    with pytest.raises(BadRequestError, match=r"_bulk.*HTTP input"):
        await client.index(index=INDEX, document={"message": "new"})
    with pytest.raises(BadRequestError, match=r"_bulk.*HTTP input"):
        await client.index(index=INDEX, id="1", document={"message": "new"})
    with pytest.raises(BadRequestError, match=r"_bulk.*HTTP input"):
        await async_bulk(client, [{"_index": INDEX, "message": "new"}])
    with pytest.raises(BadRequestError, match="reads only"):
        await client.bulk(operations=[{"delete": {"_index": "a", "_id": "1"}}])
    with pytest.raises(ApiError, match="'scroll'"):
        await client.search(index=INDEX, scroll="1m")
