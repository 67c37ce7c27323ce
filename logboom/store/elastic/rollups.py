"""Where do Elasticsearch's rollups rest? In indices of their own, one per tier and day or month.

A row's version is the number of its events: Elasticsearch itself sees to it that a row only grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote

import orjson

from logboom.config import ElasticsearchSection
from logboom.elastic.client import Client, decoded
from logboom.elastic.refusals import failure
from logboom.elastic.template import Template, install_template, load
from logboom.errors import TooManyRows
from logboom.rollups import MOST_ROWS, Durations, Room, Row, Tier
from logboom.store.elastic.counting import insist_on_all
from logboom.store.elastic.dsl import Dsl, all_of, between, term
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.searching import ANY_INDEX, PATIENCE
from logboom.store.elastic.summing import Summary

_DEFAULT_INDEX: Final = "logboom-logs-%Y.%m.%d"
_CODE: Final = re.compile(r"%.")
_ROWS_AT_ONCE: Final = 5_000
_OK: Final = 200
_SAME_OR_NEWER_IS_THERE: Final = 409
_EXISTS: Final = "resource_already_exists_exception"
_DAILY, _MONTHLY = "%Y.%m.%d", "%Y.%m"
_PERIODS: Final = {Tier.MINUTE: _DAILY, Tier.FIVE_MINUTES: _MONTHLY, Tier.HOUR: _MONTHLY}
_ORDER: Final = ("start", "service", "host", "level")


class ElasticRollups:
    """Elasticsearch's `Rollups`.

    Args:
        client: The way to it.
        section: How many copies there are.
        names: Of the day indices.
    """

    def __init__(self, client: Client, section: ElasticsearchSection, names: IndexNames) -> None:
        self._client = client
        self._replicas = section.replicas
        self._base = base_name(names.pattern)
        self._summary = Summary(client, names)
        self._prepared: set[str] = set()

    async def summarise(self, start_us: int, end_us: int) -> Sequence[Row]:
        """Works out the rows of minutes; see `Rollups.summarise`."""
        return await self._summary.rows(start_us, end_us)

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        """Keeps rows; see `Rollups.keep`."""
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            indices = sorted({self._index(tier, row.start_us) for row in some})
            for index in indices:
                await self._prepare(index)
            await self._send(b"".join(self._lines(tier, some)))
            await self._client.ask("POST", f"/{quote(','.join(indices), safe=',')}/_refresh")

    async def rows(
        self, tier: Tier, start_us: int, end_us: int, *, service: str | None = None
    ) -> Sequence[Row]:
        """The rows that are kept; see `Rollups.rows`."""
        parts: list[Dsl] = [
            between(
                "start", start_us // 1000, end_us // 1000, include_lower=True, include_upper=False
            )
        ]
        if service is not None:
            parts.append(term("service", service))
        body: Dsl = {
            "query": all_of(parts), "size": _ROWS_AT_ONCE, "track_total_hits": False,
            "timeout": PATIENCE, "sort": [_sorted_by(name) for name in _ORDER],
        }  # fmt: skip
        found: list[Row] = []
        while True:
            answer = await self._client.query(
                f"/{self._pattern(tier)}/_search", body, parameters=ANY_INDEX
            )
            insist_on_all(answer, self._client.address)
            hits = answer["hits"]["hits"]
            found += [_row(hit["_source"]) for hit in hits]
            if len(found) > MOST_ROWS:
                raise TooManyRows(
                    f"there are more than {MOST_ROWS} rows",
                    suggestion="ask for a shorter range of time, or for one service",
                )
            if len(hits) < _ROWS_AT_ONCE:
                return found
            body["search_after"] = hits[-1]["sort"]

    async def rooms(self) -> Sequence[Room]:
        """The indices; see `Rollups.rooms`."""
        path = ",".join(self._pattern(tier) for tier in Tier)
        found = await self._client.ask(
            "GET", f"/{path}",
            parameters={**ANY_INDEX, "filter_path": "*.settings.index.uuid"},
        )  # fmt: skip
        uuids = {name: about["settings"]["index"]["uuid"] for name, about in (found or {}).items()}
        return [
            Room(name, uuids[name], *stretch, tier)
            for tier in Tier
            for name in sorted(uuids)
            if (stretch := self._stretch(tier, name)) is not None
        ]

    async def expire(self, tier: Tier, before_us: int) -> None:
        """Deletes the indices that are old as a whole; see `Rollups.expire`."""
        indices = await self._client.ask(
            "GET", f"/{self._pattern(tier)}", parameters={**ANY_INDEX, "filter_path": "*.aliases"}
        )
        for index in sorted(indices or ()):
            stretch = self._stretch(tier, index)
            if stretch is not None and stretch[1] <= before_us:
                status, answer = await self._client.try_to("DELETE", f"/{quote(index)}")
                if status not in {_OK, 404}:
                    raise failure(status, answer, self._client.address)
                self._prepared.discard(index)

    async def _send(self, body: bytes) -> None:
        status, answer = await self._client.bulk(body)
        content = decoded(answer)
        if status != _OK:
            raise failure(status, content, self._client.address)
        for item in content.get("items", ()) if content["errors"] else ():
            result = item["index"]
            if result["status"] not in {_OK, 201, _SAME_OR_NEWER_IS_THERE}:
                raise failure(result["status"], result.get("error", {}), self._client.address)

    def _lines(self, tier: Tier, rows: Sequence[Row]) -> Iterator[bytes]:
        for row in rows:
            content = _document(row)
            key = orjson.dumps([content[name] for name in _ORDER])
            action = {
                "_index": self._index(tier, row.start_us),
                "_id": blake2b(key, digest_size=16).hexdigest(),
                "version": row.events,
                "version_type": "external_gte",
            }
            yield orjson.dumps({"index": action}) + b"\n" + orjson.dumps(content) + b"\n"

    async def _prepare(self, index: str) -> None:
        """Sees to it that an index is there, made after our template."""
        if index in self._prepared:
            return
        await install_template(self._client, self._template())
        status, answer = await self._client.try_to("PUT", f"/{quote(index)}")
        if status != _OK and not (status == 400 and answer["error"]["type"] == _EXISTS):
            raise failure(status, answer, self._client.address)
        self._prepared.add(index)

    def _template(self) -> Template:
        content = load("rollups")
        content["index_patterns"] = [f"{self._base}-{tier.text}-*" for tier in Tier]
        copies = f"0-{self._replicas}" if self._replicas else "false"
        content["template"]["settings"]["index"]["auto_expand_replicas"] = copies
        return Template(f"/_index_template/{quote(self._base)}", "index_template", content)

    def _pattern(self, tier: Tier) -> str:
        return quote(f"{self._base}-{tier.text}-*", safe="*")

    def _index(self, tier: Tier, start_us: int) -> str:
        moment = datetime.fromtimestamp(start_us // 1_000_000, UTC)
        return f"{self._base}-{tier.text}-{moment.strftime(_PERIODS[tier])}"

    def _stretch(self, tier: Tier, index: str) -> tuple[int, int] | None:
        """When the stretch of an index begins and ends; None for a name that is none of this tier's."""
        period = _PERIODS[tier]
        text = index.removeprefix(f"{self._base}-{tier.text}-")
        try:
            first = datetime.strptime(text, period).replace(tzinfo=UTC)
        except ValueError:
            return None
        behind = first + timedelta(days=1 if period == _DAILY else 32)
        if period == _MONTHLY:
            behind = behind.replace(day=1)
        return int(first.timestamp()) * 1_000_000, int(behind.timestamp()) * 1_000_000


