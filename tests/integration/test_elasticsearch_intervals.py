"""A date_histogram of `/es` has the buckets of Elasticsearch, also where clocks are changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from logboom.config import Config, LocalStoreSection
from logboom.event import Event, event_id
from tests.unit.search_api.elasticsearch_api.conftest import serving

CHANGES = {
    ("Africa/Cairo", "2026-04-23T22:00"), ("Africa/Cairo", "2026-10-29T21:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"), ("Africa/Casablanca", "2026-03-22T02:00"),
    ("America/Havana", "2026-03-08T05:00"), ("America/Havana", "2026-11-01T05:00"),
    ("America/New_York", "2026-03-08T07:00"), ("America/New_York", "2026-11-01T06:00"),
    ("America/Santiago", "2026-04-05T03:00"), ("America/Santiago", "2026-09-06T04:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"), ("Asia/Kathmandu", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"), ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Europe/Berlin", "2026-03-29T01:00"), ("Europe/Berlin", "2026-10-25T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Pacific/Chatham", "2026-04-04T14:00"), ("Pacific/Chatham", "2026-09-26T14:00"),
    ("UTC", "2026-11-01T06:00"), ("+05:30", "2026-11-01T06:00"),
}  # fmt: skip
"""Zones, and when their clocks are changed."""

FIXED = ["20m", "45m", "1h", "90m", "2h", "3h", "5h", "6h", "12h", "1d", "2d", "7d", "30d"]
OFFSETS = ["0s", "+30m", "+6h", "-1h", "-5d"]
OVER_A_YEAR = [
    ("90m", "0s"),
    ("5h", "+6h"),
    ("12h", "+30m"),
    ("1d", "0s"),
    ("2d", "-1h"),
    ("30d", "-5d"),
]
CALENDAR = ["minute", "hour", "day", "week", "month"]
AROUND = timedelta(hours=40)
APART = timedelta(minutes=20)
RUN = "0123456789abd"
INDEX = "intervals"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moments() -> list[datetime]:
    """Of the events: around all changes."""
    found: set[datetime] = set()
    for _, change in CHANGES:
        begin = moment_of(change) - AROUND
        found.update(begin + APART * number for number in range(2 * AROUND // APART))
    return sorted(found)


def events() -> Iterator[Event]:
    for number, moment in enumerate(moments()):
        yield {
            "@timestamp": text_of(moment),
            "message": "tick",
            "log": {"source": RUN, "offset": number},
            "event": {"id": event_id(RUN, number), "created": text_of(moment)},
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    data: Path = tmp_path_factory.mktemp("intervals")
    async with serving(Config(data=data, store=LocalStoreSection()), list(events())) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://logboom/es") as client:
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theirs(elasticsearch: str) -> AsyncIterator[httpx.AsyncClient]:
    """The real one."""
    dates = {"@timestamp": {"type": "date"}, "event.created": {"type": "date"}}
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as client:
        created = await client.put(f"/{INDEX}", json={"mappings": {"properties": dates}})
        created.raise_for_status()
        lines = [line for event in events() for line in (b'{"index": {}}', orjson.dumps(event))]
        written = await client.post(
            f"/{INDEX}/_bulk?refresh=true", content=b"\n".join(lines) + b"\n",
            headers={"content-type": "application/x-ndjson"},
        )  # fmt: skip
        assert not written.json()["errors"]
        yield client
        await client.delete(f"/{INDEX}")


def wanted(zone: str, field: str = "@timestamp") -> dict[str, dict[str, Any]]:
    """Histograms, by what they are."""
    fixed = {
        f"{width} {offset}": {"fixed_interval": width, "offset": offset}
        for width in FIXED
        for offset in OFFSETS
    }
    calendar = {f"calendar {unit}": {"calendar_interval": unit} for unit in CALENDAR}
    return {
        name: {"date_histogram": {"field": field, "time_zone": zone, **options}}
        for name, options in (fixed | calendar).items()
    }


async def buckets(
    client: httpx.AsyncClient, path: str, begin: datetime, end: datetime, aggs: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    times = {"range": {"@timestamp": {"gte": text_of(begin), "lt": text_of(end)}}}
    answer = await client.post(f"{path}/_search", json={"size": 0, "query": times, "aggs": aggs})
    assert answer.status_code == 200, answer.text
    return {name: one["buckets"] for name, one in answer.json()["aggregations"].items()}


async def compare(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, begin: datetime, end: datetime,
    aggs: dict[str, Any],
) -> None:  # fmt: skip
    here = await buckets(ours, "/logboom-logs-*", begin, end, aggs)
    there = await buckets(theirs, f"/{INDEX}", begin, end, aggs)
    differing = {name: (here[name], there[name]) for name in aggs if here[name] != there[name]}
    assert not differing, f"{sorted(differing)}: {differing.popitem()}"


@pytest.mark.parametrize(("zone", "change"), sorted(CHANGES))
@pytest.mark.parametrize("from_h", [-36, -7, -1, 0, 1, 13])
async def test_they_have_the_same_buckets(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, zone: str, change: str, from_h: int
) -> None:
    begin = moment_of(change) + timedelta(hours=from_h, minutes=10)
    await compare(ours, theirs, begin, moment_of(change) + AROUND, wanted(zone))


@pytest.mark.parametrize("zone", sorted({zone for zone, _ in CHANGES}))
async def test_they_have_the_same_buckets_over_a_year(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, zone: str
) -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    for field in ("@timestamp", "event.created"):
        every = wanted(zone, field)
        aggs = {f"{width} {offset}": every[f"{width} {offset}"] for width, offset in OVER_A_YEAR}
        for one in aggs.values():
            one["date_histogram"]["min_doc_count"] = 1
        await compare(ours, theirs, begin, end, aggs)
    calendar = {
        name: one for name, one in wanted(zone).items() if name in {"calendar hour", "calendar day"}
    }
    await compare(ours, theirs, begin, end, calendar)


async def test_they_show_the_same_empty_buckets(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    begin, end = moment_of("2026-10-31T00:00"), moment_of("2026-11-01T05:30")
    aggs = wanted("America/New_York")
    for one in aggs.values():
        one["date_histogram"]["extended_bounds"] = {"min": "2026-10-30", "max": "2026-11-03"}
    await compare(ours, theirs, begin, end, aggs)
