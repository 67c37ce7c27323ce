"""How many events match, in all, over time and by value?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from logboom.elastic.client import Client
from logboom.errors import QueryError, StoreUnavailable
from logboom.store.countable import check_countable
from logboom.store.divisions import Grouping, Interval
from logboom.store.elastic.dsl import Dsl
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.over_time import (
    FEW,
    OF_FEW,
    PER_STRETCH,
    SHOWN,
    Incomplete,
    read_histogram,
)
from logboom.store.elastic.searching import Searcher, label_of, read_in_time, warnings_of
from logboom.store.elastic.times import TIME
from logboom.store.values import Count, Group, Groups, Histogram, SourceCount

_SOURCES_AT_ONCE = 5_000
_VALUES_PER_SHARD = 10_000
_GROUPS_PER_SHARD = 3_000
_SPLIT_PER_SHARD = 1_000


class Counter:
    """Asks Elasticsearch for numbers.

    Args:
        client: The way to it.
        names: Of the day indices.
        searcher: For aggregations.
    """

    def __init__(self, client: Client, names: IndexNames, searcher: Searcher) -> None:
        self._client = client
        self._names = names
        self._searcher = searcher

    async def count(self, query: Dsl) -> Count:
        """Counts matches; not exact when some shards did not answer, or not in time.

        Raises:
            QueryError: Elasticsearch cannot use the query.
            StoreUnavailable: Ask again later.
        """
        # `_count` would be the same, but knows no timeout.
        body = {
            "query": query,
            "size": 0,
            "track_total_hits": True,
            "timeout": self._searcher.patience,
        }
        answer = await self._searcher.ask(body)
        return Count(answer["hits"]["total"]["value"], exact=not warnings_of(answer))

    async def histogram(self, query: Dsl, interval: Interval) -> Histogram:
        """Counts matches over time; see `Store.histogram`.

        Raises:
            QueryError: The query or the field cannot be used, or there would be too many buckets.
            StoreUnavailable: Ask again later.
        """
        if interval.width_us < 1000 or interval.width_us % 1000:
            raise QueryError("Elasticsearch counts in intervals of whole milliseconds")
        field = interval.by
        if field is None:
            return await self._over_time(query, interval)
        chosen: Collection[Any] | None = interval.values
        if chosen is None and field in OF_FEW:
            with suppress(Incomplete, QueryError):  # what is wrong in any case is seen below
                return await self._over_time(query, interval, {"size": FEW + 1}, PER_STRETCH)
        check_countable(field)
        if chosen is None:
            chosen = await self._most_frequent(query, field, interval.size)
        if not chosen:
            return await self._over_time(query, interval)
        split = {"include": list(chosen), "size": len(chosen)}
        return await self._over_time(query, interval, split)

    async def _over_time(
        self, query: Dsl, interval: Interval, split: Dsl | None = None, most: Dsl | None = None
    ) -> Histogram:
        """Counts over time.

        Args:
            query: Translated.
            interval: How time is cut.
            split: How many and which values of the field; None: none.
            most: Asks for the most values of a stretch; without, `split` names all that are wanted.

        Raises:
            Incomplete: There are more values than were asked for.
        """
        over_time: dict[str, Any] = {
            "date_histogram": {
                "field": TIME,
                "fixed_interval": f"{interval.width_us // 1000}ms",
                "offset": f"{interval.offset_us // 1000}ms",
                "min_doc_count": 1,
            }
        }
        if split is not None:
            over_time["aggs"] = {"by": {"terms": {"field": interval.by, **split}}}
        body = self._body(query, {"found": over_time, **({} if most is None else {"most": most})})
        content = await self._searcher.ask_unread(body, shown=SHOWN)
        read = partial(read_histogram, width_us=interval.width_us, size=interval.size)
        return await read_in_time(content, read)

    async def groups(self, query: Dsl, grouping: Grouping) -> Groups:
        """Groups matches by the values of a field; see `Store.groups`.

        Raises:
            QueryError: The query or a field cannot be used.
            StoreUnavailable: Ask again later.
        """
        parts: dict[str, Any] = {
            "first": {"min": {"field": TIME}},
            "last": {"max": {"field": TIME}},
        }
        if grouping.by is not None:
            check_countable(grouping.by)
            parts["by"] = {
                "terms": {
                    "field": grouping.by, "size": grouping.by_size, "shard_size": _SPLIT_PER_SHARD,
                }
            }  # fmt: skip
        check_countable(grouping.field)
        # Each day is a shard of its own: with too few values of each, sums would be missing parts.
        terms = {
            "field": grouping.field, "size": grouping.size,
            "shard_size": max(_GROUPS_PER_SHARD, grouping.size),
        }  # fmt: skip
        found = await self._aggregate(query, {"terms": terms, "aggs": parts})
        rows = sorted(
            map(_group, found.get("buckets", ())), key=lambda row: (-row.count, row.value)
        )
        missing = found.get("sum_other_doc_count", 0) + found.get("doc_count_error_upper_bound", 0)
        for bucket in found.get("buckets", ()):
            missing += bucket.get("by", {}).get("doc_count_error_upper_bound", 0)
        return Groups(rows, not missing)

    async def _most_frequent(self, query: Dsl, field: str, size: int) -> list[Any]:
        # Each day is a shard of its own: with too few values of each, sums would be missing parts.
        terms = {"field": field, "size": size, "shard_size": max(_VALUES_PER_SHARD, size)}
        found = await self._aggregate(query, {"terms": terms})
        return [bucket["key"] for bucket in found.get("buckets", ())]

    def _body(self, query: Dsl, aggregations: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "query": query,
            "size": 0,
            "track_total_hits": False,
            "timeout": self._searcher.patience,
            "aggs": aggregations,
        }

    async def _aggregate(self, query: Dsl, aggregation: dict[str, Any]) -> dict[str, Any]:
        answer = await self._searcher.ask(self._body(query, {"found": aggregation}))
        insist_on_all(answer, self._client.address)
        found: dict[str, Any] = answer.get("aggregations", {}).get("found", {})
        return found

    async def by_source(self, day: date | None = None) -> list[SourceCount]:
        """Documents by run of a source and by day.

        Args:
            day: Only this one.

        Raises:
            StoreUnavailable: Ask again later.
        """
        counts: list[SourceCount] = []
        wanted: Dsl = (
            {"match_all": {}} if day is None else {"term": {"_index": self._names.of(day)}}
        )
        pages: dict[str, Any] = {
            "size": _SOURCES_AT_ONCE,
            "sources": [
                {"index": {"terms": {"field": "_index"}}},
                {"run": {"terms": {"field": "log.source"}}},
            ],
        }
        while True:
            found = await self._aggregate(wanted, {"composite": pages})
            for bucket in found.get("buckets", ()):
                named = self._names.day(bucket["key"]["index"])
                if named is not None:
                    counts.append(SourceCount(bucket["key"]["run"], named, bucket["doc_count"]))
            if "after_key" not in found:
                return counts
            pages["after"] = found["after_key"]


def insist_on_all(answer: Mapping[str, Any], address: str) -> None:
    """A number of a part looks like the number of the whole: better none.

    Raises:
        StoreUnavailable: The answer is not whole.
    """
    warnings = warnings_of(answer)
    if warnings:
        raise StoreUnavailable(f"Elasticsearch counted only in part: {warnings[0]}", where=address)


def _group(found: Mapping[str, Any]) -> Group:
    by = {label_of(value): value["doc_count"] for value in found.get("by", {}).get("buckets", ())}
    first, last = (round(found[name]["value"]) * 1000 for name in ("first", "last"))
    return Group(label_of(found), found["doc_count"], first, last, by)
