"""How do clients get to see what has just been stored?

In the order of the store where it keeps one; else by asking it again and again. Either way a tail
shows what a search finds, and what a client does not take in time is left out, and counted for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from logboom.clock import Clock
from logboom.errors import TooBusy
from logboom.query.model import Query
from logboom.store import Store
from search_api.live.asked import AskedTails
from search_api.live.news import News
from search_api.live.stored import StoredTails

HEARTBEAT_S = 15.0
"""A client gets a sign of life after so long without news."""

MOST_OF_ONE = 50
"""Different questions that one key or token follows at a time."""


class Tails:
    """All tails of one API.

    Args:
        store: Has the events.
        clock: For index times, and how long a look takes.
        limit: Adds to a question what whoever asks it may see; None: everybody sees everything.
    """

    def __init__(
        self, store: Store, clock: Clock, limit: Callable[[Query], Query] | None = None
    ) -> None:
        self._limit = limit
        self._asked: dict[str, Counter[Query]] = {}
        arrivals = store.arrivals
        self._tails: StoredTails | AskedTails = (
            AskedTails(store, clock) if arrivals is None else StoredTails(arrivals, clock)
        )

    @property
    def clients(self) -> int:
        """How many listen."""
        return self._tails.clients

    @property
    def questions(self) -> int:
        """How many different ones are followed."""
        return self._tails.questions

    async def check(self, place: str) -> None:
        """Asks whether one can go on behind a place.

        Raises:
            QueryError: It is none.
            StoreUnavailable: Ask again later.
        """
        await self._tails.check(place)

    def follow(
        self, query: Query, since: str | None = None, *, patience_s: float = HEARTBEAT_S,
        who: str = "",
    ) -> AsyncGenerator[News, None]:  # fmt: skip
        """What is stored from now on. The first news may be empty: from then on nothing is missed.

        Empty ones say where to go on, as far as that is known.

        Args:
            query: Only what matches.
            since: The place of earlier news: what was stored behind it comes first.
            patience_s: After so long without news, empty ones are given.
            who: Asks; questions are bounded for each; empty: for nobody.

        Raises:
            TooBusy: Too many different questions are followed, by all or by this one.
            LogboomError: The store will not answer this question.
        """
        asked = query if self._limit is None else self._limit(query)
        following = self._tails.follow(asked, since, patience_s)
        return self._bounded(asked, who, following) if who else following

    async def _bounded(
        self, query: Query, who: str, following: AsyncGenerator[News, None]
    ) -> AsyncGenerator[News, None]:
        async with aclosing(following):
            own = self._asked.setdefault(who, Counter())
            own[query] += 1
            try:
                if len(own) > MOST_OF_ONE:
                    raise TooBusy(
                        f"{MOST_OF_ONE} different tails are followed already by one key",
                        mend="end one of them",
                    )
                async for news in following:
                    yield news
            finally:
                own[query] -= 1
                if not own[query]:
                    del own[query]
                if not own:
                    self._asked.pop(who, None)

    def close(self) -> None:
        """Ends all tails: their clients come to an end. Idempotent."""
        self._tails.close()
