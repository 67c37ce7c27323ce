"""In which order are hits wanted, what are their sort values, and where does the next page begin?

Hits are always in the order of their times, and of their ids within one time. A sort value of a time
is in milliseconds, which may not tell two hits apart; that of a second key is a place of our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from logboom.event import Event, epoch_us
from logboom.store import SortOrder, TimeRange
from search_api.elasticsearch_api.bodies import as_list, check_names, only_entry
from search_api.elasticsearch_api.moments import TIME, formatted, instant, narrowed, zone_of
from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

_SETTINGS = frozenset(
    {"order", "unmapped_type", "missing", "format", "numeric_type", "mode", "nested"}
)
_SECOND = frozenset({"_doc", "_shard_doc", "_id", "event.id"})
_NO_ORDER = frozenset({"_doc", "_score", "_shard_doc"})
_PLACE = re.compile(r"(-?\d{1,19}):(.{1,512})", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """The time in µs and the id of the last hit of a page."""

    time_us: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order of hits.

    Attributes:
        order: By time.
        keys: How many sort values each hit has: 0, 1 or 2.
        style: The format of the first one; None: milliseconds.
    """

    order: SortOrder
    keys: int
    style: str | None

    def values(self, event: Event) -> list[Any]:
        """The sort values of a hit."""
        time_us = epoch_us(event[TIME])
        first = time_us // 1000 if self.style is None else formatted(time_us, self.style)
        place = f"{time_us}:{event['event']['id']}"
        return [first, place][: self.keys]

    def after(
        self, values: object, times: TimeRange, *, now_ns: int
    ) -> tuple[TimeRange, Place | None]:
        """Where the page behind a hit begins.

        Args:
            values: The hit's sort values.
            times: Of all pages.
            now_ns: The present.

        Returns:
            The times that are left, and the place behind which they begin, if that is known.

        Raises:
            Refused: They are none of ours.
        """
        if not isinstance(values, list) or not values or len(values) != self.keys:
            raise Refused(f"search_after must have {self.keys} values, one for each key of sort")
        if len(values) > 1:
            match = _PLACE.fullmatch(str(values[1]))
            if match is None:
                raise Refused("search_after must have the sort values of a hit, unchanged")
            return times, Place(int(match[1]), match[2])
        moment_us = instant(values[0], self.style, now_ns=now_ns, zone=zone_of(None))
        if self.order is SortOrder.DESC:
            return narrowed(times, TimeRange(None, moment_us)), None
        return narrowed(times, TimeRange(moment_us // 1000 * 1000 + 1000, None)), None


def ordering_of(sort: object) -> Ordering:
    """The order that a request wants; without any the newest come first.

    Raises:
        Refused: It is by something else than time.
    """
    keys = [key for entry in as_list(sort) for key in _keys(entry)]
    if not keys or keys[0][0] in _NO_ORDER:
        return Ordering(SortOrder.DESC, 0, None)
    name, settings = keys[0]
    if name not in {TIME, "time", "timestamp"}:
        raise unsupported(f"sort by {name!r}", f"hits can be sorted by {TIME}")
    for other, _ in keys[1:]:
        if other not in _SECOND:
            raise unsupported(f"sort by {other!r}", f"behind {TIME} it has {', '.join(_SECOND)}")
    order = str(settings.get("order", "asc"))
    if order not in {"asc", "desc"}:
        raise Refused("the order of sort must be asc or desc", kind=PARSING)
    return Ordering(SortOrder(order), min(len(keys), 2), settings.get("format"))


def _keys(entry: object) -> list[tuple[str, dict[str, Any]]]:
    """The keys of one entry: a name, a name with an order behind a colon, or an object of them."""
    if isinstance(entry, str):
        name, _, order = entry.partition(":")
        return [(name, {"order": order} if order else {})]
    if not isinstance(entry, dict):
        only_entry(entry, "a key of sort")
        return []
    found = []
    for name, settings in entry.items():
        options = settings if isinstance(settings, dict) else {"order": settings}
        check_names(options, _SETTINGS, "sort")
        found.append((name, options))
    return found
