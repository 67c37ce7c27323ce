"""How does one reader serve everybody who follows what is stored?

What the store has taken in is read once, in its order, and matched in memory against each question. A
hundred clients with one question cost one match, and thousands who wait cost nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace

from logboom.clock import Clock
from logboom.errors import LogboomError, TooBusy
from logboom.query.memory import Matcher, compile_query
from logboom.query.model import Query
from logboom.retrying import Backoff
from logboom.store.arrivals import Arrivals, Arrived
from search_api.live.news import Line, Listener, News

MOST_MISSED = 50_000
"""Of what was stored while a client was away, so many events at most are looked at."""

MOST_QUESTIONS = 5_000
"""Different questions that are followed at a time; any number of clients may share one."""

_LOOK_S = 0.2
_IDLE_SHARE = 3
"""The reader rests at least this many times as long as it worked."""
_LONGEST_REST_S = 2.0
_MOST_AT_ONCE = 1_000
_MOST_WAITING = 20_000
_MATCHES_IN_A_ROW = 500


@dataclass(slots=True)
class _Group:
    """Those who have asked the same."""

    matches: Matcher
    listeners: set[Listener] = field(default_factory=set)


class StoredTails:
    """Follows a store that tells in which order it has stored.

    Args:
        arrivals: What was stored.
        clock: For how long a look takes.
    """

    def __init__(self, arrivals: Arrivals, clock: Clock) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._groups: dict[Query, _Group] = {}
        self._place: str | None = None
        self._told: dict[Listener, set[str]] = {}
        self._turn = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def clients(self) -> int:
        """How many listen."""
        return sum(len(group.listeners) for group in self._groups.values())

    @property
    def questions(self) -> int:
        """How many different ones there are."""
        return len(self._groups)

    async def check(self, place: str) -> None:
        """Raises what `follow` would raise for a place."""
        await self._arrivals.after(place, most=0, most_waiting=0)

    async def follow(
        self, query: Query, since: str | None, patience_s: float
    ) -> AsyncGenerator[News, None]:
        """What is stored from now on; after a place, what was stored since then comes first.

        Once the first news are given, nothing is missed.
        """
        matches = compile_query(query)
        listener = Listener()
        try:
            async for news in self._join(query, matches, listener, since):
                yield news
            yield News(place=self._place_of(listener))
            while (told := await listener.next(patience_s)) is not None:
                is_placed = bool(told.lines or told.place)
                yield told if is_placed else replace(told, place=self._place_of(listener))
        finally:
            self._leave(query, listener)

    def close(self) -> None:
        """Ends all tails: their clients come to an end. Idempotent."""
        self._is_closed = True
        self._end(None)
        if self._reading is not None:
            self._reading.cancel()

    async def _join(
        self, query: Query, matches: Matcher, listener: Listener, since: str | None
    ) -> AsyncIterator[News]:
        """Lets the listener be told what comes behind the last of the news that this gives."""
        if len(self._groups) >= MOST_QUESTIONS and query not in self._groups:
            raise TooBusy(
                f"{MOST_QUESTIONS} different tails are followed already", mend="try again later"
            )
        place = since
        while place is not None:  # far behind: without keeping the others from their news
            piece = await self._missed(place)
            if piece.is_all:
                break
            yield await _matching(piece, matches)
            place = piece.place
        async with self._turn:
            if self._is_closed:
                listener.end(None)
                return
            begin = await self._arrivals.end() if self._place is None else None
            if begin is None and place is not None:
                await self._look()  # so that the reader stands nowhere before `place`
            if place is not None:
                missed = await self._rest(place, matches)
                self._told[listener] = {line.id for news in missed for line in news.lines}
            self._place = begin or self._place  # not before: it is a reader's
            self._groups.setdefault(query, _Group(matches)).listeners.add(listener)
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read(), name="tail")
        if place is not None:
            for news in missed:
                yield news

    async def _missed(self, place: str) -> Arrived:
        return await self._arrivals.after(place, most=_MOST_AT_ONCE, most_waiting=MOST_MISSED)

    async def _rest(self, place: str, matches: Matcher) -> list[News]:
        """All news behind a place that is nearly the end."""
        found: list[News] = []
        while True:
            piece = await self._missed(place)
            found.append(await _matching(piece, matches))
            place = piece.place
            if piece.is_all:
                return found

    def _place_of(self, listener: Listener) -> str:
        """Up to where a client was told everything; empty while it is ahead of the reader."""
        is_level = listener.has_all and listener not in self._told
        return (self._place or "") if is_level else ""

    def _leave(self, query: Query, listener: Listener) -> None:
        self._told.pop(listener, None)
        group = self._groups.get(query)
        if group is not None:
            group.listeners.discard(listener)
            if not group.listeners:
                del self._groups[query]

    async def _read(self) -> None:
        """Looks until nobody listens any more, or the store refuses."""
        backoff = Backoff()
        try:
            while True:
                begun = self._clock.monotonic()
                try:
                    async with self._turn:  # nobody joins between the last look and the end
                        if not self._groups:
                            return
                        await self._look()
                    backoff.reset()
                except LogboomError as error:
                    if not error.retryable:
                        self._end(error)
                        return
                    await backoff.wait()
                rest_s = (self._clock.monotonic() - begun) * _IDLE_SHARE
                await asyncio.sleep(min(max(_LOOK_S, rest_s), _LONGEST_REST_S))
        except Exception:
            self._end(LogboomError("the tail has failed; the log of the API says why"))
            raise
        finally:
            self._place = None

    async def _look(self) -> None:
        """Reads on to the end of what is stored, and tells everybody."""
        is_all = False
        while not is_all and self._place is not None:
            piece = await self._arrivals.after(
                self._place, most=_MOST_AT_ONCE, most_waiting=_MOST_WAITING
            )
            found = [
                (group, await _matching(piece, group.matches))
                for group in tuple(self._groups.values())
            ]
            for group, news in found:  # all or nobody: a client that goes away may end the look
                if news.lines or news.passed_over:
                    for listener in tuple(group.listeners):
                        self._tell(listener, news)
            self._place, is_all = piece.place, piece.is_all
        self._told.clear()

    def _tell(self, listener: Listener, news: News) -> None:
        told = self._told.get(listener)
        if told:
            news = replace(news, lines=[line for line in news.lines if line.id not in told])
        listener.tell(news)

    def _end(self, why: LogboomError | None) -> None:
        for group in self._groups.values():
            for listener in group.listeners:
                listener.end(why)
        self._groups.clear()


async def _matching(piece: Arrived, matches: Matcher) -> News:
    """What of it is an answer; others get their turn meanwhile."""
    lines: list[Line] = []
    for start in range(0, len(piece.arrivals), _MATCHES_IN_A_ROW):
        some = piece.arrivals[start : start + _MATCHES_IN_A_ROW]
        lines += [Line(one.id, one.place, one.json) for one in some if matches(one.event)]
        await asyncio.sleep(0)
    return News(lines, passed_over=piece.passed_over, place=piece.place)
