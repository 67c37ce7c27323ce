"""In which minutes do the rollups of these documents lie?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from logboom.event import Event, epoch_us
from logboom.rollups import Tier
from logboom.store import Document

_FRONT = b'{"@timestamp":"'
_BEGIN = len(_FRONT)
_END = _BEGIN + len("2026-11-21T14:15")
_DAY_US = 86_400_000_000


def touched_minutes(documents: Sequence[Document]) -> set[int]:
    """The minutes in which documents count (see `Rollups.summarise`), perhaps a few more.

    Returns:
        Begins of minutes, µs since the epoch.
    """
    fronts = {(document.value[:_END], document.day) for document in documents}
    minutes = {front: _minute_of(*front) for front in fronts}
    found = {minute for minute in minutes.values() if minute is not None}
    unusual = {front for front, minute in minutes.items() if minute is None}
    if unusual:
        for document in documents:
            if (document.value[:_END], document.day) in unusual:
                found |= _looked_at(document.day, document.event)
    return found


@lru_cache(maxsize=4096)
def _minute_of(front: bytes, day: date) -> int | None:
    """The minute that an event's first bytes name; None when it takes a look at the event."""
    text = front[_BEGIN:].decode("ascii", "replace")
    if not front.startswith(_FRONT) or text[:11] != f"{day}T":
        return None
    try:
        return epoch_us(f"{text}:00Z")
    except ValueError:
        return None


def _looked_at(day: date, event: Event) -> set[int]:
    """The minute of the event's own time, or else those in which a store may count it."""
    first = epoch_us(f"{day}T00:00:00Z")
    own = _within(first, event.get("@timestamp"))
    if own is not None:
        return {own}
    about = event.get("event")
    read = _within(first, about.get("created") if isinstance(about, dict) else None)
    return {first} if read is None else {first, read}


def _within(day_us: int, text: object) -> int | None:
    """The minute of a time, if it lies within a day."""
    try:
        time_us = epoch_us(text) if isinstance(text, str) else -1
    except ValueError:
        return None
    return Tier.MINUTE.start_us(time_us) if 0 <= time_us - day_us < _DAY_US else None
