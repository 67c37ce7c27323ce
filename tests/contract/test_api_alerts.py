"""Rules over the HTTP API, on both stores: kept, tried, shown with what they fire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.event import Event, event_id
from logboom.store import Document
from tests.api_world import served_from

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN = "0123456789abc"
RULE = {
    "alert": "Errors", "when": "count >= 3", "over": "1m", "by": ["service"], "where": "tags:error",
    "annotations": {"summary": "{{ service.name }}: {{ value | number }}"},
}  # fmt: skip
GROUP = {"every": "15s", "rules": [RULE]}


def error(number: int, before_s: float, service: str) -> Event:
    moment = (NOON - timedelta(seconds=before_s)).isoformat(timespec="milliseconds")
    return {
        "@timestamp": moment.replace("+00:00", "Z"),
        "message": f"failure {number}",
        "log": {"level": "error", "source": RUN, "offset": number},
        "service": {"name": service},
        "tags": ["error"],
        "event": {"id": event_id(RUN, number), "created": moment.replace("+00:00", "Z")},
    }


EVENTS = [
    error(n, before, service)
    for n, (before, service) in enumerate(
        [
            (3, "cart"),
            (4, "cart"),
            (5, "cart"),
            (6, "shop"),
            *((3600 + s, "shop") for s in range(4)),
        ]
    )
]


@pytest.fixture
async def app(config: Config) -> AsyncIterator[FastAPI]:
    async with served_from(config, ManualClock(NOON)) as world:
        await world.write(
            [
                Document.of(e["event"]["id"], date.fromisoformat(e["@timestamp"][:10]), e)
                for e in EVENTS
            ]
        )
        world.app.state.clock = world.clock
        yield world.app


async def test_rules_are_kept_tried_and_shown(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as api:
        await _kept(api)
        await _tried(api)
        await _fired(api, app)


async def _kept(api: httpx.AsyncClient) -> None:
    wrong = await api.put("/rules/shop", json={"rules": [{**RULE, "when": "cont > 3"}]})
    assert wrong.status_code == 400
    assert "did you mean count?" in wrong.json()["detail"]
    first = {"rules": [{**RULE, "when": "count > 5"}]}
    assert (await api.put("/rules/shop", json=first)).json()["version"] == 1
    odd = {"rules": [{**RULE, "min_events": 9, "where": "lvl:error"}]}
    warned = (await api.put("/rules/odd", json=odd)).json()["warnings"]
    assert [text.split(": ")[1] for text in warned] == ["lvl", "count >= 3 says nothing"]
    assert (await api.delete("/rules/odd")).status_code == 204
    assert (await api.put("/rules/shop", json=GROUP)).json()["version"] == 2
    assert (await api.put("/rules/shop", json={**GROUP, "name": "cart"})).status_code == 400
    assert (await api.get("/rules/shop")).json() == {"name": "shop", **GROUP}
    history = (await api.get("/rules/shop/history")).json()["changes"]
    assert [(one["version"], one["content"]["rules"][0]["when"]) for one in history] == [
        (2, "count >= 3"), (1, "count > 5"),
    ]  # fmt: skip
    assert (await api.get("/rules/unknown")).status_code == 404
    assert (await api.delete("/rules/unknown")).status_code == 404
    assert (await api.get("/rules/unknown/history")).status_code == 404


async def _tried(api: httpx.AsyncClient) -> None:
    back = (
        await api.post("/rules/backtest", json={"rule": "shop/Errors", "from": "now-2h"})
    ).json()
    assert (back["fired"], back["evaluations"]) == (2, 480)
    assert [(a["labels"]["service.name"], a["state"]) for a in back["alerts"]] == [
        ("shop", "firing"), ("shop", "resolved"), ("cart", "firing"),
    ]  # fmt: skip
    assert back["alerts"][0]["annotations"]["summary"] == "shop: 3"
    assert [s["message"] for s in back["alerts"][2]["samples"]] == [
        "failure 0", "failure 1", "failure 2",
    ]  # fmt: skip

    now = (await api.post("/rules/dry-run", json={"rule": RULE})).json()
    assert now["warnings"] == []
    mistaken = {**RULE, "by": ["service", "attributes.team"]}
    for way in ("dry-run", "backtest"):
        tried = await api.post(f"/rules/{way}", json={"rule": mistaken})
        assert tried.json()["warnings"] == ["no event of the last day has attributes.team"]
    assert [(s["series"], s["value"], s["holds"]) for s in now["series"]] == [
        ({"service.name": "cart"}, 3, True), ({"service.name": "shop"}, 1, False),
    ]  # fmt: skip
    long = await api.post("/rules/backtest", json={"rule": RULE, "every": "1s", "from": "now-30d"})
    assert long.status_code == 400
    assert "evaluations" in long.json()["detail"]
    assert (await api.post("/rules/dry-run", json={"rule": "no/such"})).status_code == 404


async def _fired(api: httpx.AsyncClient, app: FastAPI) -> None:
    engine = app.state.alerting.engine
    app.state.clock.advance(4)
    await engine.step()
    listed: dict[str, Any] = (await api.get("/alerts")).json()
    (alert,) = listed["alerts"]
    assert (alert["state"], alert["labels"]["service.name"]) == ("firing", "cart")
    assert len(alert["samples"]) == 3
    (group,) = (await api.get("/rules")).json()["groups"]
    (rule,) = group["rules"]
    assert (group["origin"], group["last"]) == ("api", "2026-11-21T12:00:00.000Z")
    assert (rule["state"], rule["firing"], rule["matched"]) == ("firing", 1, True)

    assert (await api.delete("/rules/shop")).status_code == 204
    app.state.clock.advance(6)
    await engine.step()
    assert [a["state"] for a in (await api.get("/alerts")).json()["alerts"]] == ["resolved"]
    assert (await api.get("/alerts", params={"state": "firing"})).json()["total"] == 0
    assert (await api.get("/rules/shop/history")).json()["changes"][0]["content"] is None
