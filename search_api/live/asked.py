"""How is a store followed that keeps no order of what it has stored?

Each question is asked for itself, a few times a second; clients with the same question share it. What
was told lately is kept for a while, so that a client that comes back gets just what it has missed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from logboom.clock import Clock
from logboom.errors import LogboomError, QueryError, TooBusy
from logboom.event import Event, encode_event
from logboom.query.model import Query
from logboom.retrying import Backoff
from logboom.store import Store, TimeRange
from search_api.live.asking import Looks, ingested_us, newest, stored_within
from search_api.live.news import Line, Listener, News
from search_api.live.pacing import Usual
from search_api.live.refreshing import Refreshes

MOST_QUESTIONS = 200
"""Different questions that are followed at a time; any number of clients may share one."""

_LOOK_S = 0.25
_LOOKS_AT_ONCE = 8
"""Of all tails, also of those that begin and of clients that come back: all of them would look in the
same instant, when what was written has come to be seen, or the API was started anew."""
_LONGEST_REST_S = 2.0
_KEPT_LINES = 5_000
_KEPT_S = 60.0
_END_US = 253_402_300_800_000_000
"""The year 10000, µs since the epoch: nothing is stored that late."""

_Stand = tuple[int, str]
"""An index time, µs since the epoch, and an id: a tail's order."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """How far a client has come.

    Attributes:
        ingested_us: Index time of the last event, µs since the epoch.
        id: Its id.
        told: Which tail told it, and as its how many-th; means nothing to other tails.
    """

    ingested_us: int
    id: str = ""
    told: str = ""

    @property
    def stands(self) -> _Stand:
        """What it means to every tail."""
        return self.ingested_us, self.id

    def text(self) -> str:
        """As clients keep it."""
        return f"{self.ingested_us}-{self.id}@{self.told}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Reads what `text` wrote.

        Raises:
            QueryError: It is something else.
        """
        number, _, rest = text.partition("-")
        name, _, told = rest.rpartition("@")
        is_time = number.isascii() and number.isdigit() and len(number) <= len(str(_END_US))
        if not is_time or int(number) >= _END_US:
            raise QueryError(
                f"{text[:100]!r} is no place in what has arrived",
                suggestion="send the id of the last event as it came, or none",
            )
        return cls(int(number), name, told)


