"""What is said between one client and us over a WebSocket?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from math import ceil
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from logboom.errors import LogboomError, QueryError
from search_api.live.channels import Channel
from search_api.live.news import News

TAIL = "tail"
MOST_SUBSCRIPTIONS = 20
"""Of one connection."""

_Follow = Callable[["Wish"], Awaitable[AsyncGenerator[News, None]]]


class Wish(BaseModel):
    """What a client says. One of `subscribe` and `unsubscribe`."""

    model_config = ConfigDict(extra="forbid")

    subscribe: str | None = Field(None, max_length=100)
    unsubscribe: str | None = Field(None, max_length=100)
    id: str | None = Field(None, max_length=100)
    q: str = ""
    tz: str = "UTC"
    after: str | None = None


class Session:
    """One connection.

    Args:
        socket: Accepted already.
        channels: What may be subscribed to besides the tail.
        follow: Begins a tail.
        spend: Counts a subscription as a request; gives 0, or the seconds until there may be one.
    """

    def __init__(
        self, socket: WebSocket, channels: Mapping[str, Channel], follow: _Follow,
        spend: Callable[[], float],
    ) -> None:  # fmt: skip
        self._socket = socket
        self._channels = channels
        self._follow = follow
        self._spend = spend
        self._subscriptions: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Does what the client says until it goes away."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while (message := await self._socket.receive())["type"] == "websocket.receive":
                    await self._obey(message.get("text"), tasks)
            except WebSocketDisconnect:
                pass
            finally:
                for subscription in self._subscriptions.values():
                    subscription.cancel()

    async def _obey(self, text: str | None, tasks: asyncio.TaskGroup) -> None:
        if text is None:
            await self._problem(None, "the message is not understood: say it as text, in JSON")
            return
        try:
            wish = Wish.model_validate_json(text)
        except ValidationError as error:
            await self._problem(None, f"the message is not understood: {_first(error)}")
            return
        if wish.subscribe is not None and wish.unsubscribe is None:
            await self._subscribe(wish, wish.subscribe, tasks)
        elif wish.unsubscribe is not None and wish.subscribe is None:
            await self._unsubscribe(wish.unsubscribe)
        else:
            await self._problem(wish.id, "say either subscribe or unsubscribe")

    async def _subscribe(self, wish: Wish, channel: str, tasks: asyncio.TaskGroup) -> None:
        name = wish.id or channel
        known = (TAIL, *self._channels)
        if channel not in known:
            await self._problem(name, f"there is no channel {channel!r}, but {', '.join(known)}")
        elif name in self._subscriptions:
            await self._problem(name, "is subscribed to already; give this one another id")
        elif len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            await self._problem(name, f"{MOST_SUBSCRIPTIONS} subscriptions are the most")
        elif wait_s := self._spend():
            await self._problem(name, f"asks too often; come again in {ceil(wait_s)} s")
        else:
            telling = (
                partial(self._tell_tail, name, wish)
                if channel == TAIL
                else partial(self._tell, name, channel)
            )
            task = tasks.create_task(self._until_it_ends(name, telling))
            self._subscriptions[name] = task

    async def _unsubscribe(self, name: str) -> None:
        task = self._subscriptions.pop(name, None)
        if task is None:
            await self._problem(name, "is not subscribed to")
            return
        task.cancel()
        await self._send({"unsubscribed": name})

    async def _until_it_ends(self, name: str, telling: Callable[[], Awaitable[None]]) -> None:
        try:
            try:
                await telling()
            except LogboomError as error:
                await self._problem(name, str(error), error)
        except WebSocketDisconnect:
            return  # whoever receives hears of it, too
        if self._subscriptions.get(name) is asyncio.current_task():
            del self._subscriptions[name]

    async def _tell(self, name: str, channel: str) -> None:
        await self._send({"subscribed": name, "channel": channel})
        head = b'{"channel":%b,"id":%b,' % (orjson.dumps(channel), orjson.dumps(name))
        async with aclosing(self._channels[channel].follow()) as bulletins:
            async for bulletin in bulletins:
                await self._socket.send_text((head + bulletin[1:]).decode())

    async def _tell_tail(self, name: str, wish: Wish) -> None:
        following = await self._follow(wish)
        head = b'{"channel":"tail","id":%b,' % orjson.dumps(name)
        place: str | None = None
        async with aclosing(following):
            async for news in following:
                if place is None:  # from here on nothing is missed
                    place = wish.after or news.place
                    await self._send({"subscribed": name, "channel": TAIL, "place": place})
                behind = news.lines[-1].place if news.lines and not news.place else news.place
                if news.lines or news.dropped or news.passed_over or behind not in {"", place}:
                    place = behind or place
                    await self._socket.send_text(_message(head, news, place).decode())

    async def _problem(
        self, name: str | None, detail: str, error: LogboomError | None = None
    ) -> None:
        said: dict[str, Any] = {"problem": detail, "id": name}
        if isinstance(error, QueryError):
            said |= {"position": error.position, "suggestion": error.suggestion}
        await self._send(said)

    async def _send(self, content: dict[str, Any]) -> None:
        await self._socket.send_text(orjson.dumps(content).decode())


def _message(head: bytes, news: News, place: str) -> bytes:
    """News as one message; where there are none it tells the place alone."""
    return b'%b"events":[%b],"dropped":%d,"passed_over":%d,"place":%b}' % (
        head, b",".join(line.json for line in news.lines), news.dropped, news.passed_over,
        orjson.dumps(place),
    )  # fmt: skip


def _first(error: ValidationError) -> str:
    one = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ")
