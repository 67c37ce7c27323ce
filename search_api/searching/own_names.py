"""Does a query that finds nothing ask for fields that no event has?"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

from logboom.errors import LogboomError
from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS
from logboom.query.model import Exists, Query, leaves
from logboom.spellings import stored_as
from logboom.store import Count, Store, TimeRange

log = logging.getLogger("logboom.api")

_MOST: Final = 4
_LONGEST_S: Final = 1.0
"""The answer is there already, and waits so long for what may be added to it."""

_LEFT_ALONE: Final = {name: own for name, own in ALIASES.items() if stored_as(name) != own}
"""Short names of queries that are none of those by which loggers' fields become the event's own."""


async def own_names(store: Store, query: Query, times: TimeRange) -> list[str]:
    """Fields that were hardly meant so, a sentence each; for a query that has found nothing.

    They are applications' own under names that stand for the event's, and those that no event has. At
    most `_MOST` are looked for; nothing is said of one that the store does not count within a second.

    Args:
        store: Has the events.
        query: What was asked for.
        times: When.
    """
    asked = {leaf.field for leaf in leaves(query) if leaf.field is not None}
    names: dict[str, str | None] = {
        f"{ATTRIBUTES}.{name}": name for name, own in _LEFT_ALONE.items() if own in asked
    }
    for stored in sorted(asked - EVENT_FIELDS.keys()):
        names.setdefault(stored, None)
    told: dict[str, str | None] = {}

    async def look(stored: str, name: str | None) -> None:
        try:
            told[stored] = _sentence(stored, name, await store.count(Exists(stored), times))
        except LogboomError as error:
            log.debug("it is not known whether events have %s: %s", stored, error)

    looked_for = list(names.items())[:_MOST]
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_S), asyncio.TaskGroup() as group:
            for stored, name in looked_for:
                group.create_task(look(stored, name))
    return [sentence for stored, _ in looked_for if (sentence := told.get(stored)) is not None]


def _sentence(stored: str, name: str | None, count: Count) -> str | None:
    """What to say of a field; `name` is the short one that stands for another, if it is so."""
    if name is None:
        if count != Count(0):
            return None
        return f"no event of these times has {stored}; a text goes into quotation marks."
    if not count.value:
        return None
    have = "1 event has" if count.value == 1 else f"{count.value:,} events have"
    return f"{name} is {ALIASES[name]}; {have} {stored}: write {stored}:… for that."
