"""Searches of all shapes, with aggregations, for `test_elasticsearch_answers`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.integration.elasticsearch_questions import Body, moment_of, text_of

_NEWEST = [{"@timestamp": "desc"}]


def searches() -> list[Body]:
    """Hits: their order, their pages, and what is shown of them."""
    middle_ms = int(moment_of(90).timestamp() * 1000)
    errors: Body = {"query": {"term": {"log.level": "error"}}, "sort": _NEWEST}
    shapes: list[Body] = [
        {"sort": ["@timestamp"]},
        {"sort": "@timestamp"},
        {"sort": {"@timestamp": "desc"}},
        {"sort": [{"@timestamp": {"order": "asc", "format": "epoch_second"}}]},
        {"sort": [{"@timestamp": {"order": "desc", "format": "strict_date_optional_time"}}]},
        {"sort": [{"@timestamp": {"order": "asc", "format": "strict_date_optional_time_nanos"}}]},
        {"sort": [{"@timestamp": {"order": "asc", "format": "epoch_millis"}}]},
        {"sort": [{"@timestamp": {"order": "desc", "unmapped_type": "boolean"}}]},
        {"sort": [{"@timestamp": {"order": "desc", "missing": "_first"}}]},
        {"sort": _NEWEST, "from": 5, "size": 7},
        {"sort": _NEWEST, "from": 235, "size": 20},
        {"sort": _NEWEST, "size": 0},
        {"sort": _NEWEST, "from": 9_990, "size": 20},
        {"sort": _NEWEST, "size": -1},
        {"sort": _NEWEST, "search_after": [middle_ms]},
        {"sort": ["@timestamp"], "search_after": [middle_ms], "size": 3},
        {"sort": ["@timestamp"], "search_after": [text_of(moment_of(90))], "size": 3},
        {"sort": ["@timestamp"], "search_after": ["2026-11-20"], "size": 3},
        {"sort": ["@timestamp"], "search_after": [middle_ms], "from": 3},
        {"sort": ["@timestamp"], "search_after": []},
        {"sort": ["@timestamp"], "search_after": [1, 2]},
        {"search_after": [1]},
        {"sort": ["log.level"]},
        {"sort": ["event.duration"]},
        {"track_total_hits": False, "sort": _NEWEST},
        {"track_total_hits": True, "sort": _NEWEST},
        {"track_total_hits": 50, "sort": _NEWEST},
        {"track_total_hits": 240, "sort": _NEWEST},
        {"track_total_hits": 50, "size": 0},
        {"track_total_hits": 0, "size": 0},
        {"sort": _NEWEST, "_source": False},
        {"sort": _NEWEST, "_source": True},
        {"sort": _NEWEST, "_source": "message"},
        {"sort": _NEWEST, "_source": ["message", "log.*"]},
        {"sort": _NEWEST, "_source": ["log"]},
        {"sort": _NEWEST, "_source": ["lo*"]},
        {"sort": _NEWEST, "_source": ["*.name"]},
        {"sort": _NEWEST, "_source": []},
        {"sort": _NEWEST, "_source": ["none"]},
        {"sort": _NEWEST, "_source": ["attributes.order.lines", "tags"]},
        {"sort": _NEWEST, "_source": {"includes": ["attributes"], "excludes": ["*.order"]}},
        {"sort": _NEWEST, "_source": {"excludes": ["attributes.*", "event"]}},
        {"sort": _NEWEST, "_source": {"excludes": ["attributes.order.id", "log.*"]}},
        {"sort": _NEWEST, "_source": False, "fields": ["@timestamp", "log.*"]},
        {"sort": _NEWEST, "_source": False, "fields": ["message", "tags", "none"]},
        {"sort": _NEWEST, "_source": False, "fields": ["http.response.status_code", "client.ip"]},
        {"sort": _NEWEST, "_source": False, "fields": ["event.duration", "event.created"]},
        {"sort": _NEWEST, "_source": False, "fields": ["attributes.seq", "attributes.ok"]},
        {"sort": _NEWEST, "_source": False, "fields": ["attributes.ratio", "attributes.mixed"]},
        {"sort": _NEWEST, "_source": False, "fields": ["attributes.order.*"]},
        {"sort": _NEWEST, "_source": False, "fields": ["attributes.order"]},
        {"sort": _NEWEST, "_source": False,
         "fields": [{"field": "@timestamp", "format": "epoch_millis"}]},
        {"sort": _NEWEST, "_source": False,
         "fields": [{"field": "@timestamp", "format": "strict_date_optional_time_nanos"}]},
        {"sort": _NEWEST, "_source": False, "docvalue_fields": ["@timestamp", "log.level"]},
        {"sort": _NEWEST, "_source": False,
         "docvalue_fields": [{"field": "@timestamp", "format": "epoch_millis"}]},
        {"sort": _NEWEST, "_source": False, "docvalue_fields": ["http.response.status_code"]},
        {"sort": _NEWEST, "_source": False, "docvalue_fields": ["tags", "attributes.order.lines"]},
        {"sort": _NEWEST, "_source": False, "docvalue_fields": ["attributes.seq", "client.ip"]},
        {"sort": _NEWEST, "_source": False, "docvalue_fields": ["attributes.seq.number"]},
        {"sort": _NEWEST, "_source": False, "fields": ["attributes.seq.number"]},
        {"sort": _NEWEST, "stored_fields": "_none_"},
        {"sort": _NEWEST, "explain": True},
        {"sort": _NEWEST, "version": True},
        {"sort": _NEWEST, "seq_no_primary_term": True},
        {"sort": _NEWEST, "min_score": 1},
        {"sort": _NEWEST, "terminate_after": 5},
        {"sort": _NEWEST, "timeout": "10s"},
        {"sort": _NEWEST, "collapse": {"field": "service.name"}},
        {"sort": _NEWEST, "post_filter": {"term": {"log.level": "error"}}},
        {"sort": _NEWEST, "highlight": {"fields": {"message": {}}}},
        {"sort": _NEWEST, "nonsense": 5},
        {"sort": _NEWEST, "size": "5"},
        {"sort": _NEWEST, "size": 5.0},
        {"sort": [{"@timestamp": {"order": "up"}}]},
        {"sort": [{"@timestamp": "DESC"}]},
    ]  # fmt: skip
    return [*shapes, *({**errors, **one} for one in shapes[::3])]


_METRICS: list[Body] = [
    {"avg": {"field": "event.duration"}},
    {"min": {"field": "event.duration"}},
    {"max": {"field": "attributes.ratio.number"}},
    {"sum": {"field": "http.response.status_code"}},
    {"stats": {"field": "event.duration"}},
    {"extended_stats": {"field": "attributes.ratio.number"}},
    {"extended_stats": {"field": "attributes.ratio.number", "sigma": 3}},
    {"value_count": {"field": "tags"}},
    {"value_count": {"field": "attributes.order.lines"}},
    {"value_count": {"field": "event.duration"}},
    {"value_count": {"field": "client.ip"}},
    {"cardinality": {"field": "service.name"}},
    {"cardinality": {"field": "attributes.order.id"}},
    {"cardinality": {"field": "attributes.mixed"}},
    {"cardinality": {"field": "client.ip"}},
    {"cardinality": {"field": "http.response.status_code"}},
    {"percentiles": {"field": "event.duration"}},
    {"percentiles": {"field": "event.duration", "percents": [50, 99.9], "keyed": False}},
    {"percentiles": {"field": "attributes.seq.number", "percents": ["50.0"]}},
    {"min": {"field": "@timestamp"}},
    {"max": {"field": "@timestamp", "format": "yyyy"}},
    {"avg": {"field": "attributes.none"}},
    {"sum": {"field": "attributes.none"}},
    {"avg": {"field": "service.name"}},
    {"avg": {"field": "event.duration", "missing": 0}},
    {"median_absolute_deviation": {"field": "event.duration"}},
    {"top_hits": {"size": 1}},
    {"top_metrics": {"metrics": {"field": "event.duration"}, "sort": {"@timestamp": "desc"}}},
    {"percentile_ranks": {"field": "event.duration", "values": [500]}},
]

_TERMS: list[Body] = [
    {"field": "service.name"},
    {"field": "log.level", "size": 2},
    {"field": "log.level", "size": 500, "order": {"_key": "asc"}},
    {"field": "log.level", "order": {"_count": "asc"}},
    {"field": "log.level", "order": [{"_count": "desc"}, {"_key": "desc"}]},
    {"field": "service.name", "order": {"_key": "desc"}, "min_doc_count": 1},
    {"field": "service.name", "min_doc_count": 60},
    {"field": "service.name", "size": 0},
    {"field": "tags"},
    {"field": "tags", "missing": "none"},
    {"field": "http.response.status_code"},
    {"field": "http.response.status_code", "order": {"_key": "asc"}},
    {"field": "http.response.status_code", "missing": 0},
    {"field": "http.response.status_code", "missing": -1, "size": 2},
    {"field": "http.request.method", "missing": "none", "order": {"_key": "asc"}},
    {"field": "client.ip", "size": 50},
    {"field": "client.ip", "order": {"_key": "asc"}},
    {"field": "client.ip", "missing": "0.0.0.0"},
    {"field": "attributes.region"},
    {"field": "attributes.region", "missing": "none"},
    {"field": "attributes.seq", "size": 5, "order": {"_key": "asc"}},
    {"field": "attributes.seq.number", "size": 5, "order": {"_key": "asc"}},
    {"field": "attributes.ratio", "size": 300},
    {"field": "attributes.ratio.number", "size": 300, "order": {"_key": "desc"}},
    {"field": "attributes.ratio", "missing": "0", "size": 3},
    {"field": "attributes.ok"},
    {"field": "attributes.ok", "missing": "unknown"},
    {"field": "attributes.ok", "missing": False},
    {"field": "attributes.mixed"},
    {"field": "attributes.mixed", "order": {"_key": "asc"}},
    {"field": "attributes.mixed", "size": 2},
    {"field": "attributes.order.id", "size": 20},
    {"field": "attributes.order.id", "size": 3},
    {"field": "attributes.order.lines"},
    {"field": "attributes.day", "size": 20, "order": {"_key": "asc"}},
    {"field": "attributes.none"},
    {"field": "attributes.none", "missing": "x"},
    {"field": "none"},
    {"field": "message"},
    {"field": "service.name", "include": "c.*"},
    {"field": "service.name", "include": ["cart", "pay"]},
    {"field": "service.name", "exclude": ["cart"]},
    {"field": "service.name", "include": {"partition": 0, "num_partitions": 2}},
    {"field": "@timestamp", "size": 2},
    {"field": "_index"},
    {"field": "_id"},
    {"field": "service.name", "show_term_doc_count_error": False, "shard_size": 100},
    {"field": "service.name", "execution_hint": "map", "collect_mode": "breadth_first"},
    {"field": "service.name", "nonsense": 1},
    {"field": "log.offset", "size": 3, "order": {"_key": "asc"}},
    {"field": "event.duration", "size": 3, "order": {"_key": "asc"}},
    {"field": "event.created", "size": 3, "order": {"_key": "asc"}},
    {"size": 3},
]


def _dates() -> Iterator[Body]:
    begin, end = text_of(moment_of(0)), text_of(moment_of(239))
    begin_ms = int(moment_of(0).timestamp() * 1000)
    ways: list[Body] = [
        {"fixed_interval": "1h"}, {"fixed_interval": "3h", "offset": "+1h"},
        {"fixed_interval": "1d"}, {"fixed_interval": "1d", "offset": "-6h"},
        {"fixed_interval": "90m"}, {"fixed_interval": "7200000ms"}, {"fixed_interval": "5400s"},
        {"fixed_interval": "1d", "time_zone": "+09:00"},
        {"fixed_interval": "12h", "time_zone": "America/New_York"},
        {"calendar_interval": "1h"}, {"calendar_interval": "hour", "time_zone": "Asia/Kolkata"},
        {"calendar_interval": "1d"}, {"calendar_interval": "day", "time_zone": "Asia/Seoul"},
        {"calendar_interval": "1d", "offset": "+6h"}, {"calendar_interval": "1w"},
        {"calendar_interval": "week", "offset": "-1d"}, {"calendar_interval": "month"},
        {"calendar_interval": "1q"}, {"calendar_interval": "1y"}, {"calendar_interval": "2d"},
        {"fixed_interval": "1M"}, {},
        {"fixed_interval": "1d", "calendar_interval": "1d"}, {"fixed_interval": "0s"},
        {"fixed_interval": "1x"}, {"fixed_interval": "-1d"},
    ]  # fmt: skip
    extras: list[Body] = [
        {}, {"min_doc_count": 1}, {"min_doc_count": 5}, {"min_doc_count": 0, "format": "epoch_millis"},
        {"format": "strict_date_optional_time"}, {"format": "epoch_second"},
        {"format": "yyyy-MM-dd"}, {"keyed": True}, {"order": {"_key": "desc"}},
        {"order": {"_count": "desc"}}, {"order": {"_count": "asc"}, "min_doc_count": 1},
        {"extended_bounds": {"min": "2026-11-18", "max": "2026-11-22"}},
        {"extended_bounds": {"min": begin, "max": end}, "min_doc_count": 0},
        {"extended_bounds": {"min": begin_ms - 10**8, "max": begin_ms}, "format": "epoch_millis"},
        {"extended_bounds": {"min": "2026-11-20", "max": "2026-11-19"}},
        {"extended_bounds": {"min": "2026-11-17"}},
        {"hard_bounds": {"min": "2026-11-19", "max": "2026-11-20"}},
        {"missing": "2026-11-19"},
    ]  # fmt: skip
    for way in ways:
        yield {"field": "@timestamp", **way}
    for number, extra in enumerate(extras):
        for way in (ways[0], ways[(number * 5) % 19], ways[(number * 7 + 3) % 19]):
            yield {"field": "@timestamp", **way, **extra}
    yield {"field": "event.created", "fixed_interval": "6h"}
    yield {"field": "event.created", "calendar_interval": "day"}
    yield {"field": "service.name", "fixed_interval": "1h"}
    yield {"field": "attributes.day", "fixed_interval": "1h"}
    yield {"field": "attributes.none", "fixed_interval": "1h"}
    yield {"fixed_interval": "1h"}


def _trees() -> Iterator[Body]:
    """Aggregations, each under a name of its own."""
    yield from _METRICS
    for options in _TERMS:
        yield {"terms": options}
    for options in _dates():
        yield {"date_histogram": options}
    for options in (
        {"field": "event.duration", "interval": 1e8},
        {"field": "attributes.seq.number", "interval": 50},
        {"field": "attributes.seq.number", "interval": 50, "offset": 10, "min_doc_count": 1},
        {"field": "attributes.ratio.number", "interval": 2.5, "keyed": True},
        {"field": "http.response.status_code", "interval": 100},
        {"field": "http.response.status_code", "interval": 100, "order": {"_count": "desc"}},
        {"field": "attributes.seq.number", "interval": 100,
         "extended_bounds": {"min": -100, "max": 500}},
        {"field": "service.name", "interval": 1},
        {"field": "event.duration", "interval": 0},
    ):  # fmt: skip
        yield {"histogram": options}
    hours = {"field": "@timestamp", "fixed_interval": "12h"}
    slow = {"range": {"event.duration": {"gt": 5e8}}}
    errors = {"query_string": {"query": "log.level:error", "analyze_wildcard": True}}
    yield {"filter": slow, "aggs": {"in": {"terms": {"field": "service.name"}}}}
    yield {"filters": {"filters": {"slow": slow, "errors": errors}}}
    yield {"filters": {"filters": [slow, errors, {"match_none": {}}]}}
    yield {"filters": {"filters": {"slow": slow}, "other_bucket_key": "other"}}
    yield {"filters": {"filters": {"slow": slow}}, "aggs": {"in": {"date_histogram": hours}}}
    yield {"missing": {"field": "tags"}}
    yield {"range": {"field": "event.duration", "ranges": [{"to": 100}, {"from": 100}]}}
    yield {"date_range": {"field": "@timestamp", "ranges": [{"to": "2026-11-20"}]}}
    yield {"composite": {"sources": [{"s": {"terms": {"field": "service.name"}}}]}}
    yield {"global": {}}
    yield {"nonsense": {"field": "service.name"}}
    yield {"terms": {"field": "log.level"}, "meta": {"a": 1}}
    yield from _nested()


def _nested() -> Iterator[Body]:
    """Buckets in buckets, with metrics in them."""
    dice = random.Random(5)
    outer = [one for one in _TERMS[:36] if "missing" not in one or one["field"] != "client.ip"]
    metrics = _METRICS[:16]
    for _ in range(60):
        inside = {f"m{n}": one for n, one in enumerate(dice.sample(metrics, 2))}
        terms = {"terms": dice.choice(outer)}
        hours = {"date_histogram": {"field": "@timestamp", "fixed_interval": dice.choice(["6h", "1d"]),
                                    "min_doc_count": dice.choice([0, 1])}}  # fmt: skip
        first, second = dice.sample([terms, hours, {"terms": dice.choice(outer)}], 2)
        yield {**first, "aggs": {"in": {**second, "aggs": inside}}}
        yield {**first, "aggs": inside}
    by = {"field": "service.name", "size": 3}
    duration = {"m": {"avg": {"field": "event.duration"}}}
    yield {"terms": {**by, "order": {"m": "desc"}}, "aggs": duration}
    yield {"terms": {**by, "order": {"m": "asc"}}, "aggs": duration}
    yield {"terms": {**by, "order": [{"m.max": "asc"}, {"_key": "asc"}]},
           "aggs": {"m": {"stats": {"field": "event.duration"}}}}  # fmt: skip
    yield {"terms": {"field": "log.level", "size": 3, "order": {"m[50.0]": "desc"}},
           "aggs": {"m": {"percentiles": {"field": "event.duration", "percents": [50]}}}}  # fmt: skip
    yield {"terms": {**by, "order": {"m": "desc"}}}
    yield {"terms": {**by, "order": {"m": "desc"}},
           "aggs": {"m": {"cardinality": {"field": "attributes.order.id"}}}}  # fmt: skip
    for moving in ("moving_avg", "derivative", "cumulative_sum", "bucket_script"):
        yield {"date_histogram": {"field": "@timestamp", "fixed_interval": "1d"},
               "aggs": {"p": {moving: {"buckets_path": "_count"}}}}  # fmt: skip


def aggregations() -> list[Body]:
    """Searches with one aggregation each, over all events and over some."""
    dice = random.Random(3)
    within = {
        "range": {"@timestamp": {"gte": "2026-11-19T05:00:00Z", "lt": "2026-11-20T11:00:00Z"}}
    }
    choices: list[Any] = [None, within, {"term": {"log.level": "error"}}, {"match_none": {}}]
    found = []
    for tree in _trees():
        body: Body = {"size": 0, "aggs": {"a": tree}}
        query = dice.choices(choices, [5, 3, 2, 1])[0]
        found.append(body if query is None else {**body, "query": query})
    return found


def wider() -> list[Body]:
    """Searches that are answered though Elasticsearch refuses them over logboom's indices."""
    trees: list[Body] = [
        {"date_histogram": {"field": "@timestamp", "fixed_interval": "1w"}},
        {"date_histogram": {"field": "@timestamp", "interval": "1d"}},
        {"avg": {"field": "attributes.seq"}},
        {"histogram": {"field": "attributes.seq", "interval": 50}},
    ]
    return [{"size": 0, "aggs": {"a": tree}} for tree in trees]
