"""How do clients get to see what has just arrived?

A tail asks the store, a few times a second, for what was stored since the last time: so it shows just
what a search finds, whichever the store. Clients with the same question share one. What a client does
not take in time is left out, and counted for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.errors import LogboomError, QueryError, TooBusy
from logboom.event import Event, epoch_us
from logboom.query.model import And, MatchAll, Query, Range
from logboom.query.times import iso_text
from logboom.retrying import Backoff
from logboom.store import SearchRequest, Store, TimeRange

MOST_AT_ONCE = 1_000
"""Events of one look; of more than these the newest are shown, and the others counted."""

MOST_TAILS = 200
"""Different questions that are followed at a time; any number of clients may share one."""

_LOOK_S = 0.35
_IDLE_SHARE = 3
"""A tail rests at least this many times as long as a look took."""
_OVERLAP_US = 5_000_000
"""Other processors may store a little later what they have stamped a little earlier."""
_MOST_REMEMBERED = 100_000
_MOST_WAITING = 16
_INGESTED = "event.ingested"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a client has come: what was stored at this time, up to this event.

    Attributes:
        ingested_us: Index time, µs since the epoch.
        event_id: Of the last event at that time; empty: none of them.
    """

    ingested_us: int
    event_id: str = ""

    def text(self) -> str:
        """As clients keep it (`Last-Event-ID`)."""
        return f"{self.ingested_us}-{self.event_id}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Reads what `text` wrote.

        Raises:
            QueryError: It is something else.
        """
        number, _, name = text.partition("-")
        if not number.isascii() or not number.isdigit() or len(number) > 18:
            raise QueryError(
                f"{text!r} is no position of a tail",
                suggestion="send the id of the last event as Last-Event-ID, or none",
            )
        return cls(int(number), name)


@dataclass(frozen=True, slots=True)
class News:
    """What has arrived.

    Attributes:
        events: In the order of their index times.
        dropped: How many more there were that are not shown.
    """

    events: Sequence[Event]
    dropped: int = 0


class _Client:
    """One who listens. What waits for it is bounded; what does not fit is counted.

    Args:
        begin: Nothing up to here is shown.
        shown: Ids that it has seen already.
    """

    def __init__(self, begin: Position, shown: Iterable[str]) -> None:
        self.waiting: asyncio.Queue[News | LogboomError | None] = asyncio.Queue()
        self._begin = begin
        self._shown = OrderedDict.fromkeys(shown)
        self._dropped = 0

    def tell(self, events: Sequence[Event], dropped: int) -> None:
        """Puts what is new to it into its queue."""
        new = [one for one in events if self._is_new(one)]
        while len(self._shown) > _MOST_REMEMBERED:
            self._shown.popitem(last=False)
        self._dropped += dropped
        if not new and not self._dropped:
            return
        if self.waiting.qsize() >= _MOST_WAITING:
            self._dropped += len(new)
            return
        self.waiting.put_nowait(News(new, self._dropped))
        self._dropped = 0

    def _is_new(self, event: Event) -> bool:
        name = event["event"]["id"]
        if name in self._shown or position_of(event) <= self._begin:
            return False
        self._shown[name] = None
        return True


class Tails:
    """All tails of one API.

    Args:
        store: Has the events.
        clock: For where tails begin, and how long a look takes.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tails: dict[Query, _Tail] = {}
        self._is_closed = False

    @property
    def clients(self) -> int:
        """How many listen."""
        return sum(len(tail.clients) for tail in self._tails.values())

    async def follow(
        self, query: Query, since: Position | None = None
    ) -> AsyncGenerator[News, None]:
        """What is stored from now on; after a position, what was stored since then comes first.

        Raises:
            TooBusy: Too many different questions are followed.
            LogboomError: The store will not answer this question.
        """
        begin = since or Position(self._clock.now_ns() // 1000)
        caught_up = [one async for one in self._missed(query, since)]
        client = _Client(begin, (one["event"]["id"] for news in caught_up for one in news.events))
        if self._is_closed:
            return
        tail = self._join(query, client)
        try:
            for news in caught_up:
                yield news
            while (told := await client.waiting.get()) is not None:
                if isinstance(told, LogboomError):
                    raise told
                yield told
        finally:
            tail.clients.discard(client)

    def close(self) -> None:
        """Ends all tails: their clients come to an end. Idempotent."""
        self._is_closed = True
        for tail in self._tails.values():
            tail.end(None)

    async def _missed(self, query: Query, since: Position | None) -> AsyncIterator[News]:
        if since is not None:
            events, is_all = await _look(self._store, query, since.ingested_us)
            new = [one for one in events if position_of(one) > since]
            dropped = 0 if is_all else await _count(self._store, query, since) - len(new)
            yield News(new, max(0, dropped))

    def _join(self, query: Query, client: _Client) -> _Tail:
        tail = self._tails.get(query)
        if tail is None:
            if len(self._tails) >= MOST_TAILS:
                raise TooBusy(
                    f"{MOST_TAILS} different tails are followed already", mend="try again later"
                )
            tail = self._tails[query] = _Tail(self._store, query, self._clock)
            tail.task = asyncio.create_task(
                tail.run(lambda: self._tails.pop(query, None)), name="tail"
            )
        tail.clients.add(client)
        return tail


class _Tail:
    """One question, asked again and again while anybody listens."""

    def __init__(self, store: Store, query: Query, clock: Clock) -> None:
        self._store = store
        self._query = query
        self._clock = clock
        self._newest_us = clock.now_ns() // 1000
        self.clients: set[_Client] = set()
        self.task: asyncio.Task[None] | None = None

    async def run(self, ended: Callable[[], object]) -> None:
        """Looks until nobody listens any more, or the store refuses.

        Args:
            ended: Called in the same instant, so that nobody joins what has ended.
        """
        backoff = Backoff()
        try:
            while True:
                begun = self._clock.monotonic()
                try:
                    await self._look()
                    backoff.reset()
                except LogboomError as error:
                    if not error.retryable:
                        self.end(error)
                        return
                    await backoff.wait()
                rest_s = (self._clock.monotonic() - begun) * _IDLE_SHARE
                await asyncio.sleep(max(_LOOK_S, rest_s))
                if not self.clients:
                    return
        except Exception:
            self.end(LogboomError("the tail has failed; the log of the API says why"))
            raise
        finally:
            ended()

    def end(self, why: LogboomError | None) -> None:
        """Tells all clients that nothing more comes."""
        for client in self.clients:
            client.waiting.put_nowait(why)

    async def _look(self) -> None:
        before_us = self._newest_us
        events, is_all = await _look(self._store, self._query, before_us - _OVERLAP_US)
        new = sum(position_of(one).ingested_us > before_us for one in events)
        dropped = 0
        if not is_all:
            dropped = await _count(self._store, self._query, Position(before_us)) - new
        if events:
            self._newest_us = max(before_us, position_of(events[-1]).ingested_us)
        for client in tuple(self.clients):
            client.tell(events, max(0, dropped))


def position_of(event: Event) -> Position:
    """Where an event stands among all that arrive."""
    about = event["event"]
    return Position(epoch_us(str(about["ingested"])), str(about["id"]))


async def _look(store: Store, query: Query, since_us: int) -> tuple[list[Event], bool]:
    """The newest of what was stored since a moment, and whether that is all of it."""
    page = await store.search(
        SearchRequest(_stored_since(query, since_us), limit=MOST_AT_ONCE, count_limit=1)
    )
    return sorted(page.events, key=position_of), page.cursor is None


async def _count(store: Store, query: Query, since: Position) -> int:
    return (await store.count(_stored_since(query, since.ingested_us + 1), TimeRange())).value


def _stored_since(query: Query, since_us: int) -> Query:
    since = Range(_INGESTED, iso_text(since_us), None, include_lower=True, include_upper=False)
    return since if isinstance(query, MatchAll) else And((query, since))
