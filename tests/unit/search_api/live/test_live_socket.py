"""The WebSocket of the live channels, with a real server and a real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.extensions.permessage_deflate import PerMessageDeflate

from tests.polling import soon
from tests.serving import Served, serve


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path) as served:
        yield served


def live(api: Served, **options: Any) -> connect:
    return connect(f"ws://{api.address}/api/v1/live", **options)


async def say(socket: ClientConnection, **wish: Any) -> None:
    await socket.send(orjson.dumps(wish).decode())


async def hear(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The next message that has these parts; others are passed over."""
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = orjson.loads(await socket.recv())
            assert "problem" not in message
            if message.items() >= wanted.items():
                return message


async def told(socket: ClientConnection, name: str, count: int) -> tuple[list[int], str]:
    """The `seq` of the next events of a tail, and the place behind them."""
    found: list[int] = []
    place = ""
    while len(found) < count:
        message = await hear(socket, id=name, channel="tail")
        found += [event["attributes"]["seq"] for event in message["events"]]
        assert (message["dropped"], message["passed_over"]) == (0, 0)
        place = message["place"]
    return found, place


async def test_a_tail_is_filtered_compressed_and_taken_up_again(api: Served) -> None:
    async with live(api) as socket:
        assert any(isinstance(one, PerMessageDeflate) for one in socket.protocol.extensions)
        await say(socket, subscribe="tail", q="seq:<0")
        await hear(socket, subscribed="tail")
        await say(socket, subscribe="tail", id="errors", q="level:error")
        await hear(socket, subscribed="errors")
        assert api.tails.clients == 2
        await api.write(0, 1)
        await api.write(2, level="error")
        found, place = await told(socket, "errors", 1)
        assert found == [2]
        await say(socket, unsubscribe="tail")
        await hear(socket, unsubscribed="tail")
        await has_clients(api, 1)
    await has_clients(api, 0)
    await api.write(3, level="error")
    await api.write(4)
    async with live(api) as socket:
        await say(socket, subscribe="tail", id="errors", q="level:error", after=place)
        assert (await told(socket, "errors", 1))[0] == [3]
        await api.write(5, level="error")
        assert (await told(socket, "errors", 1))[0] == [5]


async def test_a_tail_that_showed_nothing_yet_is_taken_up_again(api: Served) -> None:
    async with live(api) as socket:
        await say(socket, subscribe="tail", q="level:error")
        place = (await hear(socket, subscribed="tail"))["place"]
    await has_clients(api, 0)
    await api.write(0, level="error")
    async with live(api) as socket:
        await say(socket, subscribe="tail", q="level:error", after=place)
        assert (await told(socket, "tail", 1))[0] == [0]


async def has_clients(api: Served, count: int) -> None:
    async def has() -> bool:
        return api.tails.clients == count

    await soon(has, timeout_s=30, what=f"{count} tails are followed")


async def test_every_channel_tells_something_at_once(api: Served) -> None:
    await api.write(*range(10), level="error")
    async with live(api) as socket:
        said = {}
        for channel in ("server-metrics", "system-status", "analysis", "alerts"):
            await say(socket, subscribe=channel)
            said[channel] = await hear(socket, id=channel)
    metrics = said["server-metrics"]["data"]
    assert metrics["memory"]["available_bytes"] > 0
    assert metrics["cpu"].keys() == {"busy", "iowait"}
    assert said["system-status"]["data"]["status"] in {"ok", "degraded", "down"}
    assert said["system-status"]["data"]["lag"] == 0
    assert said["analysis"]["data"].keys() >= {"events_per_s", "error_rate", "top_errors"}
    assert said["alerts"]["data"] == {"firing": [], "total": 0}


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ("{", "not understood"),
        ('{"subscribe": "tale"}', "there is no channel 'tale'"),
        ('{"subscribe": "tail", "unsubscribe": "tail"}', "either"),
        ('{"unsubscribe": "tail"}', "not subscribed"),
        ('{"subscribe": "tail", "q": "level:("}', ""),
        ('{"subscribe": "tail", "after": "somewhere"}', "is no place"),
        ('{"subscribe": "tail", "colour": 1}', "colour"),
    ],
)
async def test_what_is_not_understood_is_told_and_harms_nothing(
    api: Served, wish: str, problem: str
) -> None:
    async with live(api) as socket:
        await socket.send(wish)
        async with asyncio.timeout(30):
            said = orjson.loads(await socket.recv())
        assert problem in said["problem"]
        await say(socket, subscribe="tail", id="then")
        await hear(socket, subscribed="then")


async def test_a_hundred_clients_get_everything_once(api: Served) -> None:
    async def follow() -> list[int]:
        async with live(api) as socket:
            await say(socket, subscribe="tail", q="seq:>=0")
            return (await told(socket, "tail", 300))[0]

    following = [asyncio.create_task(follow()) for _ in range(100)]
    await has_clients(api, 100)
    assert api.tails.questions == 1
    for start in range(0, 300, 100):
        await api.write(*range(start, start + 100))
    for found in await asyncio.gather(*following):
        assert found == list(range(300))


async def test_who_comes_while_the_last_one_goes_is_told_everything(api: Served) -> None:
    place: str | None = None
    for number in range(12):  # the reader ends at some moment of one of these rounds
        async with live(api) as socket:
            after = {} if place is None else {"after": place}
            await say(socket, subscribe="tail", **after)
            await hear(socket, subscribed="tail")
            await api.write(number)
            found, place = await told(socket, "tail", 1)
            assert found == [number]
        await asyncio.sleep(0.02 * number)  # no condition: any moment will do


async def test_server_sent_events_go_on_where_they_were_and_end_with_the_client(
    api: Served,
) -> None:
    await api.write(0)
    last = await events_of(api, "level:error", {}, [1, 2], write=(1, 2))
    await api.write(3, level="error")
    await events_of(api, "level:error", {"Last-Event-ID": last}, [3, 4], write=(4,))

    async def is_noticed() -> bool:
        await api.write(5, level="error")
        return api.tails.clients == 0

    await soon(is_noticed, timeout_s=30, what="it is noticed that the client has gone")


async def events_of(
    api: Served, query: str, headers: dict[str, str], wanted: list[int], write: tuple[int, ...]
) -> str:
    """Follows until these have come; gives the id of the last."""
    found: list[int] = []
    last, is_place = "", False
    url = f"{api.url}/api/v1/tail"
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient() as client,
        client.stream("GET", url, params={"q": query}, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            kind, _, value = line.partition(": ")
            if line == "event: place":
                is_place = True
            elif kind == "id":
                last = value
            elif line == ": alive" or (kind == "data" and is_place):  # nothing is missed any more
                assert not is_place or orjson.loads(value) == {"place": last}
                is_place = False
                await api.write(*write, level="error")
                write = ()
            elif kind == "data":
                found.append(orjson.loads(value)["attributes"]["seq"])
                if len(found) == len(wanted):
                    break
    assert found == wanted
    return last
