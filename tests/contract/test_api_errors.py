"""Groups of errors over the HTTP API, on both stores: counted, merged, split, and outliving their events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.event import Event, event_id
from logboom.grouping import GROUPS, MERGES
from logboom.state import State, Write
from logboom.store import Document
from processor.grouping import Groups
from tests.api_world import World, served_from

RUN = "0123456789abc"
CART, SHOP, RARE, GONE = "1:000000000000000a", "1:000000000000000b", "1:000000000000000c", "1:000000000000000d"  # fmt: skip


def error(number: int, name: str, service: str = "cart", day: int = 21) -> Event:
    return {
        "@timestamp": f"2026-11-{day:02d}T11:{number:02d}:00.000Z",
        "message": f"cannot load {name[-1]}",
        "log": {"level": "error", "source": RUN, "offset": number},
        "service": {"name": service},
        "event": {"id": event_id(RUN, number), "created": f"2026-11-{day:02d}T11:59:00.000Z"},
        "error": {"type": "LoadError", "message": f"no {name[-1]}", "fingerprint": name},
    }


EVENTS = [
    error(0, CART, day=20), error(1, CART), error(2, CART, "web"), error(3, SHOP), error(4, SHOP),
    error(5, RARE, "web"),
]  # fmt: skip


@pytest.fixture
async def world(config: Config) -> AsyncIterator[World]:
    clock = ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    async with served_from(config, clock) as world:
        await world.write(
            [
                Document.of(
                    event["event"]["id"], date.fromisoformat(event["@timestamp"][:10]), event
                )
                for event in EVENTS
            ]
        )
        await noted(world.state, *EVENTS, error(9, GONE, day=1))
        yield world


@pytest.fixture
def state(world: World) -> State:
    return world.state


@pytest.fixture
def api(world: World) -> httpx.AsyncClient:
    return world.api


async def noted(state: State, *events: Event) -> int:
    """Has a processor write down what it never saw; how many groups were new."""
    groups = Groups()
    for event in events:
        groups.note(event["error"]["fingerprint"], lambda: event)  # noqa: B023 - called at once
    return await groups.keep(state)


async def ask(api: httpx.AsyncClient, route: str = "errors", **asked: Any) -> dict[str, Any]:
    answer = await api.get(f"/api/v1/{route}", params={k.rstrip("_"): v for k, v in asked.items()})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def tell(api: httpx.AsyncClient, route: str, body: Any = None) -> dict[str, Any]:
    answer = await api.post(f"/api/v1/errors/{route}", json=body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def counts(answer: dict[str, Any]) -> dict[str, int]:
    return {group["fingerprint"]: group["count"] for group in answer["errors"]}


async def test_groups_are_listed_the_most_frequent_first(api: httpx.AsyncClient) -> None:
    answer = await ask(api, from_="now-7d")
    assert list(counts(answer).items()) == [(CART, 3), (SHOP, 2), (RARE, 1)]
    assert (answer["total"], answer["complete"], answer["warnings"]) == (3, True, [])
    assert answer["errors"][0] == {
        "fingerprint": CART, "title": "LoadError: no a", "type": "LoadError", "count": 3,
        "first_seen": "2026-11-20T11:00:00.000Z", "last_seen": "2026-11-21T11:02:00.000Z",
        "services": {"cart": 2, "web": 1}, "merged": [],
    }  # fmt: skip


async def test_a_question_narrows_the_counts_and_not_when_it_was_first_seen(
    api: httpx.AsyncClient,
) -> None:
    answer = await ask(api)
    assert counts(answer) == {CART: 2, SHOP: 2, RARE: 1}, "by default the last 24 hours"
    assert answer["errors"][0]["first_seen"] == "2026-11-20T11:00:00.000Z"
    assert counts(await ask(api, q="service:web")) == {CART: 1, RARE: 1}
    answer = await ask(api, from_="now-7d", sort="last_seen", limit=1)
    assert (counts(answer), answer["total"]) == ({RARE: 1}, 3)
    answer = await ask(api, from_="now-7d", sort="first_seen")
    assert list(counts(answer)) == [RARE, SHOP, CART]


async def test_a_group_has_a_sample_and_what_was_first_seen(api: httpx.AsyncClient) -> None:
    group = await ask(api, f"errors/{CART}")
    assert group["count"] == 3
    assert group["sample"]["_id"] == event_id(RUN, 2)
    assert group["first"]["event_id"] == event_id(RUN, 0)
    assert group["first"]["message"] == "cannot load a"


async def test_a_group_is_known_when_its_events_are_gone(api: httpx.AsyncClient) -> None:
    group = await ask(api, f"errors/{GONE}")
    assert (group["count"], group["sample"], group["last_seen"]) == (0, None, None)
    assert (group["title"], group["first_seen"]) == ("LoadError: no d", "2026-11-01T11:09:00.000Z")
    assert GONE not in counts(await ask(api, from_="now-60d"))


async def test_a_group_is_new_once(api: httpx.AsyncClient, state: State) -> None:
    late = error(30, CART, "web")
    assert await noted(state, late, error(31, "own-name")) == 1
    assert await noted(state, late, error(31, "own-name")) == 0
    record = await state.get(GROUPS, CART)
    assert record is not None
    assert record.value["first_seen"] == "2026-11-20T11:00:00.000Z"


async def test_merged_groups_are_one_until_they_are_split(api: httpx.AsyncClient) -> None:
    merged = await tell(api, "merge", {"fingerprints": [SHOP, CART]})
    assert (merged["fingerprint"], merged["merged"], merged["count"]) == (SHOP, [CART], 5)
    assert merged["first_seen"] == "2026-11-20T11:00:00.000Z"
    assert counts(await ask(api, from_="now-7d")) == {SHOP: 5, RARE: 1}
    assert (await ask(api, f"errors/{CART}"))["fingerprint"] == SHOP
    assert (await ask(api, f"errors/{CART}"))["sample"]["_id"] == event_id(RUN, 4)
    assert await tell(api, f"{SHOP}/split", {"fingerprints": [RARE]}) == {"split": []}
    assert await tell(api, f"{SHOP}/split") == {"split": [CART]}
    assert counts(await ask(api, from_="now-7d")) == {CART: 3, SHOP: 2, RARE: 1}


async def test_what_was_merged_before_comes_along(api: httpx.AsyncClient) -> None:
    await tell(api, "merge", {"fingerprints": [CART, SHOP]})
    merged = await tell(api, "merge", {"fingerprints": [CART, RARE], "into": RARE})
    assert (merged["fingerprint"], merged["merged"], merged["count"]) == (RARE, [CART, SHOP], 6)
    back = await tell(api, "merge", {"fingerprints": [RARE], "into": SHOP})
    assert (back["fingerprint"], back["merged"]) == (SHOP, [CART, RARE])
    assert await tell(api, f"{CART}/split", {"fingerprints": [CART]}) == {"split": [CART]}
    assert counts(await ask(api, from_="now-7d")) == {CART: 3, SHOP: 3}


@pytest.mark.parametrize("around", [False, True])
async def test_what_several_users_have_merged_at_once_is_split_as_any_other(
    api: httpx.AsyncClient, state: State, around: bool
) -> None:
    pairs = [(CART, SHOP), (SHOP, RARE), *([(RARE, CART)] if around else [])]
    for name, into in pairs:  # each saw none of the other merges
        await state.put(MERGES, name, {"into": into})
    (whole,) = (await ask(api, from_="now-7d"))["errors"]
    name, others = whole["fingerprint"], whole["merged"]
    assert sorted([name, *others]) == [CART, SHOP, RARE]
    first, second = others
    assert await tell(api, f"{name}/split", {"fingerprints": [second]}) == {"split": [second]}
    listed = (await ask(api, from_="now-7d"))["errors"]
    assert {one["fingerprint"]: one["merged"] for one in listed} == {name: [first], second: []}
    assert await tell(api, f"{name}/split") == {"split": [first]}
    assert counts(await ask(api, from_="now-7d")) == {CART: 3, SHOP: 2, RARE: 1}


async def test_a_group_of_very_many_fingerprints_has_all_their_errors(world: World) -> None:
    names = [f"1:{number:016x}" for number in range(100, 1_250)]
    errors = [error(number % 60, name) for number, name in enumerate(names)]
    for number, one in enumerate(errors):
        one["log"]["offset"] = 1_000 + number
        one["event"]["id"] = event_id(RUN, 1_000 + number)
    await world.write([Document.of(one["event"]["id"], date(2026, 11, 21), one) for one in errors])
    await world.state.put_many([Write(MERGES, name, {"into": CART}) for name in names])
    group = await ask(world.api, f"errors/{names[7]}")
    assert (group["fingerprint"], group["count"]) == (CART, 3 + len(names))


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("merge", {"fingerprints": [CART, "1:ffffffffffffffff"]}, 404),
        ("merge", {"fingerprints": [CART]}, 400),
        ("merge", {"fingerprints": []}, 400),
        ("merge", {"fingerprints": [CART, "\n"]}, 404),
        ("merge", {"fingerprints": [CART, SHOP], "on": 1}, 400),
        (f"{CART}/split", {"fingerprints": "all"}, 400),
    ],
)
async def test_what_cannot_be_is_refused(
    api: httpx.AsyncClient, route: str, body: dict[str, Any], status: int
) -> None:
    answer = await api.post(f"/api/v1/errors/{route}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert counts(await ask(api, from_="now-7d")) == {CART: 3, SHOP: 2, RARE: 1}


async def test_unknown_groups_and_sorts_are_told(api: httpx.AsyncClient) -> None:
    for name in ("1:ffffffffffffffff", "x" * 300):
        assert (await api.get(f"/api/v1/errors/{name}")).status_code == 404
    assert (await api.get("/api/v1/errors", params={"sort": "size"})).status_code == 400
    assert (await api.get("/api/v1/errors", params={"q": "("})).status_code == 400


async def test_what_was_found_comes_down_to_patterns(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "patterns", q="service:cart")
    assert [(one["pattern"], one["count"]) for one in answer["patterns"]] == [
        ("cannot load b", 2), ("cannot load a", 2),
    ]  # fmt: skip
    assert answer["patterns"][0]["example_id"] == event_id(RUN, 4)
    assert (answer["sampled"], answer["total"], answer["others"]) == (4, 4, 0)
    answer = await ask(api, "patterns", sample=3, limit=1)
    assert (answer["sampled"], answer["total"], answer["others"]) == (3, 6, 1)
    assert answer["patterns"][0]["example"] == "cannot load b"
    for wrong in ({"sample": 10_001}, {"limit": 0}, {"q": "("}):
        assert (await api.get("/api/v1/patterns", params=wrong)).status_code == 400
