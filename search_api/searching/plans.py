"""What does a search cost, day by day and leaf by leaf?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from logboom.clock import Clock
from logboom.errors import LogboomError
from logboom.event import epoch_us
from logboom.keys.redacting import hidden_words, redacted, words_of
from logboom.query.model import Query, leaves
from logboom.query.printing import format_query
from logboom.store import Count, Store, TimeRange

_MOST_LEAVES = 8
_LONGEST_LEAF = 200
_STARS = "***"
_SHORTEST_PART = 3
"""Letters of a secret that say something of it."""
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class LeafCost:
    """One leaf of a query alone: how many events match it, and how long it takes to count them."""

    text: str
    matches: Count | None
    took_ms: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a search looks at.

    Attributes:
        days: Those that its times touch.
        stored: How many there are in all.
        leaves: In the order of the query.
    """

    days: Sequence[date]
    stored: int
    leaves: Sequence[LeafCost]

    def sentence(self) -> str:
        """One line for the log."""
        span = f" ({self.days[0]} to {self.days[-1]})" if self.days else ""
        leaves = "".join(f"; {_leaf_text(one)}" for one in self.leaves)
        return f"{len(self.days)} of {self.stored} days{span}{leaves}"


async def plan_of(
    store: Store, query: Query, times: TimeRange, clock: Clock, text: str = ""
) -> Plan:
    """Works out what a search costs by asking for its leaves one by one.

    Args:
        store: Answers.
        query: The search.
        times: Of which times.
        clock: For how long it takes.
        text: The query as the user wrote it: what looks like a secret there is not told of a leaf.

    Raises:
        StoreUnavailable: Ask again later.
    """
    stored = [day.day for day in await store.days()]
    touched = [day for day in stored if _touches(day, times)]
    hidden = hidden_words(text)
    costs = [
        await _cost(store, leaf, times, clock, hidden)
        for leaf, _ in zip(leaves(query), range(_MOST_LEAVES), strict=False)
    ]
    return Plan(touched, len(stored), costs)


async def _cost(store: Store, leaf: Query, times: TimeRange, clock: Clock, hidden: str) -> LeafCost:
    begun = clock.monotonic()
    try:
        matches = await store.count(leaf, times)
    except LogboomError:
        matches = None  # then that is what it costs
    return LeafCost(_shown(leaf, hidden), matches, (clock.monotonic() - begun) * 1000)


def _shown(leaf: Query, hidden: str) -> str:
    """A leaf in one line, without secrets.

    Args:
        leaf: Alone it may not look like one: `token = abc` are three.
        hidden: The words that are secret.
    """
    written = format_query(leaf)
    known = hidden.split()
    is_secret = any(
        word in known or (len(word) >= _SHORTEST_PART and word in hidden)
        for word in words_of(written)
    )
    told = _STARS if is_secret else redacted(written)
    text = "".join(sign if sign.isprintable() else "\ufffd" for sign in told)
    return text if len(text) <= _LONGEST_LEAF else f"{text[:_LONGEST_LEAF]}…"


def _touches(day: date, times: TimeRange) -> bool:
    start_us = epoch_us(f"{day}T00:00:00Z")
    begins_later = times.start_us is not None and times.start_us >= start_us + _DAY_US
    ends_before = times.end_us is not None and times.end_us <= start_us
    return not begins_later and not ends_before


def _leaf_text(leaf: LeafCost) -> str:
    if leaf.matches is None:
        return f"{leaf.text} fails after {leaf.took_ms:.0f} ms"
    least = "" if leaf.matches.exact else "at least "
    return f"{leaf.text} has {least}{leaf.matches.value} in {leaf.took_ms:.0f} ms"
