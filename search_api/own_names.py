"""Does a query that finds nothing ask for fields that no event has?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS
from logboom.query.model import And, Exists, MatchAll, Not, Or, Query
from logboom.spellings import stored_as
from logboom.store import Count, Store, TimeRange

_MOST: Final = 5
_LEFT_ALONE: Final = {name: own for name, own in ALIASES.items() if stored_as(name) != own}
"""Short names of queries that are none of those by which loggers' fields become the event's own."""


async def own_names(store: Store, query: Query, times: TimeRange) -> list[str]:
    """Fields that were hardly meant so, a sentence each; for a query that has found nothing.

    They are applications' own under names that stand for the event's, and those that no event has.

    Args:
        store: Has the events.
        query: What was asked for.
        times: When.

    Raises:
        StoreUnavailable: Ask again later.
    """
    told: list[str] = []
    asked = set(_fields(query))
    for name, own in _LEFT_ALONE.items():
        if own not in asked:
            continue
        stored = f"{ATTRIBUTES}.{name}"
        found = (await store.count(Exists(stored), times)).value
        if found:
            have = "1 event has" if found == 1 else f"{found:,} events have"
            told.append(f"{name} is {own}; {have} {stored}: write {stored}:… for that.")
    attributes = sorted(name for name in asked if name not in EVENT_FIELDS)
    for stored in attributes[:_MOST]:
        count = await store.count(Exists(stored), times)
        if count == Count(0):
            told.append(f"no event of these times has {stored}; a text goes into quotation marks.")
    return told


def _fields(query: Query) -> Iterator[str]:
    """Stored names of the fields that a query asks for."""
    match query:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _fields(part)
        case Not(part):
            yield from _fields(part)
        case MatchAll():
            return
        case _:
            if query.field is not None:
                yield query.field
