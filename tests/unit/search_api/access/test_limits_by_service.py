"""A key that is limited to services sees nothing of any other, by whichever way it asks."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import orjson
import pytest

from logboom.broker.local import LocalBroker
from logboom.config import LocalBrokerSection
from logboom.dead import DeadLetters
from logboom.dead.letter import letter_of_document
from logboom.event import event_id
from logboom.query.memory import compile_query
from logboom.query.model import And, MatchAll, Query
from logboom.reporting import Reporter
from logboom.status import SourceStatus
from logboom.store import Document
from logboom.store.local import LocalStore
from tests.unit.search_api.access.conftest import RUN, Api, document

SHOP = ["shop-*"]
OURS = event_id(RUN, 3)  # of shop-cart, with an error
THEIRS = event_id(RUN, 5)  # of bank, with an error

WAYS = [
    "search", "search?q=NOT%20service:shop-cart",
    "search?q=service:ban*%20OR%20service:shop-pay", "search?q=service:%22shop-cart%22", "search?q=*:*%20OR%20NOT%20*:*",
    "search?sort=asc&limit=10000", "count", "histogram?by=service&interval=1m",
    "facets?field=service&field=attributes.account", "fields", "fields?prefix=account",
    "export", "export?format=csv&fields=service,message,attributes.account", "patterns",
    "errors?from=now-1d", "errors/broken-shop-cart", "services", "rates",
    f"events/{OURS}", f"events/{OURS}/context", "traces/4bf92f3577b34da6a3ce929d0e0e4736",
    "../../es/_search?size=100", "../../es/_search?q=service.name:bank&size=10", "../../es/_count",
    "../../es/_cat/indices?format=json",
]  # fmt: skip
ABOUT_OURS = {
    f"events/{OURS}", "errors/broken-shop-cart", "search?q=service:%22shop-cart%22",
}  # fmt: skip
"""Nothing is left out of these."""


async def test_nothing_of_other_services_is_told(api: Api) -> None:
    ours, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    for way in WAYS:
        limited, everything = await api.get(way, ours), await api.get(way, all_of_it)
        assert limited.status_code == everything.status_code == 200, (way, limited.text)
        assert "bank" not in limited.text, way
        if way not in ABOUT_OURS:
            assert limited.text != everything.text, way


async def test_why_an_event_was_refused_is_not_told_to_who_sees_some_services(api: Api) -> None:
    letters = DeadLetters(api.config.data / "dead", max_bytes=2**20)
    about = orjson.dumps({"log": {"offset": 7, "file": {"path": "/a.log"}}})
    reason = "failed to parse [balance]: 'bank 4711'"
    name = event_id(RUN, 7)
    letters.bury([letter_of_document(name, "2026-11-21", about, reason=reason, at_ns=1)])
    ours, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    assert "bank 4711" in (await api.get("health", all_of_it)).text
    limited = (await api.get("health", ours)).text
    assert "1 event waits" in limited
    assert "bank" not in limited


async def test_what_services_say_of_themselves_is_not_told_to_who_sees_some(api: Api) -> None:
    broker = LocalBroker(api.config.data / "broker", LocalBrokerSection())
    shipper = Reporter(broker, "shipper", "a", api.clock)
    shipper.state, shipper.waiting_for = "waiting", "no room for /var/log/bank.log"
    source = SourceStatus(
        source="1", shipper="a", run=RUN, path="/srv/bank/vault.log", at_ns=api.clock.now_ns(),
        state="unreadable", detail="bank is not readable",
    )  # fmt: skip
    await shipper.post({}, {source.key: source.model_dump_json().encode()})
    await broker.close()
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    everything = (await api.get("health", all_of_it)).json()
    assert "/var/log/bank.log" in everything["verdict"]
    assert "/srv/bank/vault.log" in str(everything["parts"])
    limited = (await api.get("health", key)).json()
    assert "bank" not in str(limited)
    assert limited["status"] == everything["status"]
    parts = {part["name"]: (part["state"], part["detail"]) for part in limited["parts"]}
    assert parts["shipper a"] == (
        "waiting", "what it says is told to those who see all services",
    )  # fmt: skip


async def test_of_merged_errors_those_of_other_services_have_no_name(api: Api) -> None:
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read", "alerts")
    headers = {"X-API-Key": all_of_it}
    body = {"fingerprints": ["broken-bank", "broken-shop-cart", "broken-shop-pay"]}
    merged = await api.client.post("/api/v1/errors/merge", json=body, headers=headers)
    assert merged.json()["merged"] == ["broken-shop-cart", "broken-shop-pay"]
    for way in (
        "errors/broken-shop-pay",
        "errors?from=now-1d",
        "errors?from=now-1d&sort=first_seen",
    ):
        limited = await api.get(way, key)
        assert limited.status_code == 200
        assert "bank" not in limited.text, way
        found = limited.json()
        group = found["errors"][0] if "errors" in found else found
        assert (group["fingerprint"], group["merged"]) == ("broken-shop-cart", ["broken-shop-pay"])
        assert group["count"] == 20
        everything = (await api.get(way, all_of_it)).json()
        group = everything["errors"][0] if "errors" in everything else everything
        assert group["fingerprint"] == "broken-bank"
        assert group["merged"] == ["broken-shop-cart", "broken-shop-pay"]


async def test_what_belongs_to_another_service_is_not_there(api: Api) -> None:
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    for way in (f"events/{THEIRS}", f"events/{THEIRS}/context", "errors/broken-bank"):
        assert (await api.get(way, all_of_it)).status_code == 200, way
        limited = await api.get(way, key)
        assert limited.status_code == 404, way
        assert "of bank" not in limited.text, way
    assert (await api.get("export", key, after=OURS)).status_code == 200
    assert (await api.get("export", key, after=THEIRS)).status_code == 400


async def test_an_answer_that_was_kept_for_one_is_not_given_to_another(api: Api) -> None:
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    past = "from=2026-11-21T11:00:00Z&to=2026-11-21T11:50:00Z"
    for way in (f"count?{past}", f"search?{past}", f"facets?field=service&{past}"):
        for _ in range(2):
            assert (await api.get(way, all_of_it)).status_code == 200
            limited = await api.get(way, key)
            assert limited.status_code == 200
            assert "bank" not in limited.text, way
    assert (await api.get(f"count?{past}", key)).json()["count"] == 34
    assert (await api.get(f"count?{past}", all_of_it)).json()["count"] == 50
    told = (await api.client.get("/metrics", headers={"X-API-Key": all_of_it})).text
    assert 'logboom_api_cache_requests_total{found="yes"}' in told


async def test_elasticsearchs_questions_are_limited_too(api: Api) -> None:
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    terms = {
        "s": {"terms": {"field": "service.name"}},
        "n": {"cardinality": {"field": "service.name"}},
    }
    asked = {"size": 50, "query": {"match_all": {}}, "aggs": terms}
    lines: list[dict[str, Any]] = [{}, asked, {}, {"query": {"match_all": {}}}]
    several = "".join(json.dumps(one) + "\n" for one in lines)
    bodies = {"_search": json.dumps(asked), "_count": "{}", "_msearch": several}
    for action, body in bodies.items():
        answers = []
        for one in (key, all_of_it):
            headers = {"Authorization": f"ApiKey {one}", "Content-Type": "application/json"}
            answer = await api.client.post(f"/es/{action}", content=body, headers=headers)
            assert answer.status_code == 200, (action, answer.text)
            answers.append(answer.text)
        assert "bank" not in answers[0], action
        assert answers[0] != answers[1], action
        assert ("bank" in answers[1]) == (action != "_count")


async def test_counts_are_those_of_the_services(api: Api) -> None:
    one = await api.key("read", services=["bank"])
    two = await api.key("read", services=["shop-*"])
    for key, count in ((one, 20), (two, 40), (await api.key("read"), 60)):
        assert (await api.get("count", key)).json()["count"] == count
        found = (await api.get("services", key, **{"from": "now-2h"})).json()["services"]
        assert sum(service["events"] for service in found) == count

    for service in ("shop?pay", "shop\\-pay", "shop", "SHOP-PAY", "bank OR *", "[", "/.*/"):
        key = await api.key("read", services=[service])
        assert (await api.get("count", key)).json()["count"] == 0, service


async def test_what_tells_of_all_services_is_refused(api: Api) -> None:
    key, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    for way in ("sources", "ledger", "searches", "../../metrics"):
        assert (await api.get(way, all_of_it)).status_code == 200, way
        limited = await api.get(way, key)
        assert limited.status_code == 403, way
        assert "limited to 1" in limited.json()["detail"]


async def _tailed(api: Api, key: str, told: asyncio.Queue[dict[str, Any]]) -> None:
    """Reads a tail: the transport of the others gives an answer when it is whole."""
    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {key}".encode())]
    scope = {
        "type": "http", "method": "GET", "path": "/api/v1/tail", "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http", "http_version": "1.1",
        "server": ("127.0.0.1", 7700), "root_path": "",
    }  # fmt: skip
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        for line in message.get("body", b"").decode().splitlines():
            if line.startswith("data: "):
                told.put_nowait(json.loads(line.removeprefix("data: ")))
            elif line.startswith(":"):
                told.put_nowait({})

    await api.guard(scope, receive, send)


async def test_two_tails_with_one_question_are_not_shared_by_different_callers(api: Api) -> None:
    queues: dict[tuple[str, ...], asyncio.Queue[dict[str, Any]]] = {}
    async with asyncio.TaskGroup() as tasks:
        running = []
        for services in (["bank"], ["shop-*"], None):
            queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            key = await api.key("read", services=services)
            running.append(tasks.create_task(_tailed(api, key, queue)))
            assert await queue.get() == {}
            queues[tuple(services or ())] = queue
        await api.write([document(number) for number in range(60, 66)])
        seen: dict[tuple[str, ...], set[str]] = {}
        wanted: dict[tuple[str, ...], int] = {("bank",): 2, ("shop-*",): 4, (): 6}
        for named, count in wanted.items():
            events: list[dict[str, Any]] = []
            while len(events) < count:
                event = await queues[named].get()
                events += [event] if "service" in event else []
            seen[named] = {event["service"]["name"] for event in events}
        for task in running:
            task.cancel()
    assert seen[("bank",)] == {"bank"}
    assert seen[("shop-*",)] == {"shop-cart", "shop-pay"}
    assert seen[()] == {"bank", "shop-cart", "shop-pay"}


async def test_days_with_other_services_events_alone_are_not_there(api: Api) -> None:
    theirs = document(5)
    event = {**theirs.event, "@timestamp": "2026-11-19T11:05:00.000Z"}
    event["event"] = {**event["event"], "id": event_id(RUN, 500)}
    await api.write([Document.of(event_id(RUN, 500), date(2026, 11, 19), event)])
    ours, all_of_it = await api.key("read", services=SHOP), await api.key("read")
    there, hidden = "logboom-logs-2026.11.21", "logboom-logs-2026.11.19"
    for path in ("_cat/indices?format=json", "logboom-logs-*", "_mapping"):
        assert hidden in (await api.get(f"../../es/{path}", all_of_it)).text, path
        limited = (await api.get(f"../../es/{path}", ours)).text
        assert there in limited, path
        assert hidden not in limited, path
    for path in (hidden, f"{hidden}/_field_caps?fields=*", f"_cat/indices/{hidden}"):
        assert (await api.get(f"../../es/{path}", all_of_it)).status_code == 200, path
        assert (await api.get(f"../../es/{path}", ours)).status_code == 404, path
    assert (await api.get(f"../../es/{there}", ours)).status_code == 200


async def test_what_is_lacking_is_asked_of_the_events_that_the_caller_sees(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Query] = []

    async def lacking(_store: LocalStore, query: Query, *_rest: object) -> list[str]:
        asked.append(query)
        return []

    monkeypatch.setattr(LocalStore, "lacking", lacking)
    limited, everything = await api.key("read", services=SHOP), await api.key("read")
    for key in (limited, everything):
        assert (await api.get("export?q=attributes.payroll:x", key)).status_code == 200
    ours, theirs = ({"service": {"name": name}} for name in ("shop-cart", "bank"))
    of_limited, of_everything = (
        compile_query(And(query.parts[1:]) if isinstance(query, And) else MatchAll())
        for query in asked
    )
    assert of_limited(ours)
    assert not of_limited(theirs)
    assert of_everything(theirs)
