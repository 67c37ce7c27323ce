"""Which fields do the matches have, and how many of the matches have each?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from logboom.query.model import Exists, Query
from logboom.store.elastic.dsl import Dsl
from logboom.store.elastic.searching import Searcher, warnings_of
from logboom.store.elastic.spelling import without_spelling
from logboom.store.elastic.translate import asked, translate
from logboom.store.sampling import SAMPLE, fields_of
from logboom.store.values import FieldUse, FieldUses, TimeRange

_SEED = 1  # the same question gives the same answer


async def fields(
    searcher: Searcher, query: Query, times: TimeRange, *, prefix: str, size: int
) -> FieldUses:
    """The fields of the matches; see `Store.fields`.

    Args:
        searcher: Asks Elasticsearch.
        query: Which events.
        times: Of which times.
        prefix: How names begin.
        size: So many fields.

    Raises:
        QueryError: The query cannot be used.
        StoreUnavailable: Ask again later.
    """
    matching = asked(query, times)
    answer = await searcher.ask(_sample(matching, searcher.patience))
    events = [without_spelling(hit["_source"]) for hit in answer["hits"]["hits"]]
    total = answer["hits"]["total"]["value"]
    found = sorted(fields_of(events, prefix), key=lambda one: (-one.events, one.name))[:size]
    uses = await _counted(searcher, matching, found) if found else []
    is_whole = not warnings_of(answer)
    return FieldUses(sorted(uses, key=lambda one: one.name), total, len(events), is_whole)


def _sample(query: Dsl, patience: str) -> Dsl:
    """Some of the matches, chosen by chance."""
    by_chance = {"seed": _SEED, "field": "_seq_no"}
    return {
        "query": {
            "function_score": {
                "query": query,
                "random_score": by_chance,
                "boost_mode": "replace",
            }
        },
        "size": SAMPLE,
        "track_total_hits": True,
        "timeout": patience,
    }


async def _counted(searcher: Searcher, query: Dsl, uses: list[FieldUse]) -> list[FieldUse]:
    """The fields with the number of all matches that have them."""
    filters = {use.name: translate(Exists(use.name)) for use in uses}
    body: dict[str, Any] = {
        "query": query,
        "size": 0,
        "track_total_hits": False,
        "timeout": searcher.patience,
        "aggs": {"found": {"filters": {"filters": filters}}},
    }
    found = (await searcher.ask(body))["aggregations"]["found"]["buckets"]
    return [replace(use, events=found[use.name]["doc_count"]) for use in uses]
