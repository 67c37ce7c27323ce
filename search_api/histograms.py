"""How many matches are there over time, as people in a time zone count it?"""

from __future__ import annotations

from dataclasses import replace

from logboom.event import epoch_us
from logboom.store import Bucket, Histogram, Store, TimeRange
from search_api.asking import Asked, automatic_interval_us
from search_api.zoned import Piece, cut

_DAY_US = 86_400_000_000
_VALUES = 10
_MOST_VALUES = 100


async def histogram_of(
    store: Store, asked: Asked, *, width_us: int | None, by: str | None, now_us: int
) -> Histogram:
    """Counts matches over time; every bucket of the range is there, also where nothing happened.

    Args:
        store: Has the events.
        asked: Query, times and zone.
        width_us: Of a bucket; None: whatever makes about sixty of them.
        by: Stored name of a field to split by its ten most frequent values, or None. On either side
            of a change of the clocks they are counted as far as they are among the hundred most
            frequent there.
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
    chosen = await _most_frequent(store, asked, by) if by and len(parts.pieces) > 1 else None
    counted = [await _piece(store, asked, piece, width_us, by, chosen) for piece in parts.pieces]
    end_us = times.end_us
    if end_us is None and times.start_us is not None:
        end_us = max(now_us, times.start_us)
    buckets = parts.assembled([one.buckets for one in counted], TimeRange(times.start_us, end_us))
    return Histogram(width_us, buckets, any(one.partial for one in counted))


async def _piece(
    store: Store, asked: Asked, piece: Piece, width_us: int, by: str | None,
    chosen: frozenset[str] | None,
) -> Histogram:  # fmt: skip
    found = await store.histogram(
        asked.query, piece.times, interval_us=width_us, by=by,
        by_size=_VALUES if chosen is None else _MOST_VALUES, offset_us=piece.offset_us,
    )  # fmt: skip
    if chosen is None:
        return found
    buckets = [
        Bucket(one.start_us, one.count, {v: n for v, n in one.by.items() if v in chosen})
        for one in found.buckets
    ]
    return replace(found, buckets=buckets)


async def _most_frequent(store: Store, asked: Asked, by: str) -> frozenset[str]:
    """The values of the whole range: those of its pieces may be others."""
    found = await store.facets(asked.query, asked.times, fields=[by], size=_VALUES)
    return frozenset(one.value for one in found.values[by])


async def _known(store: Store, times: TimeRange, now_us: int) -> tuple[int, int]:
    """Where a range of times begins and ends, with the days that there are for an open end."""
    start_us, end_us = times.start_us, times.end_us
    if start_us is None:
        days = await store.days()
        first_us = epoch_us(f"{days[0].day}T00:00:00Z") if days else now_us - _DAY_US
        start_us = first_us if end_us is None else min(first_us, end_us)
    return start_us, max(start_us, now_us) if end_us is None else end_us
