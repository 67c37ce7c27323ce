"""Histograms over HTTP, on both stores: zones, gaps, splits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from logboom.clock import ManualClock
from logboom.event import event_id
from logboom.store import Document
from tests.api_world import ask, served_from
from tests.contract.stores import config_of
from tests.contract.test_api import NOW, RUN, api, clock  # noqa: F401 - fixtures

AUTUMN = datetime(2026, 11, 1, 4, tzinfo=UTC)
"""Midnight in New York; clocks are set back two hours later."""


async def test_days_are_those_of_the_zone_and_gaps_are_filled(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(
        api, "histogram", interval="1d", tz="Asia/Kathmandu", from_="2026-11-19", to="2026-11-22"
    )
    assert [(one["from"], one["count"]) for one in found["buckets"]] == [
        ("2026-11-18T18:15:00.000Z", 0), ("2026-11-19T18:15:00.000Z", 0),
        ("2026-11-20T18:15:00.000Z", 60), ("2026-11-21T18:15:00.000Z", 0),
    ]  # fmt: skip


async def test_a_split_survives_a_change_of_the_clocks(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(
        api, "histogram", interval="1w", by="level", tz="Europe/Berlin",
        from_="2026-10-19", to="2026-11-22T00:00",
    )  # fmt: skip
    assert [(one["from"][:16], one["count"]) for one in found["buckets"]] == [
        ("2026-10-18T22:00", 0), ("2026-10-25T23:00", 0), ("2026-11-01T23:00", 0),
        ("2026-11-08T23:00", 0), ("2026-11-15T23:00", 60),
    ]  # fmt: skip
    assert found["buckets"][-1]["by"] == {"info": 54, "error": 6}


async def test_an_interval_is_chosen(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(api, "histogram", from_="now-2h")
    assert found["interval"] == "120s"
    assert sum(one["count"] for one in found["buckets"]) == 60
    assert len(found["buckets"]) == 60
    assert (await ask(api, "histogram"))["interval"] == "900s"  # since the first day's midnight


def tick(number: int) -> Document:
    moment = AUTUMN + timedelta(minutes=10 * number)
    time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "@timestamp": time, "message": "tick", "log": {"source": RUN, "offset": number},
        "event": {"id": event_id(RUN, number), "created": time},
    }  # fmt: skip
    return Document.of(event_id(RUN, number), moment.date(), event)


@pytest.fixture(params=["local", "elasticsearch"])
async def autumn(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Of New York, an event every ten minutes."""
    config = config_of(request.param, request, tmp_path, unique)
    async with served_from(config, ManualClock(NOW)) as world:
        await world.write([tick(number) for number in range(6 * 30)])
        yield world.api


@pytest.mark.parametrize("interval", ["1h30m", "2h", "6h", "1d"])
async def test_a_bucket_has_what_a_search_from_it_to_the_next_finds(
    autumn: httpx.AsyncClient, interval: str
) -> None:
    times = {"from_": "2026-11-01T04:00Z", "to": "2026-11-02T10:00Z"}
    found = await ask(autumn, "histogram", interval=interval, tz="America/New_York", **times)
    assert sum(one["count"] for one in found["buckets"]) == 6 * 30
    for one, following in pairwise(found["buckets"]):
        within = await ask(autumn, "count", from_=one["from"], to=following["from"])
        assert within["count"] == one["count"]


async def test_the_first_bucket_begins_as_clocks_were_before_they_were_changed(
    autumn: httpx.AsyncClient,
) -> None:
    found = await ask(
        autumn, "histogram", interval="1d", tz="America/New_York",
        from_="2026-11-01T12:00", to="2026-11-02T00:00",
    )  # fmt: skip
    assert found["buckets"] == [{"from": "2026-11-01T04:00:00.000Z", "count": 72, "by": {}}]


async def test_a_range_that_ends_before_it_begins_has_no_buckets(autumn: httpx.AsyncClient) -> None:
    found = await ask(autumn, "histogram", from_="2026-11-02T00:00", to="2026-11-01T00:00")
    assert found["buckets"] == []
    assert found["warnings"]
