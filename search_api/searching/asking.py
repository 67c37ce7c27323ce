"""What may a request ask for, and what does that mean for the store?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from logboom.choosing import parts_of
from logboom.errors import QueryError
from logboom.event import Event
from logboom.fields import FieldType, resolve
from logboom.naming import names_in, plain_name
from logboom.query.aside import read_aside
from logboom.query.lucene import parse_query_with_notes
from logboom.query.model import Query
from logboom.query.times import iso_text, parse_time, parse_until
from logboom.query.zones import zone_of
from logboom.store import Count, SortOrder, TimeRange
from logboom.store.stored_events import StoredEvents
from search_api.http.responding import json_of

MAX_LIMIT = 10_000
MOST_FIELDS, LONGEST_FIELD = 200, 1_000
"""Of events that are shown: how many, and characters of a name."""

_WIDTHS_S = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    604800,
)
_WANTED_BUCKETS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, understood.

    Attributes:
        query: Which events.
        times: Of which times.
        notes: What may not be meant so, a sentence each.
        zone: Of the user.
    """

    query: Query
    times: TimeRange
    notes: Sequence[str]
    zone: tzinfo


async def understand(
    now_ns: int, q: str, begin: str | None, end: str | None, zone_name: str
) -> Asked:
    """Reads the parameters that all questions share.

    Args:
        now_ns: What relative times count from, ns since the epoch.

    Raises:
        QueryError: When one of them is not understood.
    """
    return await read_aside(lambda: _understood(now_ns, q, begin, end, zone_name))


def _understood(now_ns: int, q: str, begin: str | None, end: str | None, zone_name: str) -> Asked:
    zone = zone_of(zone_name)
    start_us = None if not begin else parse_time(begin, now_ns=now_ns, zone=zone)
    end_us = None if not end else parse_until(end, now_ns=now_ns, zone=zone)
    reading = parse_query_with_notes(q, now_ns=now_ns, zone=zone)
    notes = [note.text for note in reading.notes]
    if start_us is not None and end_us is not None and start_us >= end_us:
        notes.append(
            f"nothing can match: `from` is {iso_text(start_us)}, and `to` is not later,"
            f" {iso_text(end_us)}"
        )
    elif start_us is not None and start_us > now_ns // 1000:
        notes.append(
            f"`from` is still to come: {begin} is {iso_text(start_us)}, and now it is"
            f" {iso_text(now_ns // 1000)}"
        )
    return Asked(reading.query, TimeRange(start_us, end_us), notes, zone)


def order_of(sort: str) -> SortOrder:
    """`asc` or `desc`.

    Raises:
        QueryError: When it is neither.
    """
    try:
        return SortOrder(sort)
    except ValueError:
        raise QueryError(f"sort cannot be {sort!r}", suggestion="write asc or desc") from None


def keyword_field(name: str) -> str:
    """The stored name of a field that values can be counted of.

    Raises:
        QueryError: When the field consists of words or times.
    """
    stored, kind = resolve(plain_name(name))
    if kind in {FieldType.TEXT, FieldType.DATE}:
        raise QueryError(
            f"{name} cannot be split by",
            suggestion="take a field with few values, such as level or service",
        )
    return stored


def fields_of(given: str | Sequence[str] | None) -> list[str]:
    """The names of what is to be shown, as `logboom.choosing` reads them; none: all there is.

    Args:
        given: Names with commas between them, or a list of them, as `logboom.naming` has them.

    Raises:
        QueryError: There are too many, or too long ones: each is looked for in each event.
    """
    written = names_in(given) if isinstance(given, str) else [one.strip() for one in given or ()]
    names = list(dict.fromkeys(plain_name(name) for name in written if name))
    if len(names) > MOST_FIELDS:
        raise QueryError(
            f"{len(names)} fields cannot be shown at once",
            suggestion=f"name {MOST_FIELDS} at most, or none for whole events",
        )
    if any(len(name) > LONGEST_FIELD for name in names):
        raise QueryError(f"the name of a field has more than {LONGEST_FIELD} characters")
    return names


def automatic_interval_us(times: TimeRange) -> int:
    """A round width that makes about sixty buckets of a range with both its ends."""
    start, end = times.start_us or 0, times.end_us or 0
    wanted_s = max(1, (end - start) // 1_000_000) / _WANTED_BUCKETS
    return next((w for w in _WIDTHS_S if w >= wanted_s), _WIDTHS_S[-1]) * 1_000_000


def shown(event: Event, fields: Sequence[str]) -> dict[str, Any]:
    """An event as it is answered: with `_id`, and only the fields asked for, if any were."""
    return {"_id": _id(event), **(parts_of(fields)(event) if fields else event)}


def written(events: Sequence[Event], fields: Sequence[str]) -> Iterator[bytes]:
    """Events as they are answered, each as JSON; what is stored so already is not taken apart."""
    if not fields and isinstance(events, StoredEvents):
        return events.texts()
    if not fields:
        return (json_of(shown(event, fields)) for event in events)
    chosen = parts_of(fields)
    return (json_of({"_id": _id(event), **chosen(event)}) for event in events)


def list_written(events: Sequence[Event], fields: Sequence[str]) -> bytes:
    """The same as a list."""
    if not fields and isinstance(events, StoredEvents):
        return events.list_text()
    return b"[%b]" % b",".join(written(events, fields))


def _id(event: Event) -> object:
    return event.get("event", {}).get("id")


def total_of(count: Count) -> dict[str, Any]:
    """A number of matches as it is answered."""
    return {"value": count.value, "relation": "eq" if count.exact else "gte"}
