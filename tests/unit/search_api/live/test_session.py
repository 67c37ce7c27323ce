"""What is said over a WebSocket when the client has gone away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import orjson
from starlette.websockets import WebSocket

from logboom.errors import QueryError, StoreUnavailable
from search_api.live.news import News
from search_api.live.session import MOST_SUBSCRIPTIONS, Session, Wish


async def test_a_problem_that_reaches_nobody_ends_nothing_else() -> None:
    tried = asyncio.Event()
    said: list[Any] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": '{"subscribe": "tail"}'},
    ]

    async def receive() -> Any:
        if said:
            return said.pop(0)
        await tried.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            tried.set()
            raise ConnectionResetError

    async def follow(wish: Wish) -> AsyncGenerator[News, None]:
        raise StoreUnavailable("is away")

    socket = WebSocket({"type": "websocket"}, receive, send)
    await socket.accept()
    async with asyncio.timeout(20):
        await Session(socket, {}, follow, lambda: 0.0).run()


class Said:
    """A client that says things at once, and hears the answers."""

    def __init__(self, *texts: str) -> None:
        self._left = [{"type": "websocket.connect"}]
        self._left += [{"type": "websocket.receive", "text": text} for text in texts]
        self._is_over = asyncio.Event()
        self.heard: list[dict[str, Any]] = []
        self.hears = asyncio.Event()

    async def receive(self) -> Any:
        if self._left:
            return self._left.pop(0)
        await self._is_over.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.heard.append(orjson.loads(message["text"]))
            self.hears.set()

    async def hear(self, count: int) -> list[dict[str, Any]]:
        """The first so many answers; the session goes on."""
        while len(self.heard) < count:
            self.hears.clear()
            await self.hears.wait()
        return self.heard

    async def talk(self, follow: Any, answers: int) -> list[dict[str, Any]]:
        """All answers, once there were so many and the client has gone."""
        socket = WebSocket({"type": "websocket"}, self.receive, self.send)
        await socket.accept()
        async with asyncio.timeout(20):
            talking = asyncio.ensure_future(Session(socket, {}, follow, lambda: 0.0).run())
            await self.hear(answers)
            self._is_over.set()
            await talking
        return self.heard


async def examined(wish: Wish) -> AsyncGenerator[News, None]:
    """Takes its time, and refuses what is bad."""
    for _ in range(5):
        await asyncio.sleep(0)
    if wish.q.startswith("bad"):
        raise QueryError(f"{wish.q} is no query")

    async def news() -> AsyncGenerator[News, None]:
        yield News((), place="here")
        await asyncio.Event().wait()

    return news()


async def test_an_id_is_free_again_when_what_is_examined_is_refused() -> None:
    said = Said(*(f'{{"subscribe": "tail", "q": "{q}"}}' for q in ("bad 1", "bad 2", "", "late")))
    heard = await said.talk(examined, 4)
    assert [one.get("problem") for one in heard] == [
        "bad 1 is no query", "bad 2 is no query", None,
        "is subscribed to already; give this one another id",
    ]  # fmt: skip
    assert heard[2]["subscribed"] == "tail"


async def test_what_waits_to_be_examined_is_given_up_with_its_id() -> None:
    said = Said(
        *['{"subscribe": "tail"}'] * 3, '{"unsubscribe": "tail"}', '{"subscribe": "tail"}',
        '{"unsubscribe": "other"}',
    )  # fmt: skip
    heard = await said.talk(examined, 3)
    assert [one.get("unsubscribed") or one.get("subscribed") or one["problem"] for one in heard] == [
        "tail", "is not subscribed to", "tail",
    ]  # fmt: skip
    assert len([one for one in heard if "subscribed" in one]) == 1


async def test_what_waits_to_be_examined_counts_as_subscriptions() -> None:
    said = Said(*['{"subscribe": "tail", "q": "bad"}'] * (MOST_SUBSCRIPTIONS + 2))
    heard = await said.talk(examined, MOST_SUBSCRIPTIONS + 2)
    told = [one["problem"] for one in heard]
    assert told.count(f"{MOST_SUBSCRIPTIONS} subscriptions are the most") == 2
    assert told.count("bad is no query") == MOST_SUBSCRIPTIONS
