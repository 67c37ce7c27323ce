"""Which values do fields have among the matches, and how often?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logboom.store.countable import check_countable
from logboom.store.elastic.dsl import Dsl
from logboom.store.elastic.searching import Searcher, label_of, warnings_of
from logboom.store.values import Facets, ValueCount

_VALUES_PER_SHARD = 10_000


async def facets(searcher: Searcher, query: Dsl, fields: Sequence[str], size: int) -> Facets:
    """The most frequent values of fields; see `Store.facets`.

    Args:
        searcher: Asks Elasticsearch.
        query: With its range of times.
        fields: Stored names.
        size: So many values of each.

    Raises:
        QueryError: A field cannot be used.
        StoreUnavailable: Ask again later.
    """
    for field in fields:
        check_countable(field)
    body = {
        "query": query,
        "size": 0,
        "track_total_hits": False,
        "timeout": searcher.patience,
        "aggs": {str(number): _terms(field, size) for number, field in enumerate(fields)},
    }
    answer = await searcher.ask(body)
    found = answer.get("aggregations", {})
    parts = [found.get(str(number), {}) for number in range(len(fields))]
    # What lies behind the last value that was asked for is no error; what a shard left out is.
    complete = not warnings_of(answer) and not any(
        part.get("doc_count_error_upper_bound") for part in parts
    )
    values = {field: _values(part) for field, part in zip(fields, parts, strict=True)}
    return Facets(values, complete)


def _terms(field: str, size: int) -> Dsl:
    # Each day is a shard of its own: with too few values of each, sums would be missing parts.
    order: list[dict[str, str]] = [{"_count": "desc"}, {"_key": "asc"}]
    shard_size = max(_VALUES_PER_SHARD, size)
    return {"terms": {"field": field, "size": size, "shard_size": shard_size, "order": order}}


def _values(found: Mapping[str, Any]) -> list[ValueCount]:
    return [
        ValueCount(label_of(bucket), bucket["doc_count"]) for bucket in found.get("buckets", ())
    ]
