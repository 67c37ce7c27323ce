"""What is a client told, and what becomes of what it does not take in time?"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from logboom.errors import LogboomError

MOST_WAITING = 5_000
"""Events that wait for one client; what does not fit is left out, and counted."""

MOST_WAITING_BYTES = 16 * 2**20
"""Of several news together; those that wait alone may have more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is told.

    Attributes:
        id: Its `event.id`.
        place: Where to go on behind it.
        json: The event with its `_id`.
    """

    id: str
    place: str
    json: bytes


@dataclass(frozen=True, slots=True)
class News:
    """What has arrived.

    Attributes:
        lines: In the order in which they were stored.
        dropped: Matching events that came before them and are left out.
        passed_over: Events that came before them and were not looked at; some may have matched.
        place: Where to go on behind all of this, also when it is nothing; empty: behind the last
            line, or where one stood before.
    """

    lines: Sequence[Line] = ()
    dropped: int = 0
    passed_over: int = 0
    place: str = ""


class Listener:
    """What waits for one client. Bounded; what does not fit is counted."""

    def __init__(self) -> None:
        self._waiting: deque[News] = deque()
        self._lines = 0
        self._bytes = 0
        self._left_out = News()
        self._end: LogboomError | None = None
        self._has_ended = False
        self._wake = asyncio.Event()

    def tell(self, news: News) -> None:
        """Lets news wait for the client."""
        if self._is_behind or not self._has_room(news):
            self._left_out = News(
                dropped=self._left_out.dropped + news.dropped + len(news.lines),
                passed_over=self._left_out.passed_over + news.passed_over,
                place=news.place or (news.lines[-1].place if news.lines else ""),
            )
        else:
            self._waiting.append(news)
            self._lines += len(news.lines)
            self._bytes += _size(news)
        self._wake.set()

    def end(self, why: LogboomError | None) -> None:
        """Nothing more comes after what waits."""
        self._has_ended, self._end = True, why
        self._wake.set()

    async def next(self, patience_s: float) -> News | None:
        """What comes next; empty news when nothing does for so long; None: nothing ever will.

        Raises:
            LogboomError: Why nothing more comes.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        if self._waiting:
            news = self._waiting.popleft()
            self._lines -= len(news.lines)
            self._bytes -= _size(news)
        elif self._is_behind:
            news, self._left_out = self._left_out, News()
        elif self._end is not None:
            raise self._end
        elif self._has_ended:
            return None
        else:
            news = News()
        if not (self._waiting or self._is_behind or self._has_ended):
            self._wake.clear()
        return news

    @property
    def has_all(self) -> bool:
        """True when the client has taken everything that it was told."""
        return not self._waiting and not self._is_behind

    @property
    def _is_behind(self) -> bool:
        return bool(self._left_out.dropped or self._left_out.passed_over)

    def _has_room(self, news: News) -> bool:
        if self._lines + len(news.lines) > MOST_WAITING:
            return False
        return not self._waiting or self._bytes + _size(news) <= MOST_WAITING_BYTES


def _size(news: News) -> int:
    return sum(len(line.json) for line in news.lines)
