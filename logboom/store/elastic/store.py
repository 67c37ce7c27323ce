"""Elasticsearch behind the store port: reading, and what goes around it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson

from logboom.clock import Clock
from logboom.config import Config, ElasticsearchSection
from logboom.errors import QueryError, StoreRefused
from logboom.event import Event
from logboom.query.model import Query
from logboom.store.elastic.bulk import BulkWriter
from logboom.store.elastic.client import Client
from logboom.store.elastic.install import install
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.translate import with_times
from logboom.store.port import (
    Bucket,
    Count,
    Day,
    Histogram,
    Page,
    SearchRequest,
    SourceCount,
    TimeRange,
)

_ANY_INDEX: Mapping[str, Any] = {"ignore_unavailable": "true", "allow_no_indices": "true"}
_SEARCH_TIMEOUT = "30s"
_SOURCES_PER_PAGE = 5000
_MAX_BUCKETS = 10_000


class ElasticsearchStore:
    """An Elasticsearch cluster.

    Args:
        section: How to reach it.
        names: Of the day indices.
    """

    kind: Literal["elasticsearch"] = "elasticsearch"

    def __init__(self, section: ElasticsearchSection, names: IndexNames) -> None:
        self._section = section
        self._names = names
        self._client = Client(section)

    @property
    def address(self) -> str:
        """See `Store.address`."""
        return self._client.address

    async def writer(self) -> BulkWriter:
        """See `Store.writer`."""
        await self.check()
        await install(self._client, self._section, self._names)
        return BulkWriter(
            self._client, self._names, max_bytes=self._section.bulk_bytes,
            concurrency=self._section.bulk_concurrency,
        )  # fmt: skip

    async def search(self, request: SearchRequest) -> Page:
        """See `Store.search`."""
        order = request.order.value
        body: dict[str, Any] = {
            "query": with_times(request.query, request.times),
            "sort": [
                {"@timestamp": {"order": order, "unmapped_type": "date"}},
                {"event.id": {"order": order, "unmapped_type": "keyword"}},
            ],
            "size": request.limit,
            "track_total_hits": max(1, request.count_limit),
            "timeout": _SEARCH_TIMEOUT,
        }
        if request.cursor is not None:
            body["search_after"] = _opened(request.cursor)
        answer = await self._search(body)
        hits = answer["hits"]["hits"]
        total = answer["hits"]["total"]
        full = len(hits) == request.limit and request.limit > 0
        warnings = _warnings(answer)
        return Page(
            events=[hit["_source"] for hit in hits],
            total=Count(total["value"], total["relation"] == "eq"),
            cursor=_sealed(hits[-1]["sort"]) if full else None,
            partial=bool(warnings),
            warnings=warnings,
        )

    async def count(self, query: Query, times: TimeRange) -> Count:
        """See `Store.count`."""
        body = {"query": with_times(query, times)}
        answer = await self._client.ask(
            "POST", f"/{self._names.wildcard}/_count", body=body, parameters=_ANY_INDEX
        )
        return Count(answer["count"])

    async def histogram(
        self, query: Query, times: TimeRange, *, interval_us: int, by: str | None, by_size: int = 10
    ) -> Histogram:
        """See `Store.histogram`."""
        if interval_us % 1000:
            raise QueryError("an interval is whole milliseconds with Elasticsearch")
        wanted = with_times(query, times)
        await self._check_buckets(wanted, interval_us)
        values = [] if by is None else await self._top_values(wanted, by, by_size)
        over_time: dict[str, Any] = {
            "date_histogram": {
                "field": "@timestamp",
                "fixed_interval": f"{interval_us // 1000}ms",
                "min_doc_count": 0,
            }
        }
        if values:
            over_time["aggs"] = {
                "by": {"terms": {"field": by, "size": len(values), "include": values}}
            }
        answer = await self._search({"query": wanted, "size": 0, "aggs": {"time": over_time}})
        buckets = answer.get("aggregations", {}).get("time", {}).get("buckets", [])
        return Histogram(interval_us, [_bucket(bucket) for bucket in buckets])

    async def _check_buckets(self, wanted: dict[str, Any], interval_us: int) -> None:
        ends = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}
        found = (await self._search({"query": wanted, "size": 0, "aggs": ends})).get(
            "aggregations", {}
        )
        first, last = found.get("first", {}).get("value"), found.get("last", {}).get("value")
        if first is not None and (last - first) * 1000 / interval_us > _MAX_BUCKETS:
            raise QueryError(
                f"there would be more than {_MAX_BUCKETS} buckets",
                suggestion="take a wider interval or a shorter range of time",
            )

    async def _top_values(self, wanted: dict[str, Any], field: str, size: int) -> list[str]:
        body = {
            "query": wanted,
            "size": 0,
            "aggs": {"top": {"terms": {"field": field, "size": size}}},
        }
        answer = await self._search(body)
        return [b["key"] for b in answer.get("aggregations", {}).get("top", {}).get("buckets", [])]

    async def get(self, event_id: str) -> Event | None:
        """See `Store.get`."""
        answer = await self._search({"query": {"ids": {"values": [event_id]}}, "size": 1})
        hits = answer["hits"]["hits"]
        if not hits:
            return None
        event: Event = hits[0]["_source"]
        return event

    async def count_by_source(self) -> Sequence[SourceCount]:
        """See `Store.count_by_source`."""
        counts: list[SourceCount] = []
        for day in await self.days():
            after: dict[str, Any] | None = None
            while True:
                composite: dict[str, Any] = {
                    "size": _SOURCES_PER_PAGE,
                    "sources": [{"run": {"terms": {"field": "log.source"}}}],
                }
                if after is not None:
                    composite["after"] = after
                body = {"size": 0, "aggs": {"runs": {"composite": composite}}}
                found = (
                    (await self._search(body, index=day.name))
                    .get("aggregations", {})
                    .get("runs", {})
                )
                counts += [
                    SourceCount(b["key"]["run"], day.day, b["doc_count"])
                    for b in found.get("buckets", [])
                ]
                after = found.get("after_key")
                if after is None:
                    break
        return counts

    async def days(self) -> Sequence[Day]:
        """See `Store.days`."""
        rows = await self._client.ask(
            "GET", f"/_cat/indices/{self._names.wildcard}",
            parameters={"format": "json", "bytes": "b", "h": "index,docs.count,store.size"},
        )  # fmt: skip
        found = [
            Day(day, row["index"], int(row["docs.count"] or 0), int(row["store.size"] or 0))
            for row in rows
            if (day := self._names.day(row["index"])) is not None
        ]
        return sorted(found, key=lambda day: day.day)

    async def refresh(self) -> None:
        """See `Store.refresh`."""
        await self._client.ask("POST", f"/{self._names.wildcard}/_refresh", parameters=_ANY_INDEX)

    async def check(self) -> str:
        """See `Store.check`."""
        answer = await self._client.ask(
            "GET", "/_nodes/_all/none", parameters={"filter_path": "cluster_name,nodes.*.version"}
        )
        versions = sorted({node["version"] for node in answer["nodes"].values()}, key=_parts)
        if _parts(versions[0]) < (8, 19):
            raise StoreRefused(
                f"Elasticsearch {versions[0]} is too old",
                where=self.address,
                mend="8.19 or newer is needed",
            )
        health = await self._client.ask("GET", "/_cluster/health")
        return f"Elasticsearch {versions[0]}, {len(answer['nodes'])} nodes, {health['status']}, at {self.address}"

    async def close(self) -> None:
        """See `Store.close`."""
        await self._client.close()

    async def _search(self, body: dict[str, Any], index: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = await self._client.ask(
            "POST", f"/{index or self._names.wildcard}/_search", body=body, parameters=_ANY_INDEX
        )
        return answer


async def open_elasticsearch(
    section: ElasticsearchSection,
    config: Config,
    clock: Clock,  # noqa: ARG001 - as for the embedded store
) -> ElasticsearchStore:
    """Opens the store; nothing is asked of it yet."""
    return ElasticsearchStore(section, IndexNames(config.index))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split(".")[:2])


def _warnings(answer: Mapping[str, Any]) -> list[str]:
    warnings: list[str] = []
    if answer.get("timed_out"):
        warnings.append("the search took too long and was ended: more events may match")
    failed = answer.get("_shards", {}).get("failed", 0)
    if failed:
        warnings.append(f"{failed} shards did not answer: more events may match")
    return warnings


def _bucket(bucket: Mapping[str, Any]) -> Bucket:
    by = {
        str(value["key"]): value["doc_count"] for value in bucket.get("by", {}).get("buckets", ())
    }
    return Bucket(int(bucket["key"]) * 1000, bucket["doc_count"], by)


def _sealed(sort: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(sort)).decode()


def _opened(cursor: str) -> list[Any]:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor))
    except ValueError as error:
        raise QueryError(
            "this is no cursor", suggestion="take it from the page before, as it is"
        ) from error
    if not isinstance(values, list) or len(values) != 2:
        raise QueryError("this is no cursor", suggestion="take it from the page before, as it is")
    return values
