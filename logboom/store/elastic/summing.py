"""What happened in each minute of a day, by service, host and level, according to its index?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from logboom.elastic.client import Client
from logboom.errors import TooManyRows
from logboom.rollups import MOST_ROWS, Row
from logboom.rollups.durations import bounds
from logboom.rollups.questions import DURATION, ERRORS, REQUESTS, SERVER_ERRORS
from logboom.rollups.row import Group
from logboom.rollups.sums import Sums
from logboom.store.elastic.counting import insist_on_all
from logboom.store.elastic.dsl import Dsl, all_of, between
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.searching import ANY_INDEX, PATIENCE
from logboom.store.elastic.times import TIME
from logboom.store.elastic.translate import translate

_NAMES: Final = ("service.name", "host.name", "log.level")
_CREATED: Final = "event.created"
_DAY_US: Final = 86_400_000_000
_AT_ONCE: Final = 50_000
"""Buckets in one answer; Elasticsearch refuses more than 65,536."""

_GROUPS_AT_ONCE: Final = 5_000
_COUNTED = {"errors": ERRORS, "requests": REQUESTS, "server_errors": SERVER_ERRORS}
_BARE: Final = (
    "timed_out,_shards,aggregations.found.after_key,aggregations.found.buckets.key,"
    "aggregations.found.buckets.durations.buckets.doc_count"
)
"""Of each range only its count: there are hundreds of them for each group."""

_Found = defaultdict[tuple[int, Group], Sums]


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some of a day's events, and the field that says in which minute they count.

    Attributes:
        minute_us: The one minute in which all of them count, whatever the field says; or None.
    """

    query: Dsl
    field: str
    minute_us: int | None = None


class Summary:
    """Asks Elasticsearch for the rows of minutes.

    Args:
        client: The way to it.
        names: Of the day indices.
    """

    def __init__(self, client: Client, names: IndexNames) -> None:
        self._client = client
        self._names = names

    async def rows(self, start_us: int, end_us: int) -> list[Row]:
        """The rows of a day's minutes; see `Rollups.summarise`.

        Raises:
            TooManyRows: There would be too many.
            StoreUnavailable: Ask again later.
        """
        day = datetime.fromtimestamp(start_us // 1_000_000, UTC).date()
        path = f"/{quote(self._names.of(day))}/_search"
        found: _Found = defaultdict(Sums)
        for part in _slices(start_us, end_us):
            spent = await self._add_events(path, part, found)
            if spent is not None:
                await self._add_durations(path, part, found, spent)
        return [sums.row(*key) for key, sums in found.items()]

    async def _add_events(
        self, path: str, part: _Slice, found: _Found
    ) -> tuple[float, float] | None:
        """Counts events; the shortest and the longest of their durations, None when they have none."""
        each: Dsl = {name: {"filter": translate(query)} for name, query in _COUNTED.items()}
        each["last"] = {"max": {"field": part.field}}
        each |= {name: {name: {"field": DURATION}} for name in ("min", "max")}
        ends: list[float] = []
        async for key, bucket in self._groups(path, part, each, size=_GROUPS_AT_ONCE):
            numbers = found[key].numbers
            numbers["events"] += bucket["doc_count"]
            for name in _COUNTED:
                numbers[name] += bucket[name]["doc_count"]
            last_ms = bucket["last"]["value"]
            numbers["last_ms"] = max(
                numbers["last_ms"], key[0] // 1000 if last_ms is None else int(last_ms)
            )
            ends += [
                bucket[name]["value"]
                for name in ("min", "max")
                if bucket[name]["value"] is not None
            ]
            if len(found) > MOST_ROWS:
                raise TooManyRows(f"there would be more than {MOST_ROWS} rows")
        return (min(ends), max(ends)) if ends else None

    async def _add_durations(
        self, path: str, part: _Slice, found: _Found, spent: tuple[float, float]
    ) -> None:
        """Counts durations, of which the shortest and the longest are known."""
        buckets = bounds(*spent)
        keys = [None, *(key for key, _, _ in buckets)]
        ends = [{"to": 1}, *({"from": start, "to": end} for _, start, end in buckets)]
        each = {"durations": {"range": {"field": DURATION, "ranges": ends}}}
        size = max(1, _AT_ONCE // (len(ends) + 1))
        async for group, bucket in self._groups(path, part, each, size=size, shown=_BARE):
            sums = found.get(group)
            if sums is None:
                continue  # its first event came in between, and has its minute marked again
            for key, one in zip(keys, bucket["durations"]["buckets"], strict=True):
                if one["doc_count"] and key is None:
                    sums.zeros += one["doc_count"]
                elif one["doc_count"] and key is not None:
                    sums.bins[key] += one["doc_count"]

    async def _groups(
        self, path: str, part: _Slice, each: Dsl, *, size: int, shown: str | None = None
    ) -> AsyncIterator[tuple[tuple[int, Group], Mapping[str, Any]]]:
        """Minute and group, and the bucket of the events in them."""
        pages: Dsl = {"size": size, "sources": list(_sources(part))}
        while True:
            asked = {"composite": pages, "aggs": each}
            found = await self._ask(path, part.query, asked, shown=shown)
            buckets = found.get("buckets", ())
            for bucket in buckets:
                key = bucket["key"]
                minute_us = key["minute"] * 1000 if part.minute_us is None else part.minute_us
                service, host, level = (key[name] or "" for name in _NAMES)
                yield (minute_us, (service, host, level)), bucket
            if len(buckets) < size:
                return
            pages["after"] = found["after_key"]

    async def _ask(
        self, path: str, query: Dsl, aggregation: Dsl, *, shown: str | None = None
    ) -> Mapping[str, Any]:
        body = {
            "query": query, "size": 0, "track_total_hits": False, "timeout": PATIENCE,
            "aggs": {"found": aggregation},
        }  # fmt: skip
        parameters = {**ANY_INDEX, "request_cache": "false"}  # it is never asked again
        if shown is not None:
            parameters["filter_path"] = shown
        answer = await self._client.query(path, body, parameters=parameters)
        insist_on_all(answer, self._client.address)
        found: Mapping[str, Any] = answer.get("aggregations", {}).get("found", {})
        return found


def _slices(start_us: int, end_us: int) -> Iterator[_Slice]:
    day_us = start_us - start_us % _DAY_US
    own = _within(TIME, day_us, day_us + _DAY_US)
    yield _Slice(all_of([_within(TIME, start_us, end_us)]), TIME)
    yield _Slice(all_of([_within(_CREATED, start_us, end_us)], but_not=[own]), _CREATED)
    if start_us == day_us:  # so that every event of the day counts somewhere
        read = _within(_CREATED, day_us, day_us + _DAY_US)
        yield _Slice(all_of([], but_not=[own, read]), _CREATED, day_us)


def _within(name: str, start_us: int, end_us: int) -> Dsl:
    return between(
        name, start_us // 1000, end_us // 1000, include_lower=True, include_upper=False,
        format="epoch_millis",
    )  # fmt: skip


def _sources(part: _Slice) -> Iterator[Dsl]:
    if part.minute_us is None:
        yield {"minute": {"date_histogram": {"field": part.field, "fixed_interval": "1m"}}}
    for name in _NAMES:
        yield {name: {"terms": {"field": name, "missing_bucket": True}}}
