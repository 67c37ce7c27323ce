"""A search that finds nothing says where an application's own field of that name is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from logboom.errors import StoreUnavailable
from logboom.event import event_id
from logboom.query.model import Exists, Query
from logboom.store import Count, Document, TimeRange
from logboom.store.local.store import LocalStore
from tests.api_world import World, served

RUN = "0123456789abc"


def document(number: int, attributes: dict[str, object]) -> Document:
    event = {
        "@timestamp": f"2026-11-21T11:{number:02d}:00.000Z",
        "message": f"order {number}",
        "log": {"source": RUN, "offset": number},
        "event": {"id": event_id(RUN, number)},
        "attributes": attributes,
    }
    return Document.of(event_id(RUN, number), date(2026, 11, 21), event)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path) as one:
        own: list[dict[str, object]] = [{"user": "alice", "id": 4711}, {"user": "bob"}, {}]
        await one.write([document(number, attributes) for number, attributes in enumerate(own)])
        yield one


@pytest.mark.parametrize(
    ("q", "told"),
    [
        ("user:alice", "user is user.id; 2 events have attributes.user: write attributes.user:…"),
        ("order AND NOT (id:x OR user:x)", None),
        ("message:order AND (id:4711 OR level:error)", "id is event.id; 1 event has attributes.id"),
        ("ip:10.0.0.1", None),
        ("attributes.user:nobody", None),
        ("nothing", None),
        ("port:8080", "no event of these times has attributes.port; a text goes into"),
        ("order AND _all:error", "no event of these times has attributes._all;"),
        ("k8s.pod:*", "no event of these times has attributes.k8s.pod;"),
        ("attributes.user:alice", None),
    ],
)
async def test_it_is_told_where_such_events_are(world: World, q: str, told: str | None) -> None:
    found = await world.ask("search", q=q)
    if told is None:
        assert found["warnings"] == []
    else:
        (warning,) = found["warnings"]
        assert warning.startswith(told)


async def test_only_within_the_times_that_are_asked_for(world: World) -> None:
    assert not (await world.ask("search", q="user:alice", to="2026-11-21T11:00"))["warnings"]
    (warning,) = (await world.ask("search", q="user:alice", from_="2026-11-21T11:01"))["warnings"]
    assert warning.startswith("user is user.id; 1 event has attributes.user")


async def test_an_answer_of_nothing_stays_one_when_the_store_counts_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(store: LocalStore, query: Query, times: TimeRange) -> Count:
        raise StoreUnavailable("it is busy", where="the store")

    monkeypatch.setattr(LocalStore, "count", count)
    found = await world.ask("search", q="nothing AND port:8080 AND user:alice")
    assert (found["total"]["value"], found["warnings"]) == (0, [])


async def test_what_is_not_counted_at_once_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_given_up = asyncio.Event()
    usual = LocalStore.count

    async def count(store: LocalStore, query: Query, times: TimeRange) -> Count:
        if query != Exists("attributes.aa"):
            return await usual(store, query, times)
        try:
            return await asyncio.Future()
        finally:
            is_given_up.set()

    monkeypatch.setattr(LocalStore, "count", count)
    found = await world.ask("search", q="user:alice AND aa:1 AND port:8080")
    assert [warning.split()[0] for warning in found["warnings"]] == ["user", "no"]
    assert is_given_up.is_set()


async def test_few_fields_are_looked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Query] = []
    usual = LocalStore.count

    async def count(store: LocalStore, query: Query, times: TimeRange) -> Count:
        asked.append(query)
        return await usual(store, query, times)

    monkeypatch.setattr(LocalStore, "count", count)
    own = " AND ".join(f"field{number}:x" for number in range(9))
    found = await world.ask("search", q=f"{own} AND user:alice AND id:1 AND host:x AND source:x")
    assert len(asked) == 4
    assert len(found["warnings"]) <= 4
    assert found["warnings"][0].startswith("user is user.id")
