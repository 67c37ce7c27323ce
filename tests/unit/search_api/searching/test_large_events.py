"""Huge events make no huge answers: a page ends early, and the next one goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest

from logboom.event import Event, event_id
from logboom.query.model import MatchAll
from logboom.store import Document, Page, SearchRequest
from logboom.store.values import PAGE_BYTES
from tests.api_world import World, served

RUN = "0123456789abc"
COUNT, SIZE, MOST = 80, 9_000, 640_000


def document(number: int) -> Document:
    name = event_id(RUN, number)
    event: Event = {
        "@timestamp": f"2026-11-21T11:{number // 60:02}:{number % 60:02}.000Z",
        "message": f"{number} " + "x" * SIZE,
        "log": {"source": RUN, "offset": number},
        "event": {"id": name, "created": "2026-11-21T11:59:00.000Z"},
        "attributes": {"seq": number},
    }
    return Document.of(name, date(2026, 11, 21), event)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with served(tmp_path) as one:
        await one.write([document(number) for number in range(COUNT)])
        search = one.store.search

        async def of_few_bytes(request: SearchRequest) -> Page:
            return await search(replace(request, max_bytes=MOST))

        monkeypatch.setattr(one.store, "search", of_few_bytes)
        yield one


def test_pages_are_bounded() -> None:
    assert SearchRequest(MatchAll()).max_bytes == PAGE_BYTES
    page = (Path(__file__).parents[4] / "docs" / "api.md").read_text("utf-8")
    assert f"be larger than {PAGE_BYTES // 2**20} MB" in page


async def test_pages_of_huge_events_are_bounded_and_lead_to_all(world: World) -> None:
    seen: list[int] = []
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await world.api.get("/api/v1/search", params={"limit": "10000", **cursor})
        found = orjson.loads(answer.content)
        assert len(answer.content) < MOST + 10_000
        assert (found["partial"], found["total"]["value"]) == (False, COUNT)
        sizes.append(len(found["events"]))
        seen += [event["attributes"]["seq"] for event in found["events"]]
        if found["cursor"] is None:
            break
        cursor = {"cursor": found["cursor"]}
    assert seen == list(range(COUNT))[::-1]
    refused = await world.api.get("/es/logboom-logs-*/_search", params={"size": str(COUNT)})
    assert refused.status_code == 400
    assert f"size of {sizes[0]} or less" in refused.text
    fine = await world.api.get(
        "/es/logboom-logs-*/_search", params={"size": "60", "_source": "attributes"}
    )
    assert len(fine.json()["hits"]["hits"]) == 60
    exported = await world.api.get("/api/v1/export")
    assert len(exported.content.splitlines()) == COUNT
