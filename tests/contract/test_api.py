"""The HTTP API over both stores: shapes, parameters, problem documents."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from logboom.clock import ManualClock
from logboom.event import event_id
from logboom.store import Document
from tests.api_world import ask, served_from
from tests.contract.stores import config_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RUN = "0123456789abc"


def document(number: int) -> Document:
    event = {
        "@timestamp": f"2026-11-21T11:{number:02d}:00.000Z",
        "message": f"order {number} was handled",
        "log": {"level": "error" if number % 10 == 0 else "info", "source": RUN, "offset": number},
        "service": {"name": f"shop-{number % 2}"},
        "event": {"id": event_id(RUN, number), "created": "2026-11-21T11:59:00.000Z"},
        "attributes": {"seq": number, "my key": number % 2},
    }
    return Document.of(event_id(RUN, number), date(2026, 11, 21), event)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(params=["local", "elasticsearch"])
async def api(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str, clock: ManualClock
) -> AsyncIterator[httpx.AsyncClient]:
    config = config_of(request.param, request, tmp_path, unique)
    async with served_from(config, clock) as world:
        await world.write([document(n) for n in range(60)])
        yield world.api


def numbers(answer: dict[str, Any]) -> list[int]:
    return [event["attributes"]["seq"] for event in answer["events"]]


async def test_a_search_gives_the_newest_first(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "search", q="level:error", limit=3)
    assert numbers(answer) == [50, 40, 30]
    assert answer["total"] == {"value": 6, "relation": "eq"}
    assert (answer["partial"], answer["warnings"]) == (False, [])
    assert answer["events"][0]["_id"] == event_id(RUN, 50)


async def test_pages_follow_each_other_to_the_end(api: httpx.AsyncClient) -> None:
    found: list[int] = []
    cursor = None
    while True:
        more: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        answer = await ask(api, "search", limit=25, sort="asc", **more)
        found += numbers(answer)
        cursor = answer["cursor"]
        if cursor is None:
            break
    assert found == list(range(60))


async def test_relative_times_are_the_same_on_all_pages(
    api: httpx.AsyncClient, clock: ManualClock
) -> None:
    asked = {"q": "@timestamp:>now-45m", "from_": "50m", "to": "now-10m", "limit": 20}
    first = await ask(api, "search", **asked)
    clock.advance(1200)
    second = await ask(api, "search", **asked, cursor=first["cursor"])
    assert numbers(first) == list(range(49, 29, -1))
    assert numbers(second) == list(range(29, 15, -1))
    assert second["cursor"] is None


async def test_times_are_understood(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "search", from_="now-30m", to="2026-11-21T11:40:00Z", sort="asc")
    assert numbers(answer) == list(range(30, 40))


async def test_only_the_fields_asked_for_are_given(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "search", q="seq:7", fields="level,seq")
    assert answer["events"] == [
        {"_id": event_id(RUN, 7), "log": {"level": "info"}, "attributes": {"seq": 7}}
    ]


@pytest.mark.parametrize("names", ["attributes", "seq,attributes.*", "att*"])
async def test_objects_and_patterns_name_fields(api: httpx.AsyncClient, names: str) -> None:
    (event,) = (await ask(api, "search", q="seq:7"))["events"]
    given = {"q": "seq:7", "fields": names}
    wanted = {"_id": event_id(RUN, 7), "attributes": event["attributes"]}
    assert (await ask(api, "search", **given))["events"] == [wanted]
    lines = await api.get("/api/v1/export", params=given)
    assert lines.json() == wanted
    table = await api.get("/api/v1/export", params={**given, "format": "csv"})
    assert '""seq"":7' in table.text


async def test_a_body_asks_the_same(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/search", json={"q": "seq:7", "from": "now-1d"})
    assert numbers(answer.json()) == [7]


async def test_counting(api: httpx.AsyncClient) -> None:
    assert await ask(api, "count", q="service:shop-1") == {
        "count": 30, "relation": "eq", "warnings": []
    }  # fmt: skip


async def test_a_histogram_is_split_by_level(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "histogram", interval="30m", by="level")
    assert answer["interval"] == "1800s"
    assert answer["buckets"] == [
        {"from": "2026-11-21T11:00:00.000Z", "count": 30, "by": {"info": 27, "error": 3}},
        {"from": "2026-11-21T11:30:00.000Z", "count": 30, "by": {"info": 27, "error": 3}},
    ]


async def test_one_event_by_its_id(api: httpx.AsyncClient) -> None:
    event = await ask(api, f"events/{event_id(RUN, 7)}")
    assert event["message"] == "order 7 was handled"
    missing = await api.get("/api/v1/events/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("search?q=(a", "never closed"),
        ("search?q=level:errror", "error"),
        ("search?from=blorb", "blorb"),
        ("search?limit=99999999", "limit"),
        ("search?limit=x", "limit"),
        ("search?sort=up", "asc"),
        ("search?cursor=nonsense", "cursor"),
        ("search?cursor=1.nonsense", "cursor"),
        ("search?cursor=9999999999999999999.nonsense", "cursor"),
        ("search?tz=Mars/X", "time zone"),
        ("histogram?interval=wide", "wide"),
        ("histogram?by=message", "message"),
        ("histogram?interval=1ms&from=now-1d", "bucket"),
    ],
)
async def test_what_is_wrong_is_said_in_a_problem_document(
    api: httpx.AsyncClient, route: str, words: str
) -> None:
    answer = await api.get(f"/api/v1/{route}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.text
    assert "Traceback" not in answer.text


async def test_an_error_in_a_query_has_its_position(api: httpx.AsyncClient) -> None:
    problem = (await api.get("/api/v1/search", params={"q": "a AND (b"})).json()
    assert problem["position"] == 6
    assert problem["suggestion"]


async def test_the_outer_routes_answer(api: httpx.AsyncClient) -> None:
    for route in ("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/api/v1/health", "/api/v1/ledger", "/api/v1/sources"):  # fmt: skip
        assert (await api.get(route)).status_code == 200
    assert (await api.get("/nowhere")).json()["status"] == 404


async def test_promtool_finds_no_fault_with_the_metrics(api: httpx.AsyncClient) -> None:
    if shutil.which("promtool") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not installed")
        pytest.skip("promtool is not installed")
    await ask(api, "count")
    text = (await api.get("/metrics")).text
    done = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=text, text=True, capture_output=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
