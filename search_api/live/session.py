"""What is said between one client and us over a WebSocket?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any, cast

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from logboom.errors import LogboomError, QueryError
from search_api.live.channels import Channel
from search_api.live.news import News

TAIL = "tail"
MOST_SUBSCRIPTIONS = 20
"""Of one connection."""

_ALREADY = "is subscribed to already; give this one another id"

_Follow = Callable[["Wish"], Awaitable[AsyncGenerator[News, None]]]
_Telling = Callable[[Callable[[], None]], Awaitable[None]]
"""Tells what is subscribed to; what it is given is called once that has begun."""


class Wish(BaseModel):
    """What a client says. One of `subscribe` and `unsubscribe`."""

    model_config = ConfigDict(extra="forbid")

    subscribe: str | None = Field(None, max_length=100)
    unsubscribe: str | None = Field(None, max_length=100)
    id: str | None = Field(None, max_length=100)
    q: str = ""
    tz: str = "UTC"
    after: str | None = None


@dataclass(slots=True)
class _Id:
    """What is asked for under one id: a subscription, or those that are examined, one after the other.

    Attributes:
        tasks: One for each.
        latest: Set once it is known whether the latest is refused.
        is_taken: There is a subscription.
    """

    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    latest: asyncio.Event | None = None
    is_taken: bool = False


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
        self._ids: dict[str, _Id] = {}

    async def run(self) -> None:
        """Does what the client says until it goes away."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while (message := await self._socket.receive())["type"] == "websocket.receive":
                    await self._obey(message.get("text"), tasks)
            except WebSocketDisconnect:
                pass
            finally:
                for one in self._ids.values():
                    _cancel(one)

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
        elif name in self._ids and self._ids[name].is_taken:
            await self._problem(name, _ALREADY)
        elif sum(len(one.tasks) for one in self._ids.values()) >= MOST_SUBSCRIPTIONS:
            await self._problem(name, f"{MOST_SUBSCRIPTIONS} subscriptions are the most")
        elif wait_s := self._spend():
            await self._problem(name, f"asks too often; come again in {ceil(wait_s)} s")
        else:
            telling = (
                partial(self._tell_tail, name, wish)
                if channel == TAIL
                else partial(self._tell, name, channel)
            )
            one = self._ids.setdefault(name, _Id())
            before, one.latest = one.latest, asyncio.Event()
            work = self._until_it_ends(name, one, before, one.latest, telling)
            one.tasks.add(tasks.create_task(work))

    async def _unsubscribe(self, name: str) -> None:
        one = self._ids.pop(name, None)
        if one is None:
            await self._problem(name, "is not subscribed to")
            return
        _cancel(one)
        await self._send({"unsubscribed": name})

    async def _until_it_ends(
        self, name: str, one: _Id, before: asyncio.Event | None, decided: asyncio.Event,
        telling: _Telling,
    ) -> None:  # fmt: skip
        """Tells what is subscribed to under an id, unless what was asked for `before` has it."""

        def begun() -> None:
            one.is_taken = True
            decided.set()

        try:
            if before is not None:
                await before.wait()
            await (
                self._problem(name, _ALREADY) if one.is_taken else self._told(name, telling, begun)
            )
        except WebSocketDisconnect:
            pass  # whoever receives hears of it, too
        finally:
            if decided.is_set():
                one.is_taken = False
            decided.set()
            one.tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if not one.tasks and self._ids.get(name) is one:
                del self._ids[name]

    async def _told(self, name: str, telling: _Telling, begun: Callable[[], None]) -> None:
        try:
            await telling(begun)
        except LogboomError as error:
            await self._problem(name, str(error), error)

    async def _tell(self, name: str, channel: str, begun: Callable[[], None]) -> None:
        begun()
        await self._send({"subscribed": name, "channel": channel})
        head = b'{"channel":%b,"id":%b,' % (orjson.dumps(channel), orjson.dumps(name))
        async with aclosing(self._channels[channel].follow()) as bulletins:
            async for bulletin in bulletins:
                await self._socket.send_text((head + bulletin[1:]).decode())

    async def _tell_tail(self, name: str, wish: Wish, begun: Callable[[], None]) -> None:
        following = await self._follow(wish)
        head = b'{"channel":"tail","id":%b,' % orjson.dumps(name)
        place: str | None = None
        async with aclosing(following):
            async for news in following:
                if place is None:  # from here on nothing is missed
                    place = wish.after or news.place
                    await self._send({"subscribed": name, "channel": TAIL, "place": place})
                    begun()
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


def _cancel(one: _Id) -> None:
    for task in one.tasks:
        task.cancel()


def _message(head: bytes, news: News, place: str) -> bytes:
    """News as one message; where there are none it tells the place alone."""
    return b'%b"events":[%b],"dropped":%d,"passed_over":%d,"place":%b}' % (
        head, b",".join(line.json for line in news.lines), news.dropped, news.passed_over,
        orjson.dumps(place),
    )  # fmt: skip


def _first(error: ValidationError) -> str:
    one = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ")
