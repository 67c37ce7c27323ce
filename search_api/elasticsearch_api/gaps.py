"""Which values do answers lack that no column has, and how is that told?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.fields import ATTRIBUTES
from logboom.query.model import Query
from logboom.store import Store, TimeRange
from logboom.store.aggregations import Aggregating, Kind, Measure
from search_api.elasticsearch_api.refusals import ILLEGAL, Refused


async def lacking(
    store: Store, names: Sequence[str], query: Query, times: TimeRange
) -> Sequence[str]:
    """What is not counted of some fields of matches, a sentence each.

    Raises:
        Refused: Of one of them nothing is counted at all: an empty answer would say that it has no values.
        StoreUnavailable: Ask again later.
    """
    found: list[str] = []
    for name in names:
        if not name.startswith(f"{ATTRIBUTES}."):
            continue
        told = await store.lacking(query, times, [name])
        if told and not await _is_counted(store, name, query, times):
            raise Refused(told[0])
        found += told
    return found


async def _is_counted(store: Store, name: str, query: Query, times: TimeRange) -> bool:
    if not isinstance(store, Aggregating):
        return False
    values = Measure(name, Kind.PRESENT, name)
    return (await store.aggregate(query, times, [values])).whole.measures[name].count > 0


def shards(count: int, told: Sequence[str] = ()) -> dict[str, Any]:
    """What is said of the indices that were asked: one shard each.

    Args:
        count: Of the indices.
        told: What answers lack; told as failures, so that clients know them to be partial.
    """
    found = {
        "total": max(count, len(told)),
        "successful": max(count, len(told)) - len(told),
        "skipped": 0,
        "failed": len(told),
    }
    reasons = [
        {"shard": 0, "index": None, "node": "logboom", "reason": {"type": ILLEGAL, "reason": one}}
        for one in told
    ]
    return found | ({"failures": reasons} if reasons else {})
