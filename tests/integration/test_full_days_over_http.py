"""Whoever asks about an attribute that a day has no room for is told so, whatever is asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.state import open_state
from search_api.app import create_app
from search_api.pipeline.state import PipelineState
from tests.api_world import ask
from tests.integration.elastic import Opener, document

TOLD = "2026-03-14 has no room for the field attributes.late"
TIMES = {"from": "2026-03-14", "to": "2026-03-15"}
RULE = {"alert": "late", "where": "late:a", "when": "count > 0", "over": "4h"}


@pytest.fixture
async def api(
    elasticsearch: str, open_elastic: Opener, unique: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()
    await writer.write([document(1, attributes={f"key-{n}": "x" for n in range(1000)})])
    await writer.write([document(2, attributes={"late": "a"})])
    await store.refresh()
    clock = ManualClock(datetime(2026, 3, 14, 12, tzinfo=UTC))
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    config = Config(data=tmp_path)
    memory = open_state(config, clock)
    state = PipelineState(broker, store, "g", tmp_path, clock, memory)
    transport = httpx.ASGITransport(create_app(store, state, clock, config, memory))
    async with httpx.AsyncClient(transport=transport, base_url="http://logboom") as client:
        yield client
    await memory.close()
    await broker.close()


async def test_numbers_are_told_as_not_whole(api: httpx.AsyncClient) -> None:
    found = await ask(api, "count", q="late:a")
    assert (found["count"], found["relation"]) == (0, "gte")
    assert [one.partition(",")[0] for one in found["warnings"]] == [TOLD]
    for asked in ({"q": "late:a"}, {"by": "late"}):
        found = await ask(api, "histogram", interval="1h", **TIMES, **asked)
        assert found["partial"]
        assert [one.partition(",")[0] for one in found["warnings"]] == [TOLD]
    for asked in ({"q": "late:a", "field": "level"}, {"field": "level,late"}):
        found = await ask(api, "facets", **asked)
        assert found["sampled"]
        assert [one.partition(",")[0] for one in found["warnings"]] == [TOLD]


async def test_what_the_day_knows_is_whole(api: httpx.AsyncClient) -> None:
    found = await ask(api, "count", q="key-1:x")
    assert (found["count"], found["relation"], found["warnings"]) == (1, "eq", [])
    found = await ask(api, "histogram", interval="1h", by="key-1", **TIMES)
    assert (found["partial"], found["warnings"]) == (False, [])
    found = await ask(api, "facets", field="key-1", q="_exists_:late")
    assert (found["sampled"], found["warnings"]) == (False, [])


async def test_an_export_tells_it_before_its_first_event(api: httpx.AsyncClient) -> None:
    asked = {"q": "late:a OR key-1:x", "limit": "1"}  # all of it breaks off: it is not complete
    answer = await api.get("/api/v1/export", params=asked)
    (told,) = json.loads(answer.headers["Logboom-Notes"])
    assert told.startswith(TOLD)


@pytest.mark.parametrize("route", ["backtest", "dry-run"])
@pytest.mark.parametrize(
    "change", [{}, {"where": "", "by": ["late"]}, {"where": "", "when": "distinct(late) > 1"}]
)
async def test_a_rule_that_is_tried_is_told_it(
    api: httpx.AsyncClient, route: str, change: dict[str, object]
) -> None:
    answer = await api.post(
        f"/api/v1/rules/{route}", json={"rule": RULE | change, "from": "now-4h"}
    )
    assert answer.status_code == 200, answer.text
    assert [one for one in answer.json()["warnings"] if one.startswith(TOLD)]
