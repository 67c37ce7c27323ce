"""How much can be asked through Elasticsearch's read API, at once and in one request?"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from logboom.event import Event
from search_api.elasticsearch_api import searching
from search_api.elasticsearch_api.searching import MAX_WINDOW, Searches
from search_api.elasticsearch_api.sources import MOST_PATTERNS
from tests.unit.search_api.elasticsearch_api.conftest import COUNT

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_requests_wait_for_no_room_but_are_told_to_come_later(
    http: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(http.post("/_search", json={}) for _ in range(6)))
    assert {one.status_code for one in answers} == {200, 429}
    refused = next(one.json() for one in answers if one.status_code == 429)
    assert refused["error"]["type"] == "es_rejected_execution_exception"
    assert (await http.post("/_search", json={})).status_code == 200


async def test_the_searches_of_one_request_are_bounded_together(http: httpx.AsyncClient) -> None:
    sizes = (MAX_WINDOW, MAX_WINDOW, MAX_WINDOW - COUNT)
    body = b"".join(b"{}\n" + orjson.dumps({"size": size}) + b"\n" for size in sizes)
    answer = await http.post("/_msearch", content=body)
    first, second, third = answer.json()["responses"]
    assert (first["status"], second["status"], third["status"]) == (200, 400, 200)
    assert len(first["hits"]["hits"]) == len(third["hits"]["hits"]) == COUNT
    assert f"{MAX_WINDOW - COUNT} are left" in second["error"]["reason"]


MANY = b'{}\n{"size":1}\n' * 4


async def test_each_search_of_a_request_takes_a_turn_of_its_own(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun, goes_on = Searches.search, asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def search(self: Searches, *given: Any, **more: Any) -> dict[str, Any]:
        begun.release()
        await goes_on.acquire()
        return await real(self, *given, **more)

    monkeypatch.setattr(Searches, "search", search)
    two = [asyncio.create_task(http.post("/_msearch", content=MANY)) for _ in range(2)]
    for _ in two:
        await begun.acquire()
    refused = (await http.post("/_msearch", content=MANY)).json()["responses"]
    assert [one["status"] for one in refused] == [429] * 4
    assert refused[0]["error"]["type"] == "es_rejected_execution_exception"
    for _ in range(8):
        goes_on.release()
    for one in two:
        assert [found["status"] for found in (await one).json()["responses"]] == [200] * 4


async def test_searches_of_a_request_that_takes_too_long_are_not_begun(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = Searches.search, 0

    async def search(self: Searches, *given: Any, **more: Any) -> dict[str, Any]:
        nonlocal begun
        begun += 1
        app.state.clock.advance(6)
        return await real(self, *given, **more)

    monkeypatch.setattr(Searches, "search", search)
    found = (await http.post("/_msearch", content=MANY)).json()["responses"]
    assert ([one["status"] for one in found], begun) == ([200, 200, 503, 503], 2)
    assert "send fewer at once" in found[3]["error"]["reason"]


@pytest.mark.parametrize("count", [MOST_PATTERNS, MOST_PATTERNS + 1])
async def test_patterns_of_names_are_bounded(http: httpx.AsyncClient, count: int) -> None:
    names = [f"attributes.a{number}*" for number in range(count)]
    bodies: list[Any] = [
        {"_source": names}, {"_source": {"excludes": ",".join(names)}}, {"fields": names},
        {"docvalue_fields": names[1:], "fields": names[:1]},
    ]  # fmt: skip
    answers = [await http.post("/_search", json=body) for body in bodies]
    answers.append(await http.get("/_field_caps", params={"fields": ",".join(names)}))
    wanted = 200 if count <= MOST_PATTERNS else 400
    assert [one.status_code for one in answers] == [wanted] * 5


async def test_many_hits_are_shaped_beside_the_others_requests(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    hit = Searches.hit

    def noted(self: Searches, event: Event, source: Any) -> dict[str, Any]:
        threads.add(threading.get_ident())
        return hit(self, event, source)

    monkeypatch.setattr(Searches, "hit", noted)
    body = {"size": COUNT, "fields": ["service.*"], "sort": ["@timestamp"]}
    few = (await http.post("/_search", json=body)).json()["hits"]
    assert threads == {threading.get_ident()}
    threads.clear()
    monkeypatch.setattr(searching, "_SHAPED_AT_ONCE", 10)
    assert (await http.post("/_search", json=body)).json()["hits"] == few
    assert threading.get_ident() not in threads