def base_name(pattern: str) -> str:
    """How the names of the indices begin that go with day indices of this pattern."""
    if pattern == _DEFAULT_INDEX:
        return "logboom-rollups"
    return f"logboom-rollups-{_CODE.sub('', pattern).strip('-_.+')}".rstrip("-")


def _sorted_by(name: str) -> Dsl:
    return {name: {"order": "asc", "unmapped_type": "date" if name == "start" else "keyword"}}


def _document(row: Row) -> dict[str, Any]:
    durations: dict[str, Any] = {}
    if row.durations.count:
        bins = {str(key): count for key, count in row.durations.bins.items()}
        durations = {"durations": {"zeros": row.durations.zeros, "bins": bins}}
    return {
        "start": row.start_us // 1000, "service": row.service, "host": row.host,
        "level": row.level, "events": row.events, "errors": row.errors, "requests": row.requests,
        "server_errors": row.server_errors, "last": row.last_ms, **durations,
    }  # fmt: skip


def _row(source: Mapping[str, Any]) -> Row:
    durations = source.get("durations", {"zeros": 0, "bins": {}})
    bins = {int(key): count for key, count in durations["bins"].items()}
    return Row(
        source["start"] * 1000, source["service"], source["host"], source["level"],
        events=source["events"], errors=source["errors"], requests=source["requests"],
        server_errors=source["server_errors"], last_ms=source["last"],
        durations=Durations(durations["zeros"], bins),
    )  # fmt: skip
