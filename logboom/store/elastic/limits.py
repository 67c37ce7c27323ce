"""How much is left of what Elasticsearch takes only so much of: fields, shards, disk?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from logboom.store.elastic.client import Client
from logboom.store.elastic.names import IndexNames
from logboom.store.limits import Limit

_NEWEST_DAYS = 3
_FIELD_LIMIT = "index.mapping.total_fields.limit"
_DEFAULT_FIELD_LIMIT = 1000
_SHARDS_PER_NODE = "cluster.max_shards_per_node"
_DEFAULT_SHARDS_PER_NODE = 1000
_DISK = "cluster.routing.allocation.disk"
_FLOOD_STAGE = f"{_DISK}.watermark.flood_stage"
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_MENDS: Mapping[str, str] = {
    "fields": "further attributes are kept, but not found: raise store.elasticsearch.field_limit for"
    " new days, or log fewer different names",
    "shards": "no new day can be begun then: drop old days, or let the cluster have more nodes",
    "percent of disk": "all indices become read-only then: drop old days, or give the node more disk",
}


class LimitWatcher:
    """Asks Elasticsearch for its limits.

    Args:
        client: The way to it.
        names: Of the day indices.
    """

    def __init__(self, client: Client, names: IndexNames) -> None:
        self._client = client
        self._names = names

    async def look(self) -> Sequence[Limit]:
        """All limits, those of the newest day indices included.

        Raises:
            StoreUnavailable: Ask again later.
            StoreRefused: We may not know.
        """
        settings = await self._cluster_settings()
        return [*await self._fields(), await self._shards(settings), *await self._disks(settings)]

    async def _cluster_settings(self) -> dict[str, Any]:
        answer = await self._client.ask(
            "GET", "/_cluster/settings",
            parameters={"include_defaults": "true", "flat_settings": "true"},
        )  # fmt: skip
        return {**answer["defaults"], **answer["persistent"], **answer["transient"]}

    async def _fields(self) -> list[Limit]:
        """Of the newest days: older ones hardly get new fields."""
        rows = await self._client.ask(
            "GET", f"/_cat/indices/{self._names.path}", parameters={"format": "json", "h": "index"}
        )
        days = [(day, row["index"]) for row in rows if (day := self._names.day(row["index"]))]
        newest = [name for _, name in sorted(days, reverse=True)[:_NEWEST_DAYS]]
        if not newest:
            return []
        answer = await self._client.ask(
            "GET", f"/{','.join(newest)}",
            parameters={"flat_settings": "true", "ignore_unavailable": "true"},
        )  # fmt: skip
        return [
            _limit(
                "fields", name, count_fields(index["mappings"]),
                float(index["settings"].get(_FIELD_LIMIT, _DEFAULT_FIELD_LIMIT)),
            )
            for name, index in sorted(answer.items())
        ]  # fmt: skip

    async def _shards(self, settings: Mapping[str, Any]) -> Limit:
        health = await self._client.ask("GET", "/_cluster/health")
        most = float(settings.get(_SHARDS_PER_NODE, _DEFAULT_SHARDS_PER_NODE))
        used = health["active_shards"] + health["unassigned_shards"] + health["initializing_shards"]
        nodes = max(1, health["number_of_data_nodes"])
        return _limit("shards", health["cluster_name"], used, most * nodes)

    async def _disks(self, settings: Mapping[str, Any]) -> list[Limit]:
        flood_stage = _PERCENT.fullmatch(str(settings.get(_FLOOD_STAGE, "")))
        watched = str(settings.get(f"{_DISK}.threshold_enabled", "true")) == "true"
        if flood_stage is None or not watched:
            return []
        rows = await self._client.ask(
            "GET", "/_cat/allocation", parameters={"format": "json", "h": "node,disk.percent"}
        )
        return [
            _limit(
                "percent of disk", row["node"], float(row["disk.percent"]), float(flood_stage[1])
            )
            for row in rows
            if row["disk.percent"] is not None
        ]


def count_fields(mapping: Mapping[str, Any]) -> int:
    """Fields as Elasticsearch counts them: objects, values, sub-fields and aliases."""
    inner = [*mapping.get("properties", {}).values(), *mapping.get("fields", {}).values()]
    return sum(1 + count_fields(one) for one in inner) + len(mapping.get("runtime", {}))


def _limit(kind: str, of: str, used: float, most: float) -> Limit:
    return Limit(kind, of, used, most, _MENDS[kind])
