"""Silences, acknowledgements, receivers and deliveries over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.state.local import LocalState
from search_api.alerts.alert import AlertState
from search_api.alerts.keeping import write_details
from search_api.http import problems
from search_api.notifying.keeping import SILENCES, KeptGroups, read_quiet
from search_api.notifying.outcomes import DeliveryRecord, Outcomes
from search_api.notifying.people import People
from search_api.notifying.running import notifying_routes
from tests.unit.search_api.notifying.hearing import hearing
from tests.unit.search_api.notifying.timeline import START, Timeline, alert, plan

RECEIVERS: list[dict[str, Any]] = [
    {"name": "team", "slack": "http://127.0.0.1:1/services/T0/SECRET", "allow_private": True},
    {"name": "inner", "webhook": "http://127.0.0.1:1/"},
]


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[LocalState]:
    opened = LocalState(tmp_path, ManualClock(START))
    yield opened
    await opened.close()


def client_for(
    state: LocalState, clock: ManualClock, receivers: list[dict[str, Any]]
) -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)
    config = Config.model_validate({"alerts": {"receivers": receivers}})
    for router in notifying_routes(config, state, clock, lambda _service: True):
        app.include_router(router, prefix="/api/v1")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api/api/v1")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def api(state: LocalState, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(state, clock, RECEIVERS) as client:
        yield client


SILENCE = {
    "matchers": ['alertname="Errors"', "severity!=critical"],
    "duration": "2h",
    "author": "kim",
}


async def test_a_silence_is_added_changed_and_ended(
    api: httpx.AsyncClient, state: LocalState, clock: ManualClock
) -> None:
    made = (await api.post("/silences", json=SILENCE)).json()
    assert made["state"] == "active"
    assert made["ends_at"] == "2026-11-23T12:00:00+00:00"
    (silence,) = (await read_quiet(state)).silences
    assert silence.covers(alert("Errors1").labels, START)
    changed = await api.put(
        f"/silences/{made['id']}", json={"matchers": {"alertname": "Slow"}, "ends_at": "now+30m"}
    )
    assert changed.json()["matchers"] == ['alertname="Slow"']
    assert changed.json()["ends_at"] == "2026-11-23T10:30:00+00:00"
    clock.advance(60)
    ended = (await api.delete(f"/silences/{made['id']}")).json()
    assert (ended["state"], ended["ends_at"]) == ("expired", "2026-11-23T10:01:00+00:00")
    assert (await api.get("/silences")).json() == {"silences": []}
    assert len((await api.get("/silences", params={"expired": "true"})).json()["silences"]) == 1
    assert (await api.get(f"/silences/{made['id']}")).json() == ended


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"matchers": [], "duration": "2h"}, "needs matchers"),
        ({"matchers": ["severity!=x"], "duration": "2h"}, "fit every alert"),
        ({"matchers": ['team=~".*"'], "duration": "2h"}, "fit every alert"),
        ({"matchers": ["nonsense"], "duration": "2h"}, "is no matcher"),
        ({"matchers": ["a=~("], "duration": "2h"}, "is no pattern"),
        ({"matchers": {"a b": "x"}, "duration": "1h"}, "is no matcher"),
        ({"matchers": {"a!": "x"}, "duration": "1h"}, "would not mean"),
        ({"matchers": {"a": "x" * 500}, "duration": "1h"}, "500 characters"),
        ({"matchers": ["a=b"]}, "needs an end"),
        ({"matchers": ["a=b"], "duration": "2h", "ends_at": "now+1h"}, "either"),
        ({"matchers": ["a=b"], "duration": "soon"}, "is not a duration"),
        ({"matchers": ["a=b"], "duration": "2y"}, "366 days at most"),
        ({"matchers": ["a=b"], "ends_at": "now-1h"}, "before it begins"),
        ({"matchers": ["a=b"], "duration": "1h", "until": "x"}, "until"),
    ],
)
async def test_a_silence_with_a_mistake_teaches(
    api: httpx.AsyncClient, body: dict[str, Any], words: str
) -> None:
    answer = await api.post("/silences", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


async def test_a_silence_that_cannot_be_read_hides_no_other(
    api: httpx.AsyncClient, state: LocalState, clock: ManualClock
) -> None:
    made = (await api.post("/silences", json=SILENCE)).json()
    (record,) = await state.list(SILENCES)
    await state.put(SILENCES, "0" * 32, {**record.value, "matchers": ['a b="x"']})
    assert [one.key for one in (await read_quiet(state)).silences] == [made["id"]]
    listed = (await api.get("/silences")).json()["silences"]
    assert [one["id"] for one in listed] == [made["id"]]
    for method in ("GET", "DELETE"):
        assert (await api.request(method, f"/silences/{'0' * 32}")).status_code == 404
    clock.advance(10 * 86400)
    await People(state, clock).prune()
    assert [one.key for one in await state.list(SILENCES)] == ["0" * 32]


async def test_silences_that_are_not_there(api: httpx.AsyncClient) -> None:
    path = f"/silences/{'0' * 32}"
    assert (await api.get(path)).status_code == 404
    assert (await api.delete(path)).status_code == 404
    assert (await api.put(path, json=SILENCE)).status_code == 404


async def test_acknowledgements(api: httpx.AsyncClient, state: LocalState) -> None:
    await write_details(state, [alert("abc")])
    body = {"episode": "abc", "author": "kim", "comment": "on it"}
    assert (await api.post("/acknowledgements", json=body)).status_code == 201
    (one,) = (await api.get("/acknowledgements")).json()["acknowledgements"]
    assert one == {**body, "at": "2026-11-23T10:00:00+00:00"}
    assert (await read_quiet(state)).acknowledged == {"abc"}
    assert (await api.delete("/acknowledgements/abc")).status_code == 204
    assert (await api.delete("/acknowledgements/abc")).status_code == 404


async def test_an_alert_that_is_not_there_is_not_acknowledged(
    api: httpx.AsyncClient, state: LocalState
) -> None:
    firing = [alert(f"0123456789ab{n}", alertname="Errors") for n in range(5)]
    over = replace(alert("0123456789af"), state=AlertState.RESOLVED, ends_at=START)
    await write_details(state, [*firing, over])

    for episode, says in [
        ("f" * 24, "no alert has the episode ffff"),
        ("Errors", "of Errors 0123456789ab0 fires; of Errors 0123456789ab1 fires"),
        ("0123456789ac0", "of Errors 0123456789ab0 fires"),
    ]:
        answer = await api.post("/acknowledgements", json={"episode": episode})
        form = await api.post("/acknowledgements/form", data={"episode": episode})
        assert (answer.status_code, form.status_code) == (404, 404), episode
        assert answer.headers["content-type"] == "application/problem+json"
        assert says in answer.json()["detail"]
        assert "`logboom alerts list --json`" in answer.json()["detail"]
        assert answer.json()["detail"].count(" fires") <= 3
    assert (await read_quiet(state)).acknowledged == frozenset()


async def test_an_alert_about_a_receiver_is_acknowledged(
    api: httpx.AsyncClient, state: LocalState
) -> None:
    timeline = Timeline(plan())
    timeline.fire("receiver1")
    await KeptGroups(state).write({}, timeline.groups)

    answer = await api.post("/acknowledgements", json={"episode": "receiver1"})
    assert answer.status_code == 201


async def test_links_ask_and_only_their_buttons_act(
    api: httpx.AsyncClient, state: LocalState
) -> None:
    await write_details(state, [alert("abc")])
    page = await api.get("/acknowledgements/form", params={"episode": 'x"><script>'})
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    page = await api.get(
        "/silences/form", params={"matcher": ['alertname="Errors"', 'service.name="<shop>"']}
    )
    assert "&lt;shop&gt;" in page.text
    quiet = await read_quiet(state)
    assert (quiet.silences, quiet.acknowledged) == ([], frozenset())
    form = {"matcher": ['alertname="Errors"'], "duration": "30m", "author": "kim"}
    assert "Silent until 2026-11-23 10:30 UTC" in (await api.post("/silences/form", data=form)).text
    assert (
        "Acknowledged" in (await api.post("/acknowledgements/form", data={"episode": "abc"})).text
    )
    quiet = await read_quiet(state)
    assert len(quiet.silences) == 1
    assert quiet.acknowledged == {"abc"}
    assert (await api.post("/acknowledgements/form", content=b"x" * 100_000)).status_code == 400


@pytest.mark.parametrize(
    ("page", "form", "says"),
    [
        ("silences", {"matcher": ['a="b"'], "author": "x" * 2_000}, "author: "),
        ("silences", {"matcher": ["x" * 600]}, "matchers"),
        ("acknowledgements", {"episode": "a b"}, "episode: "),
        ("acknowledgements", {}, "episode: "),
    ],
)
async def test_what_a_form_says_wrong_is_told(
    api: httpx.AsyncClient, page: str, form: dict[str, Any], says: str
) -> None:
    answer = await api.post(f"/{page}/form", data=form)
    assert answer.status_code == 400
    assert says in answer.text


async def test_receivers_are_shown_without_secrets_and_tried(
    api: httpx.AsyncClient, state: LocalState
) -> None:
    record = DeliveryRecord(
        "k", "team", "firing", "title", ["e"], "failed", "HTTP 404", 1, START, START
    )
    await Outcomes(state).put(record)
    answer = await api.get("/receivers")
    assert "SECRET" not in answer.text
    team, inner = answer.json()["receivers"]
    assert (team["kind"], team["last"]["detail"], inner["last"]) == ("slack", "HTTP 404", None)
    tried = await api.post("/receivers/test", json={"receiver": "team"})
    assert tried.json()["delivered"] is False
    assert "SECRET" not in tried.text
    refused = (await api.post("/receivers/test", json={"receiver": "inner"})).json()
    assert "no public address" in refused["detail"]
    assert (await api.post("/receivers/test", json={"receiver": "nobody"})).status_code == 404


async def test_a_receiver_that_is_there_gets_a_message(
    state: LocalState, clock: ManualClock
) -> None:
    async with hearing() as server:
        one = {"name": "hook", "webhook": server.url, "allow_private": True}
        async with client_for(state, clock, [one]) as api:
            answer = await api.post("/receivers/test", json={"receiver": "hook"})
        assert answer.json()["delivered"] is True
        assert server.heard[0].json["kind"] == "test"


async def test_deliveries_are_the_newest_first(api: httpx.AsyncClient, state: LocalState) -> None:
    outcomes = Outcomes(state)
    for number, status in enumerate(("delivered", "failed", "delivered")):
        at = START.replace(minute=number)
        await outcomes.put(
            DeliveryRecord(str(number), "team", "firing", "t", ["e"], status, "", 1, START, at)
        )
    answer = (await api.get("/deliveries")).json()
    assert [one["key"] for one in answer["deliveries"]] == ["2", "1", "0"]
    answer = (await api.get("/deliveries", params={"status": "delivered", "limit": 1})).json()
    assert (len(answer["deliveries"]), answer["total"]) == (1, 2)
