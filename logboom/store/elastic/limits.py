"""How much is left of what Elasticsearch takes only so much of: fields, shards, disk?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from logboom.elastic.client import Client
from logboom.store.elastic.names import IndexNames
from logboom.store.limits import Limit

_NEWEST_DAYS = 3
_DAYS_AT_ONCE = 10
"""In one answer: the mapping of one day may have some hundred kilobytes."""
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
        self._looked: dict[str, tuple[tuple[str, str], Limit]] = {}

    async def look(self) -> Sequence[Limit]:
        """All limits, of day indices those of the newest and of all that are nearly full.

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
        """Of the newest days, and of the others that are nearly full.

        Of the others, an index is looked at again when it has got, or lost, documents.
        """
        rows = await self._client.ask(
            "GET", f"/_cat/indices/{self._names.path}",
            parameters={"format": "json", "h": "index,uuid,docs.count"},
        )  # fmt: skip
        states = {
            row["index"]: (row["uuid"], row["docs.count"])
            for row in rows
            if self._names.day(row["index"]) is not None
        }
        days = sorted(states, key=lambda name: str(self._names.day(name)))
        newest = days[-_NEWEST_DAYS:]
        self._looked = {
            name: seen
            for name, seen in self._looked.items()
            if states.get(name) == seen[0] and name not in newest
        }
        wanted = [name for name in days if name not in self._looked]
        for begin in range(0, len(wanted), _DAYS_AT_ONCE):
            await self._look_at(wanted[begin : begin + _DAYS_AT_ONCE], states)
        limits = {name: self._looked[name][1] for name in days if name in self._looked}
        return [limit for name, limit in limits.items() if name in newest or limit.is_near]

    async def _look_at(self, names: Sequence[str], states: Mapping[str, tuple[str, str]]) -> None:
        """Counts the fields of some day indices."""
        answer = await self._client.ask(
            "GET", f"/{quote(','.join(names), safe=',')}",
            parameters={"flat_settings": "true", "ignore_unavailable": "true"},
        )  # fmt: skip
        for name, index in answer.items():
            most = float(index["settings"].get(_FIELD_LIMIT, _DEFAULT_FIELD_LIMIT))
            limit = _limit("fields", name, count_fields(index["mappings"]), most)
            self._looked[name] = states[name], limit

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
