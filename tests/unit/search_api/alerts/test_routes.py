"""What was asked for is done, or said to be not done, while others have their turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from logboom.clock import ManualClock
from logboom.errors import StateUnavailable, StoreUnavailable
from logboom.event import Event
from logboom.query.model import Query
from logboom.state.local import LocalState
from logboom.store import TimeRange
from search_api.alerts import routes
from search_api.alerts.alerting import Alerting
from search_api.alerts.library import Library, Rules
from search_api.alerts.rule_keeping import KeptRules, read_group
from search_api.alerts.rules import RuleGroup
from search_api.alerts.source import MemorySource
from search_api.http import problems
from search_api.notifying.people import People
from search_api.notifying.seeing import Seeing
from search_api.notifying.silence_routes import silence_routes
from tests.unit.search_api.alerts.timeline import START

RULE = {"alert": "Errors", "when": "count > 3", "by": ["attributes.team"]}


class _Down(Library):
    """Rules that cannot be read."""

    async def read(self) -> Rules:
        raise StateUnavailable("the state does not answer")


class _HalfDown(MemorySource):
    """A store that has no time for single events."""

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        raise StoreUnavailable("the store does not answer")


def _asks(*routers: APIRouter) -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)
    for router in routers:
        app.include_router(router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


async def test_a_group_is_read_once_and_beside_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    kept = KeptRules(state, clock)
    alerting = cast("Alerting", SimpleNamespace(kept=kept, library=Library((), kept)))
    threads = list[threading.Thread]()
    monkeypatch.setattr(routes, "read_group", _noting(read_group, threads))

    async with _asks(routes.alert_routes(alerting, lambda _: True, lambda _: True)) as api:
        answer = await api.put("/rules/shop", json={"rules": [{**RULE, "where": "lvl:error"}]})

    assert (answer.json()["version"], len(answer.json()["warnings"])) == (1, 1)
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()
    await state.close()


def _noting(
    read: Callable[[Mapping[str, Any]], tuple[RuleGroup, ...]], threads: list[threading.Thread]
) -> Callable[[Mapping[str, Any]], tuple[RuleGroup, ...]]:
    def reads(content: Mapping[str, Any]) -> tuple[RuleGroup, ...]:
        threads.append(threading.current_thread())
        return read(content)

    return reads


@pytest.mark.parametrize("way", ["backtest", "dry-run"])
async def test_what_was_found_is_told_though_fields_cannot_be_asked_for(way: str) -> None:
    alerting = cast("Alerting", SimpleNamespace())
    router = routes.trial_routes(
        alerting, _HalfDown([]), ManualClock(START), lambda _: True, lambda _: []
    )
    async with _asks(router) as api:
        answer = await api.post(f"/rules/{way}", json={"rule": RULE})

    assert answer.status_code == 200
    assert "the store does not answer" in answer.json()["warnings"][-1]


@pytest.mark.parametrize(
    ("begin", "end"), [("now", "now-1h"), ("now-1h", "now-1h"), ("2099-01-01", "2099-01-02")]
)
async def test_a_backtest_needs_a_stretch_of_the_past(begin: str, end: str) -> None:
    alerting = cast("Alerting", SimpleNamespace())
    router = routes.trial_routes(
        alerting, MemorySource([]), ManualClock(START), lambda _: True, lambda _: []
    )
    async with _asks(router) as api:
        body = {"rule": RULE, "from": begin, "to": end}
        answer = await api.post("/rules/backtest", json=body)

    assert answer.status_code == 400
    assert f"`from` is {begin}" in answer.json()["detail"]
    assert "now-7d" in answer.json()["suggestion"]


@pytest.mark.parametrize(
    ("begin", "end", "status"),
    [
        ("now-31d", "now", 200),
        ("now-32d", "now-1d", 200),
        ("now-32d", "now", 400),
        ("2020-01-01", "now", 400),
    ],
)
async def test_a_backtest_over_more_than_31_days_is_refused(
    begin: str, end: str, status: int
) -> None:
    alerting = cast("Alerting", SimpleNamespace())
    router = routes.trial_routes(
        alerting, MemorySource([]), ManualClock(START), lambda _: True, lambda _: []
    )
    async with _asks(router) as api:
        body = {"rule": RULE, "from": begin, "to": end, "every": "10m"}
        answer = await api.post("/rules/backtest", json=body)

    assert answer.status_code == status
    if status == 400:
        assert f"from {begin} to {end} is more than 31d" in answer.json()["detail"]


@pytest.mark.parametrize(
    "sent",
    [
        {"content": "rules: []"},
        {"content": "{", "headers": {"Content-Type": "application/json"}},
        {"json": [RULE]},
        {"data": {"rules": "x"}},
    ],
    ids=str,
)
async def test_a_body_that_is_no_json_object_is_told_so(sent: dict[str, Any]) -> None:
    alerting = cast("Alerting", SimpleNamespace())
    async with _asks(routes.alert_routes(alerting, lambda _: True, lambda _: True)) as api:
        answer = await api.put("/rules/shop", **sent)

    assert answer.status_code == 400
    assert "the body has to be a JSON object" in answer.json()["detail"]
    assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_silence_is_not_kept_where_it_is_said_to_have_failed(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    people, seeing = People(state, clock), Seeing(state, lambda _: True)
    router = silence_routes(people, seeing, _Down((), KeptRules(state, clock)))
    async with _asks(router) as api:
        body = {"matchers": ["severity=high"], "duration": "2h", "author": "kim"}
        answer = await api.post("/silences", json=body)

    assert answer.status_code == 503
    assert await people.silences() == []
    await state.close()
