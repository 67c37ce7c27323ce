"""Has an application a field of its own under a name that a query took for one of the event's?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from logboom.fields import ALIASES, ATTRIBUTES
from logboom.query.model import And, Exists, MatchAll, Not, Or, Query
from logboom.spellings import stored_as
from logboom.store import Store, TimeRange

_LEFT_ALONE: Final = {name: own for name, own in ALIASES.items() if stored_as(name) != own}
"""Short names of queries that are none of those by which loggers' fields become the event's own."""


async def own_names(store: Store, query: Query, times: TimeRange) -> list[str]:
    """What to write for fields of that kind, a sentence each; for a query that has found nothing.

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
