"""Are values that no column has told where they would be missing?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from logboom.config import Config
from logboom.event import Event
from tests.unit.search_api.elasticsearch_api.conftest import event_of, serving

NAMES = 250


def with_attributes(number: int, attributes: dict[str, Any]) -> Event:
    return event_of(number) | {"attributes": attributes}


FULL = [
    with_attributes(number, {f"n{number}-{name}": 1 for name in range(NAMES)})
    for number in range(4)
]  # a day's thousand names
EVENTS = [
    *FULL,
    with_attributes(4, {"late": 7}),
    with_attributes(50, {"late": 5, "early": 1}),
    with_attributes(5, {"never": 3}),
]


async def aggregated(client: httpx.AsyncClient, tree: dict[str, Any]) -> httpx.Response:
    return await client.post("/logboom-logs-*/_search", json={"size": 0, "aggs": {"a": tree}})


async def test_what_is_not_counted_is_told_or_refused(tmp_path: Path) -> None:
    async with serving(Config(data=tmp_path), EVENTS) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://logboom/es") as client:
            whole = (await aggregated(client, {"avg": {"field": "attributes.early.number"}})).json()
            assert whole["aggregations"]["a"]["value"] == 1
            assert whole["_shards"]["failed"] == 0
            for tree in (
                {"avg": {"field": "attributes.late.number"}},
                {
                    "terms": {"field": "log.level"},
                    "aggs": {"b": {"max": {"field": "attributes.late"}}},
                },
                {"terms": {"field": "attributes.late"}},
            ):
                part = (await aggregated(client, tree)).json()
                (failure,) = part["_shards"]["failures"]
                assert part["_shards"]["failed"] == 1, tree
                assert "2026-11-19 has more than 1,000 names" in failure["reason"]["reason"]
                assert "attributes.late" in failure["reason"]["reason"]
            refused = await aggregated(client, {"terms": {"field": "attributes.never"}})
            assert refused.status_code == 400
            assert "attributes.never came after them" in refused.json()["error"]["reason"]
            found = await client.post(
                "/logboom-logs-*/_count", json={"query": {"range": {"attributes.late": {"gte": 6}}}}
            )
            assert found.json()["count"] == 1
