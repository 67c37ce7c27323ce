"""The trace view, on both stores."""

from __future__ import annotations

from logboom.store import Document
from tests.api_world import World
from tests.contract.test_api_streams import NEW, OLD, document, world, write  # noqa: F401


def traced(
    number: int, minutes: int, trace: str, service: str, *tags: str, level: str = "info"
) -> Document:
    one = document(NEW if number % 2 else OLD, number, minutes=minutes, level=level)
    event = {**one.event, "trace": {"id": trace}, "service": {"name": service}, "tags": [*tags]}
    return Document.of(one.id, one.day, event)


async def test_a_trace_is_shown_in_order_across_days_and_services(world: World) -> None:  # noqa: F811
    await write(
        world,
        traced(3, 40, "t-1", "pay", "error"), traced(1, 20, "t-1", "web"), traced(2, 29, "t-1", "cart", level="error"),
        traced(4, 30, "t-2", "web"), traced(5, 60 * 24 * 3, "t-1", "web"),
    )  # fmt: skip
    answer = await world.api.get("/api/v1/traces/t-1")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [event["attributes"]["seq"] for event in found["events"]] == [1, 2, 3, 5]
    assert (found["trace"], found["total"]) == ("t-1", {"value": 4, "relation": "eq"})
    assert found["services"] == {"web": 2, "cart": 1, "pay": 1}
    assert (found["errors"], found["cursor"], found["partial"]) == (1, None, False)
    assert (found["from"], found["to"]) == ("2026-11-20T23:50:00.000Z", "2026-11-23T23:30:00.000Z")
    assert found["duration_ms"] == (3 * 24 * 60 - 20) * 60_000


async def test_a_long_trace_has_pages(world: World) -> None:  # noqa: F811
    services, tags = ("web", "pay", "web", "cart", "web", "pay", "web"), ((), ("slow", "error"))
    lines = [
        traced(number, number, "t-1", services[number], *tags[number % 2]) for number in range(6)
    ]
    last = document(NEW, 6, minutes=6)
    tagged = {**last.event, "trace": {"id": "t-1"}, "tags": ["error"]}
    nameless = Document.of(last.id, last.day, tagged)
    await write(world, *lines, nameless)
    whole = (await world.api.get("/api/v1/traces/t-1")).json()
    numbers = ("total", "from", "to", "duration_ms", "services", "errors", "warnings")
    assert whole["services"] == {"web": 3, "pay": 2, "cart": 1, "": 1}
    assert (whole["duration_ms"], whole["errors"], whole["warnings"]) == (360_000, 4, [])
    seen: list[int] = []
    more: dict[str, str] = {}
    while True:
        page = (await world.api.get("/api/v1/traces/t-1", params={"limit": "3", **more})).json()
        assert [page[name] for name in numbers] == [whole[name] for name in numbers]
        seen += [event["attributes"]["seq"] for event in page["events"]]
        if page["cursor"] is None:
            break
        more = {"cursor": page["cursor"]}
    assert seen == list(range(7))


async def test_of_a_long_trace_everything_is_counted(world: World) -> None:  # noqa: F811
    number = 10_050
    lines = [traced(n, 0, "t-1", "web", *(["error"] if n % 2 else [])) for n in range(number)]
    await write(world, *lines)
    found = (await world.api.get("/api/v1/traces/t-1", params={"limit": "1"})).json()
    assert found["total"] == {"value": number, "relation": "eq"}
    assert (found["services"], found["errors"]) == ({"web": number}, number // 2)
    assert found["warnings"] == []


async def test_a_trace_that_is_not_there(world: World) -> None:  # noqa: F811
    answer = await world.api.get("/api/v1/traces/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