class AskedTails:
    """Follows any store.

    Args:
        store: Has the events.
        clock: For index times, and how long a look takes.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._refreshes = Refreshes(store, clock)
        self._turns = asyncio.Semaphore(_LOOKS_AT_ONCE)
        self._tails: dict[Query, _Tail] = {}
        self._is_closed = False

    @property
    def clients(self) -> int:
        """How many listen."""
        return sum(len(tail.listeners) for tail in self._tails.values())

    @property
    def questions(self) -> int:
        """How many different ones there are."""
        return len(self._tails)

    async def check(self, place: str) -> None:
        """Raises what `follow` would raise for a place."""
        Place.parse(place)

    async def follow(
        self, query: Query, since: str | None, patience_s: float
    ) -> AsyncGenerator[News, None]:
        """What is stored from now on; after a place, what was stored since then comes first."""
        if self._is_closed:
            return
        place = None if since is None else Place.parse(since)
        tail = self._tail(query)
        listener = Listener()
        behind: _Stand = (0, "") if place is None else place.stands
        tail.clients += 1
        try:
            await tail.has_begun()
            if place is not None:
                async for news in self._missed(tail, listener, place):
                    behind = max(behind, _behind(news))
                    yield news
            else:
                tail.add(listener)
                yield News(place=tail.place_of(listener, behind))
            while (told := await listener.next(patience_s)) is not None:
                behind = max(behind, _behind(told))
                is_placed = bool(told.lines or told.place)
                yield told if is_placed else replace(told, place=tail.place_of(listener, behind))
        finally:
            tail.clients -= 1
            tail.listeners.pop(listener, None)

    def close(self) -> None:
        """Ends all tails: their clients come to an end. Idempotent."""
        self._is_closed = True
        self._refreshes.close()
        for tail in self._tails.values():
            tail.end(None)
            if tail.task is not None:
                tail.task.cancel()

    def _tail(self, query: Query) -> _Tail:
        tail = self._tails.get(query)
        if tail is None:
            if len(self._tails) >= MOST_QUESTIONS and not self._end_one():
                raise TooBusy(
                    f"{MOST_QUESTIONS} different tails are followed already",
                    mend="try again later",
                )
            looks = Looks(self._store, query, self._clock)
            tail = _Tail(query, looks, self._clock, self._refreshes, self._turns)
            self._tails[query] = tail
            tail.task = asyncio.create_task(tail.run(partial(self._forget, tail)), name="tail")
        return tail

    def _end_one(self) -> bool:
        """Ends a tail that is kept although nobody listens any more, if there is one."""
        for tail in self._tails.values():
            if not tail.clients:
                self._forget(tail)
                if tail.task is not None:
                    tail.task.cancel()
                return True
        return False

    def _forget(self, tail: _Tail) -> None:
        if self._tails.get(tail.query) is tail:
            del self._tails[tail.query]

    async def _missed(
        self, tail: _Tail, listener: Listener, place: Place
    ) -> AsyncGenerator[News, None]:
        """What a client has missed; from then on it is told what is new."""
        kept = tail.told_since(place.told)
        if kept is not None:
            tail.add(listener)
            yield News(kept)
            return
        before = tail.told_so_far
        async with self._turns:
            new, dropped = await self._stored_behind(tail.query, place)
        lines = [tail.line(one, before) for one in new]
        found = {one.id for one in lines}
        lines += [one for one in tail.told_since(before) or () if one.id not in found]
        tail.add(listener, frozenset(one.id for one in lines))
        yield News(lines, dropped)

    async def _stored_behind(self, query: Query, place: Place) -> tuple[list[Event], int]:
        """The newest matches that stand behind a place, and how many more there are."""
        events, is_all = await newest(self._store, query, place.ingested_us)
        new = [one for one in events if _stands(one) > place.stands]
        if is_all:
            return new, 0
        later = stored_within(query, place.ingested_us + 1, None)
        return new, max(0, (await self._store.count(later, TimeRange())).value - len(new))


def _stands(event: Event) -> _Stand:
    return ingested_us(event), event["event"]["id"]


def _behind(news: News) -> _Stand:
    """Where the last line stands."""
    return Place.parse(news.lines[-1].place).stands if news.lines else (0, "")


class _Tail:
    """One question, asked while anybody listens, and a little longer."""

    def __init__(
        self, query: Query, looks: Looks, clock: Clock, refreshes: Refreshes,
        turns: asyncio.Semaphore,
    ) -> None:  # fmt: skip
        self.query = query
        self.clients = 0
        self.listeners: dict[Listener, frozenset[str]] = {}
        self.task: asyncio.Task[None] | None = None
        self._clock = clock
        self._looks = looks
        self._usual = Usual()
        self._refreshes = refreshes
        self._turns = turns
        self._name = secrets.token_hex(4)
        self._lines: deque[Line] = deque(maxlen=_KEPT_LINES)
        self._count = 0
        self._reached: _Stand = (0, "")
        self._begun = asyncio.Event()
        self._why: LogboomError | None = None
        self._has_ended = False

    async def has_begun(self) -> None:
        """Returns when everything that is stored from now on will be told.

        Raises:
            LogboomError: It cannot be.
        """
        await self._begun.wait()
        if self._why is not None:
            raise self._why

    def add(self, listener: Listener, seen: frozenset[str] = frozenset()) -> None:
        """Tells a listener from now on; it is told at once that there is nothing more, if that is so.

        Args:
            listener: A client's.
            seen: Ids of what it has, and is not to be told again.
        """
        self.listeners[listener] = seen
        if self._has_ended:
            listener.end(self._why)

    @property
    def told_so_far(self) -> str:
        """Where `told_since` goes on from here."""
        return f"{self._name}.{self._count}"

    def told_since(self, place: str) -> Sequence[Line] | None:
        """The lines that were told after a place; None when that is not known."""
        name, _, number = place.partition(".")
        is_ours = name == self._name and number.isascii() and number.isdigit()
        if not is_ours or self._count - int(number) > len(self._lines):
            return None
        return list(self._lines)[max(0, len(self._lines) - (self._count - int(number))) :]

    def place_of(self, listener: Listener, behind: _Stand) -> str:
        """Up to where a client was told everything; empty while it waits, or is ahead of the tail.

        Args:
            listener: The client's.
            behind: Where the last that it was told stands.
        """
        if not listener.has_all or self._reached < behind:
            return ""
        return Place(*self._reached, self.told_so_far).text()

    def line(self, event: Event, told: str) -> Line:
        """An event as it is told."""
        name = event["event"]["id"]
        shown = encode_event({"_id": name, **event})
        return Line(name, Place(ingested_us(event), name, told).text(), shown)

    async def run(self, ended: Callable[[], object]) -> None:
        """Looks until nobody has listened for a while, or the store refuses.

        Args:
            ended: Called in the same instant, so that nobody joins what has ended.
        """
        backoff = Backoff()
        needed = self._clock.monotonic()
        try:
            while self._clock.monotonic() - needed < _KEPT_S:
                try:
                    await self._look()
                    backoff.reset()
                except LogboomError as error:
                    if not error.retryable:
                        self.end(error)
                        return
                    await backoff.wait()
                now = self._clock.monotonic()
                needed = now if self.clients else needed
                rest_s = max(
                    _LOOK_S, self._usual.seconds
                )  # half of the time at most is spent on it
                await asyncio.sleep(min(rest_s, _LONGEST_REST_S))
        except Exception:
            self.end(LogboomError("the tail has failed; the log of the API says why"))
            raise
        finally:
            ended()
            self._begun.set()

    def end(self, why: LogboomError | None) -> None:
        """Tells all clients that nothing more comes."""
        self._has_ended, self._why = True, why
        for listener in self.listeners:
            listener.end(why)

    async def _look(self) -> None:
        """Looks as soon as what was written before can be seen, if anybody waits for it."""
        if not self._begun.is_set():
            async with self._turns:
                self._reached = await self._looks.begin()
            self._begun.set()
            return
        if self.clients:
            await self._refreshes.shown()
        async with self._turns:
            begun = self._clock.monotonic()
            found = await self._looks.next()
            self._usual.took(self._clock.monotonic() - begun)
        self._reached = max([self._reached, *map(_stands, found.events)])
        if not found.events and not found.dropped:
            return
        lines = []
        for event in found.events:
            self._count += 1
            lines.append(self.line(event, self.told_so_far))
        self._lines.extend(lines)
        for listener, seen in tuple(self.listeners.items()):
            listener.tell(News([one for one in lines if one.id not in seen], found.dropped))
