"""How many matches are there over time, as people in a time zone count it?"""

from __future__ import annotations

from typing import Any

import orjson

from logboom.event import epoch_us
from logboom.native import native_library
from logboom.query.times import iso_text
from logboom.store import Histogram, Store, TimeRange
from logboom.store.columns import most_frequent
from search_api.counting.zoned import Piece, cut
from search_api.http.responding import json_of
from search_api.searching.asking import Asked, automatic_interval_us

_DAY_US = 86_400_000_000
_VALUES = 10


async def histogram_of(
    store: Store, asked: Asked, *, width_us: int | None, by: str | None, now_us: int
) -> Histogram:
    """Counts matches over time; every bucket of the range is there, also where nothing happened.

    Args:
        store: Has the events.
        asked: Query, times and zone.
        width_us: Of a bucket; None: whatever makes about sixty of them.
        by: Stored name of a field to split by its ten most frequent values, or None.
        now_us: The present: an open range ends there.

    Raises:
        QueryError: The query or the field cannot be used, or there would be too many buckets.
        StoreUnavailable: Ask again later.
    """
    times = asked.times
    known = await _known(store, times, now_us)
    if width_us is None:
        width_us = automatic_interval_us(TimeRange(*known))
    parts = cut(times, known, width_us, asked.zone)
    is_sure, chosen = True, None
    if by is not None and len(parts.pieces) > 1:
        is_sure, chosen = await _most_frequent(store, asked, by)
    counted = [await _piece(store, asked, piece, width_us, by, chosen) for piece in parts.pieces]
    end_us = times.end_us
    if end_us is None and times.start_us is not None:
        end_us = max(now_us, times.start_us)
    starts_us, columns = parts.assembled(counted, TimeRange(times.start_us, end_us))
    split = {value: counts for value, counts in columns.items() if value is not None}
    partial = not is_sure or any(one.partial for one in counted)
    by_value = most_frequent(split, len(split)) if len(counted) > 1 else split
    return Histogram(width_us, starts_us, columns[None], by_value, partial)


def shown_histogram(found: Histogram) -> dict[str, Any]:
    """A histogram as it is answered."""
    ms, rest = divmod(found.interval_us, 1000)
    text = f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"
    return {
        "interval": f"{found.interval_us}us" if rest else text,
        "buckets": orjson.Fragment(_stretches(found)),
    }


def _stretches(found: Histogram) -> bytes:
    """The stretches as JSON."""
    library = native_library()
    by = [(json_of(value), counts) for value, counts in found.by.items()]
    written = (
        None if library is None
        else library.answers.write_stretches(found.starts_us, found.counts, by)
    )  # fmt: skip
    if written is not None:
        return written
    rows = [
        {"from": iso_text(one.start_us), "count": one.count, "by": one.by} for one in found.buckets
    ]
    return json_of(rows)


async def _piece(
    store: Store, asked: Asked, piece: Piece, width_us: int, by: str | None,
    chosen: frozenset[str] | None,
) -> Histogram:  # fmt: skip
    return await store.histogram(
        asked.query, piece.times, interval_us=width_us, by=by, by_size=_VALUES, by_values=chosen,
        offset_us=piece.offset_us,
    )  # fmt: skip


async def _most_frequent(store: Store, asked: Asked, by: str) -> tuple[bool, frozenset[str]]:
    """The values of the whole range: those of its pieces may be others. And whether they are sure."""
    found = await store.facets(asked.query, asked.times, fields=[by], size=_VALUES)
    return found.complete, frozenset(one.value for one in found.values[by])


async def _known(store: Store, times: TimeRange, now_us: int) -> tuple[int, int]:
    """Where a range of times begins and ends, with the days that there are for an open end."""
    start_us, end_us = times.start_us, times.end_us
    if start_us is None:
        days = await store.days()
        first_us = epoch_us(f"{days[0].day}T00:00:00Z") if days else now_us - _DAY_US
        start_us = first_us if end_us is None else min(first_us, end_us)
    return start_us, max(start_us, now_us) if end_us is None else end_us
