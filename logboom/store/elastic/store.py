"""Elasticsearch, as the rest of logboom sees it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from logboom.clock import Clock
from logboom.config import Config, ElasticsearchSection
from logboom.elastic.client import Client
from logboom.elastic.server import Server, ask_server
from logboom.errors import StoreUnavailable
from logboom.event import Event
from logboom.query.model import Query
from logboom.rollups import Rollups
from logboom.store.cells import Cell, CellsRequest
from logboom.store.divisions import Grouping, Interval
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from logboom.store.elastic.cells import Measurer
from logboom.store.elastic.counting import Counter
from logboom.store.elastic.facets import facets
from logboom.store.elastic.fields import fields
from logboom.store.elastic.install import Installer
from logboom.store.elastic.limits import LimitWatcher
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.reading import drop_index, read_day
from logboom.store.elastic.rollups import ElasticRollups
from logboom.store.elastic.searching import ANY_INDEX, PATIENCE, Searcher
from logboom.store.elastic.snapshots import Snapshots
from logboom.store.elastic.translate import asked
from logboom.store.limits import Limit
from logboom.store.port import StoreWriter
from logboom.store.values import (
    Count,
    Day,
    Document,
    Facets,
    FieldUses,
    Groups,
    Histogram,
    Page,
    SearchRequest,
    SourceCount,
    TimeRange,
)

log = logging.getLogger("logboom.store")

WRITE_PATIENCE_S = 15.0
"""A write that gets nowhere for so long is given up, so that the processor can say so."""

_PART_OF_THE_LARGEST = 0.9


class ElasticsearchStore:
    """An Elasticsearch cluster.

    Args:
        section: How to reach it, and how day indices are made.
        names: Of the day indices.
        clock: Asked for the time.
        patience: After so long a search answers with what it has found, in Elasticsearch's words.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """

    kind: Literal["elasticsearch"] = "elasticsearch"

    def __init__(
        self, section: ElasticsearchSection, names: IndexNames, clock: Clock,
        patience: str = PATIENCE,
    ) -> None:  # fmt: skip
        self._section = section
        self._names = names
        self._clock = clock
        self._client = Client(section, clock)
        self._searcher = Searcher(self._client, names, patience)
        self._full_days = self._searcher.full_days
        self._counter = Counter(self._client, names, self._searcher)
        self._measurer = Measurer(self._client, self._searcher)
        self._limits = LimitWatcher(self._client, names)
        self._writers: list[BulkWriter] = []
        self._rollups = ElasticRollups(self._client, section, names)

    @property
    def client(self) -> Client:
        """The way to Elasticsearch, for what only this store can do."""
        return self._client

    @property
    def address(self) -> str:
        """The nodes' addresses."""
        return self._client.address

    @property
    def rollups(self) -> Rollups:
        """The rates per minute, five minutes and hour."""
        return self._rollups

    @property
    def arrivals(self) -> None:
        """None: shards keep no order among each other."""
        return None

    async def writer(self) -> StoreWriter:
        """Installs the templates, and opens the store for writing; see `Store.writer`."""
        server = await ask_server(self._client)
        installer = Installer(self._client, self._section, self._names, server, self._clock)
        await installer.install()
        writer = BulkWriter(
            self._client, self._names, self._writer_settings(server), self._clock,
            installer,
        )  # fmt: skip
        self._writers.append(writer)
        return writer

    def _writer_settings(self, server: Server) -> WriterSettings:
        largest = int(server.max_content_bytes * _PART_OF_THE_LARGEST)
        return WriterSettings(
            max_bytes=min(self._section.bulk_bytes, largest),
            max_requests=self._section.bulk_concurrency,
            patience_s=WRITE_PATIENCE_S,
            spell=not server.cuts_words,
        )

    async def search(self, request: SearchRequest) -> Page:
        """Finds events; see `Store.search`."""
        return await self._searcher.page(request)

    async def count(self, query: Query, times: TimeRange) -> Count:
        """Counts matches, exactly unless shards do not answer, or days have no room for a field."""
        counted = self._counter.count(asked(query, times))
        found, lacking = await self._full_days.beside(counted, query, times)
        return replace(found, exact=found.exact and not lacking)

    async def histogram(
        self, query: Query, times: TimeRange, *, interval_us: int, by: str | None,
        by_size: int = 10, by_values: Collection[str] | None = None, offset_us: int = 0,
    ) -> Histogram:  # fmt: skip
        """Counts matches over time; see `Store.histogram`."""
        counted = self._counter.histogram(
            asked(query, times), Interval(interval_us, by, by_size, offset_us, by_values)
        )
        split = () if by is None else (by,)
        found, lacking = await self._full_days.beside(counted, query, times, split)
        return replace(found, partial=found.partial or bool(lacking))

    async def groups(
        self, query: Query, times: TimeRange, *, field: str, by: str | None = None,
        size: int = 1000, by_size: int = 10,
    ) -> Groups:  # fmt: skip
        """Groups matches by the values of a field; see `Store.groups`."""
        grouped = self._counter.groups(asked(query, times), Grouping(field, by, size, by_size))
        split = (field,) if by is None else (field, by)
        found, lacking = await self._full_days.beside(grouped, query, times, split)
        return replace(found, complete=found.complete and not lacking)

    async def facets(
        self, query: Query, times: TimeRange, *, fields: Sequence[str], size: int = 10
    ) -> Facets:
        """Counts the most frequent values of fields; see `Store.facets`."""
        counted = facets(self._searcher, asked(query, times), fields, size)
        found, lacking = await self._full_days.beside(counted, query, times, fields)
        return replace(found, complete=found.complete and not lacking)

    async def lacking(
        self, query: Query, times: TimeRange, fields: Sequence[str] = ()
    ) -> Sequence[str]:
        """The attributes that days have no room for; see `Store.lacking`."""
        return await self._full_days.warnings(query, times, fields)

    async def fields(
        self, query: Query, times: TimeRange, *, prefix: str = "", size: int = 200
    ) -> FieldUses:
        """The fields that matches have; see `Store.fields`."""
        return await fields(self._searcher, query, times, prefix=prefix, size=size)

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        """Counts and measures matches over time and by values; see `Store.cells`."""
        return await self._measurer.cells(request)

    async def get(self, event_id: str) -> Event | None:
        """One event by its id, or None."""
        return await self._searcher.get(event_id)

    async def count_by_source(self, day: date | None = None) -> Sequence[SourceCount]:
        """What the store holds, by run of a source and by day."""
        return await self._counter.by_source(day)

    def read_day(self, day: date) -> AsyncIterator[Sequence[Document]]:
        """All documents of a day by their time; see `Store.read_day`."""
        return read_day(self._client, self._names.of(day), day)

    async def check_droppable(self, day: date) -> None:
        """Any day may be; see `Store.check_droppable`."""

    async def drop_day(self, day: date, *, expected: int | None = None) -> bool:
        """Deletes a day's index; see `Store.drop_day`."""
        dropped = await drop_index(self._client, self._names.of(day), expected)
        for writer in self._writers:
            writer.forget(day)
        return dropped

    async def troubles(self) -> Sequence[str]:
        """Which days Elasticsearch cannot serve."""
        rows = await self._client.ask(
            "GET", f"/_cat/indices/{self._names.path}",
            parameters={"format": "json", "h": "index,health"},
        )  # fmt: skip
        return [
            f"not all of {row['index']} can be read: a shard is missing"
            for row in rows
            if row["health"] == "red" and self._names.day(row["index"]) is not None
        ]

    async def days(self) -> Sequence[Day]:
        """The day indices, ascending."""
        rows = await self._client.ask(
            "GET", f"/_cat/indices/{self._names.path}",
            parameters={"format": "json", "bytes": "b", "h": "index,docs.count,store.size"},
        )  # fmt: skip
        found = [
            Day(day, row["index"], int(row["docs.count"] or 0), int(row["store.size"] or 0))
            for row in rows
            if (day := self._names.day(row["index"])) is not None
        ]
        return sorted(found, key=lambda day: day.day)

    async def editions(self) -> Mapping[str, str]:
        """The indices' UUIDs; see `Store.editions`."""
        found = await self._client.ask(
            "GET", f"/{self._names.path}/_settings/index.uuid",
            parameters={**ANY_INDEX, "filter_path": "*.settings.index.uuid"},
        )  # fmt: skip
        return {name: about["settings"]["index"]["uuid"] for name, about in (found or {}).items()}

    async def limits(self) -> Sequence[Limit]:
        """Fields of the newest days, shards of the cluster and disks of its nodes."""
        return await self._limits.look()

    def snapshots(self) -> Snapshots:
        """Backs day indices up to a repository of Elasticsearch's own."""
        return Snapshots(self._client, self._names, self._clock)

    async def refresh(self) -> None:
        """Makes everything written so far visible to searches."""
        answer = await self._client.ask(
            "POST", f"/{self._names.path}/_refresh", parameters=ANY_INDEX
        )
        if answer["_shards"]["failed"]:
            raise StoreUnavailable("not all shards could be refreshed", where=self.address)

    async def reach(self) -> None:
        """Asks a node for its cluster's name; see `Store.reach`."""
        await self._client.ask(
            "GET", "/_nodes/_local/http", parameters={"filter_path": "cluster_name"}
        )

    async def check(self) -> str:
        """Says which Elasticsearch it is, and how it is."""
        server = await ask_server(self._client)
        health = await self._client.ask("GET", "/_cluster/health")
        nodes = "1 node" if server.nodes == 1 else f"{server.nodes} nodes"
        sentence = f"Elasticsearch {server.version}, {nodes}, {health['status']}, at {self.address}"
        if server.extras:
            sentence += f"; it also has {' and '.join(server.extras)}"
        if server.is_newer_than_known:
            return f"{sentence}; this version is newer than logboom knows"
        return sentence

    async def close(self) -> None:
        """Lets go of all connections. Idempotent."""
        await self._client.close()


async def open_elasticsearch(
    section: ElasticsearchSection, config: Config, clock: Clock
) -> ElasticsearchStore:
    """The Elasticsearch that a configuration names; nothing is asked of it yet.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    patience = f"{round(config.api.searches.timeout.total_seconds() * 1000)}ms"
    return ElasticsearchStore(section, IndexNames(config.index), clock, patience)
