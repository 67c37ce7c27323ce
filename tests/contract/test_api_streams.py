"""Export, context and live tail over both stores."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from logboom.clock import ManualClock
from logboom.event import event_id
from logboom.query.lucene import parse_query
from logboom.store import Document
from search_api.live.news import News
from search_api.live.tailing import Tails
from tests.api_world import World, served_from
from tests.contract.stores import config_of
from tests.polling import soon

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD, NEW, OTHER = "0123456789abc", "1123456789abc", "2123456789abc"
STEP = 40_000  # bytes between events: more than one look's worth lies between far ones


def document(
    run: str, number: int, *, minutes: int, level: str = "info", path: str = "/log/app.log",
    ingested: datetime = NOW,
) -> Document:  # fmt: skip
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC) + timedelta(minutes=minutes)
    name = event_id(run, number * STEP)
    event = {
        "@timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "message": f"line {number}",
        "log": {"level": level, "source": run, "offset": number * STEP, "file": {"path": path}},
        "host": {"name": "vm"},
        "event": {
            "id": name,
            "created": "2026-11-21T11:59:00.000Z",
            "ingested": ingested.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        },
        "attributes": {"seq": number, "formula": "=1+1"},
    }
    return Document.of(name, at.date(), event)


@pytest.fixture(params=["local", "elasticsearch"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str
) -> AsyncIterator[World]:
    config = config_of(request.param, request, tmp_path, unique)
    async with served_from(config, ManualClock(NOW)) as world:
        yield world


async def write(world: World, *documents: Document) -> None:
    await world.write(documents)


def sequence(events: list[dict[str, dict[str, int]]]) -> list[int]:
    return [event["attributes"]["seq"] for event in events]


async def test_a_context_follows_the_source_across_days_and_disorder(world: World) -> None:
    minutes = [number * 2 for number in range(30)]
    minutes[12], minutes[13] = minutes[13], minutes[12]  # the times disagree with the file
    lines = [document(NEW, number, minutes=minutes[number]) for number in range(30)]
    between = [document(OTHER, n, minutes=n * 2, path="/log/other.log") for n in range(30)]
    await write(world, *lines, *between)
    answer = await world.api.get(f"/api/v1/events/{lines[14].id}/context?before=5&after=3")
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert sequence(content["before"]) == [9, 10, 11, 12, 13]
    assert content["event"]["_id"] == lines[14].id
    assert sequence(content["after"]) == [15, 16, 17]


async def test_a_context_goes_on_in_the_content_before(world: World) -> None:
    old = [document(OLD, number, minutes=number) for number in range(5)]
    new = [document(NEW, number, minutes=10 + number) for number in range(5)]
    await write(world, *old, *new)
    answer = await world.api.get(f"/api/v1/events/{new[1].id}/context?before=4&after=10")
    assert sequence(answer.json()["before"]) == [2, 3, 4, 0]
    assert sequence(answer.json()["after"]) == [2, 3, 4]
    answer = await world.api.get(f"/api/v1/events/{old[3].id}/context?before=0&after=3")
    assert answer.json()["before"] == []
    assert sequence(answer.json()["after"]) == [4, 0, 1]


async def test_a_context_has_what_a_rotation_has_parted_within_one_instant(world: World) -> None:
    old = [document(OLD, number, minutes=min(number, 3)) for number in range(6)]
    new = [document(NEW, number, minutes=3 + max(0, number - 1)) for number in range(4)]
    await write(world, *old, *new, document(OTHER, 0, minutes=3, path="/log/other.log"))
    answer = (await world.api.get(f"/api/v1/events/{new[0].id}/context?before=4&after=9")).json()
    assert sequence(answer["before"]) == [2, 3, 4, 5]
    assert sequence(answer["after"]) == [1, 2, 3]
    answer = (await world.api.get(f"/api/v1/events/{old[4].id}/context?before=9&after=4")).json()
    assert sequence(answer["before"]) == [0, 1, 2, 3]
    assert sequence(answer["after"]) == [5, 0, 1, 2]


async def test_a_context_keeps_the_filter(world: World) -> None:
    lines = [
        document(NEW, number, minutes=number, level="error" if number % 5 == 0 else "info")
        for number in range(30)
    ]
    old = [
        document(OLD, number, minutes=number - 900, level="error" if number % 2 else "info")
        for number in range(6)
    ]
    await write(world, *old, *lines)
    route = f"/api/v1/events/{lines[17].id}/context?before=3&after=3&q=level:error"
    answer = (await world.api.get(route)).json()
    assert sequence(answer["before"]) == [5, 10, 15]
    assert sequence(answer["after"]) == [20, 25]
    route = f"/api/v1/events/{lines[3].id}/context?before=3&after=1&q=level:error"
    across = (await world.api.get(route)).json()
    assert sequence(across["before"]) == [3, 5, 0]
    assert sequence(across["after"]) == [5]
    assert (await world.api.get("/api/v1/events/none/context")).status_code == 404


async def test_an_export_has_everything_once_and_goes_on_after_a_break(world: World) -> None:
    many = [document(NEW, number, minutes=number % 7) for number in range(2_500)]
    await write(world, *many)
    whole = await world.api.get("/api/v1/export?q=line")
    lines = [orjson.loads(line) for line in whole.content.splitlines()]
    assert whole.headers["content-type"] == "application/x-ndjson"
    assert sorted(sequence(lines)) == list(range(2_500))
    for order in ("asc", "desc"):
        route = f"/api/v1/export?sort={order}&fields=seq"
        names = [
            orjson.loads(line)["_id"] for line in (await world.api.get(route)).content.splitlines()
        ]
        rest = await world.api.get(f"{route}&after={names[1_234]}&limit=900")
        got = [orjson.loads(line)["_id"] for line in rest.content.splitlines()]
        assert got == names[1_235 : 1_235 + 900]
    refused = await world.api.get("/api/v1/export?after=nobody")
    assert refused.status_code == 400
    assert "nobody" in refused.json()["detail"]


async def test_an_export_as_csv_holds_no_formula(world: World) -> None:
    await write(world, *(document(NEW, number, minutes=number) for number in range(3)))
    answer = await world.api.get(
        "/api/v1/export", params={"format": "csv", "fields": "message,attributes.formula,seq,none"}
    )
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["_id", "message", "attributes.formula", "seq", "none"]
    assert [row[1:] for row in rows[1:]] == [[f"line {n}", "'=1+1", f"{n}", ""] for n in range(3)]


async def take(
    tails: Tails,
    query: str,
    count: int,
    since: str | None = None,
    listening: list[str] | None = None,
) -> list[News]:
    """News until so many events have come."""
    taken: list[News] = []
    model = parse_query(query, now_ns=0, zone=UTC)
    async with asyncio.timeout(30), aclosing(tails.follow(model, since, patience_s=0.02)) as news:
        async for one in news:
            if listening is not None:
                listening.append(query)
            taken.append(one)
            if sum(len(some.lines) for some in taken) >= count:
                break
    return taken


def told(taken: list[News]) -> list[int]:
    """The `seq` of all lines."""
    return sequence([orjson.loads(line.json) for news in taken for line in news.lines])


async def has_news(listening: list[str], count: int) -> None:
    async def has() -> bool:
        return len(listening) >= count

    await soon(has, timeout_s=30, what="the tails listen")


async def test_a_tail_shows_what_a_search_finds_from_now_on(world: World) -> None:
    await write(world, document(NEW, 0, minutes=0, ingested=NOW - timedelta(seconds=1)))
    tails = Tails(world.store, world.clock)
    listening: list[str] = []
    both = [asyncio.create_task(take(tails, "level:error", 2, None, listening)) for _ in range(2)]
    await has_news(listening, 4)
    assert (tails.clients, tails.questions) == (2, 1)
    for number, level in ((1, "error"), (2, "info"), (3, "error")):
        ingested = NOW + timedelta(seconds=number)
        await write(world, document(NEW, number, minutes=-9, level=level, ingested=ingested))
    for taken in await asyncio.gather(*both):
        assert told(taken) == [1, 3]
    assert tails.clients == 0
    tails.close()


async def test_a_tail_is_taken_up_again_where_it_was(world: World) -> None:
    tails = Tails(world.store, world.clock)
    listening: list[str] = []
    first = asyncio.create_task(take(tails, "", 4, None, listening))
    await has_news(listening, 1)
    lines = [
        document(NEW, number, minutes=number, ingested=NOW + timedelta(seconds=number))
        for number in range(8)
    ]
    await write(world, *lines[:4])
    taken = await first
    assert told(taken) == [0, 1, 2, 3]
    places = [line.place for news in taken for line in news.lines]
    await write(world, *lines[4:])
    assert told(await take(tails, "", 5, places[2])) == [3, 4, 5, 6, 7]
    assert told(await take(tails, "seq:>=5", 3, places[3])) == [5, 6, 7]
    other = Tails(world.store, world.clock)  # another process knows the places, too
    assert told(await take(other, "", 5, places[2])) == [3, 4, 5, 6, 7]
    tails.close()
    other.close()


async def place_of(tails: Tails, query: str, listening: list[str] | None = None) -> str:
    """Where to go on, of a tail that shows nothing; the latest of several."""
    model = parse_query(query, now_ns=0, zone=UTC)
    seen = 0
    async with asyncio.timeout(30), aclosing(tails.follow(model, None, patience_s=0.02)) as news:
        async for one in news:
            assert not one.lines
            seen += 1
            if listening is not None:
                listening.append(query)
            if seen > 1 and (listening is None or len(listening) > 40):
                return one.place
    raise AssertionError("the tail has ended")


async def test_a_tail_that_showed_nothing_yet_is_taken_up_again(world: World) -> None:
    await write(world, document(NEW, 0, minutes=0, level="error", ingested=NOW))
    tails = Tails(world.store, world.clock)
    beginning = await place_of(tails, "level:error")
    listening: list[str] = []
    waiting = asyncio.create_task(place_of(tails, "level:error", listening))
    await has_news(listening, 2)
    later = NOW + timedelta(seconds=1)
    await write(world, document(NEW, 1, minutes=1, ingested=later))  # no match
    place = await waiting
    errors = [
        document(
            NEW, number, minutes=number, level="error", ingested=NOW + timedelta(seconds=number)
        )
        for number in (2, 3)
    ]
    await write(world, *errors)
    other = Tails(world.store, world.clock)  # another process knows the places, too
    for one in (tails, other):
        for since in (beginning, place):
            assert told(await take(one, "level:error", 2, since)) == [2, 3]
    tails.close()
    other.close()


async def test_who_was_told_all_is_not_told_again(world: World) -> None:
    tails = Tails(world.store, world.clock)
    listening: list[str] = []
    taking = asyncio.create_task(take(tails, "", 1, None, listening))
    await has_news(listening, 1)
    await write(world, document(NEW, 0, minutes=0, ingested=NOW + timedelta(seconds=1)))
    (line,) = [line for news in await taking for line in news.lines]
    behind = await place_of(tails, "")
    await write(world, document(NEW, 1, minutes=1, ingested=NOW + timedelta(seconds=2)))
    other = Tails(world.store, world.clock)
    for one in (tails, other):
        for since in (behind, line.place):
            assert told(await take(one, "", 1, since)) == [1]
    tails.close()
    other.close()


async def test_a_tail_shows_what_is_stored_late(world: World) -> None:
    tails = Tails(world.store, world.clock)
    listening: list[str] = []
    taking = asyncio.create_task(take(tails, "", 3, None, listening))
    await has_news(listening, 1)
    await write(world, document(NEW, 0, minutes=0, ingested=NOW))
    for number, stamped in ((20, 15), (40, -5)):  # by another processor, 55 s later at last
        world.clock.advance(20)
        late = document(NEW, number, minutes=0, ingested=NOW + timedelta(seconds=stamped))
        await write(world, late)

    async def is_over() -> bool:
        world.clock.advance(1)
        return taking.done()

    await soon(is_over, timeout_s=30, what="what came late is told")
    assert sorted(told(await taking)) == [0, 20, 40]
    tails.close()


async def test_the_tail_is_a_stream_of_server_sent_events(world: World) -> None:
    bad = await world.api.get("/api/v1/tail", headers={"Last-Event-ID": "nonsense"})
    assert bad.status_code == 400
    bad = await world.api.get("/api/v1/tail", params={"q": "level:("})
    assert bad.status_code == 400


def test_days_of_the_samples_differ() -> None:
    assert document(NEW, 0, minutes=0).day == date(2026, 11, 20)
    assert document(NEW, 29, minutes=58).day == date(2026, 11, 21)
