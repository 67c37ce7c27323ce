"""What can be measured of the events of one stretch of time that share some values?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, nextafter
from typing import Final

from ddsketch.mapping import LogarithmicMapping

from logboom.errors import QueryError
from logboom.query.model import Query
from logboom.rollups.durations import RELATIVE_ERROR, Durations, merged

MOST_CELLS: Final = 200_000
"""In one answer; whoever needs more asks for fewer series, or for a shorter time."""

_WIDEST: Final = 1e9
"""Numbers that are smaller than the greatest one by this factor are taken for 0 by percentiles."""


@dataclass(frozen=True, slots=True)
class CellsRequest:
    """What is to be measured.

    Attributes:
        query: Which events.
        start_us: The earliest event time, µs since the epoch.
        end_us: The end of event times, excluded.
        interval_us: Width of the stretches, the first of which begins at `start_us`; None: all of it is
            one stretch.
        by: Stored names of fields: events that share their values are measured together.
        of: Stored name of a field of numbers, or None.
        percentiles: Whether percentiles of these numbers are wanted.
    """

    query: Query
    start_us: int
    end_us: int
    interval_us: int | None = None
    by: tuple[str, ...] = ()
    of: str | None = None
    percentiles: bool = False

    @property
    def width_us(self) -> int:
        """Width of a stretch, µs."""
        return self.interval_us or self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Numbers:
    """Values of a field of numbers; an event with several of them counts with each.

    Attributes:
        count: How many there are.
        total: Their sum.
        least: Of them.
        greatest: Of them.
        sketch: Of them, when percentiles were asked for; what is not above 0 counts as 0.
    """

    count: int
    total: float
    least: float
    greatest: float
    sketch: Durations = field(default_factory=Durations)


@dataclass(frozen=True, slots=True)
class Cell:
    """The events of one stretch that share the values of some fields.

    Attributes:
        start_us: Begin of the stretch, µs since the epoch.
        values: Of the fields, in their order; empty where an event has none. An event with several
            values of a field is in several cells.
        count: How many events.
        numbers: Of the field that was asked for; None without one, or without values.
    """

    start_us: int
    values: tuple[str, ...]
    count: int
    numbers: Numbers | None = None


def numbers_together(parts: Iterable[Numbers | None]) -> Numbers | None:
    """All numbers of several cells; None when there are none."""
    found = [part for part in parts if part is not None]
    if len(found) < 2:
        return found[0] if found else None
    return Numbers(
        count=sum(one.count for one in found),
        total=sum(one.total for one in found),
        least=min(one.least for one in found),
        greatest=max(one.greatest for one in found),
        sketch=merged(one.sketch for one in found),
    )


def sketch_ranges(least: float, greatest: float) -> list[tuple[int, float, float]]:
    """The buckets of a sketch that numbers may fall into.

    Args:
        least: Of the numbers.
        greatest: Of the numbers.

    Returns:
        Key, begin (included) and end (excluded), ascending; empty when none is above 0.
    """
    if greatest <= 0:
        return []
    mapping = _mapping()
    first = mapping.key(max(least, greatest / _WIDEST))
    last = mapping.key(greatest) + 1
    # A bucket of DDSketch has its end, such as 1, and not its begin.
    return [
        (key, nextafter(mapping.gamma ** (key - 1), inf), nextafter(mapping.gamma**key, inf))
        for key in range(first - 1, last + 1)
    ]


def sketch_of(values: Iterable[float]) -> Durations:
    """The sketch of some numbers."""
    zeros, bins = 0, dict[int, int]()
    for value in values:
        if value > 0:
            key = bucket_of(value)
            bins[key] = bins.get(key, 0) + 1
        else:
            zeros += 1
    return Durations(zeros, bins)


def bucket_of(value: float) -> int:
    """The bucket of a sketch that a number above 0 falls into."""
    key: int = _mapping().key(value)
    return key


def check_number_of_cells(cells: Sequence[Cell]) -> None:
    """Sees that an answer is not too long.

    Raises:
        QueryError: It is.
    """
    if len(cells) > MOST_CELLS:
        raise too_many_cells()


def too_many_cells() -> QueryError:
    """What is said when there are more cells than an answer may have."""
    return QueryError(
        f"there would be more than {MOST_CELLS:,} counts",
        suggestion="split by fields with fewer values, or ask for a shorter time",
    )


@lru_cache(maxsize=1)
def _mapping() -> LogarithmicMapping:
    return LogarithmicMapping(RELATIVE_ERROR)
