"""What can be summed up over matches, bucket in bucket, and what does the answer look like?

The shapes that Elasticsearch's aggregations have, without its names for them: `Values` are its
`terms`, `Steps` its histograms of a fixed width, `Stretches` those of a calendar or of changed clocks,
`Measure` its metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from logboom.query.model import Query
from logboom.store.values import TimeRange

TIME = "@timestamp"
"""Times are µs since the epoch wherever a number stands for one."""

Key = str | int | float | bool


class Kind(Enum):
    """What is worked out of the values of a field."""

    NUMBERS = "numbers"
    """How many numbers, their sum, the least and the greatest."""
    SPREAD = "spread"
    """The same, and the sum of their squares."""
    PERCENTILES = "percentiles"
    DIFFERENT = "different"
    """How many different values."""
    PRESENT = "present"
    """How many values."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something worked out of one field's values in each bucket.

    Attributes:
        name: The caller's.
        kind: What is worked out.
        field: Stored name.
        percents: Which percentiles, 0 to 100; of `PERCENTILES` only.
    """

    name: str
    kind: Kind
    field: str
    percents: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """A bucket per value of a field.

    The values of a keyword or an attribute are texts, whatever they are in the events: the number 1
    and the text `1` share a bucket.

    Attributes:
        size: Of each day, keep at least this many of the most frequent values.
        missing: Where events without a value are counted; None: nowhere.
        numbers: Only values that are numbers, as such; of attributes.
    """

    name: str
    field: str
    size: int
    missing: str | None
    inside: tuple[Aggregation, ...]
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """A bucket per `width` of a number or a time, beginning at `offset` plus multiples of it."""

    name: str
    field: str
    width: float
    offset: float
    inside: tuple[Aggregation, ...]


@dataclass(frozen=True, slots=True)
class Stretches:
    """A bucket between each two neighbours of `edges`, which are times in µs, ascending."""

    name: str
    field: str
    edges: tuple[int, ...]
    inside: tuple[Aggregation, ...]


Division = Values | Steps | Stretches
"""What makes buckets."""

Aggregation = Measure | Division


@dataclass(frozen=True, slots=True)
class Measured:
    """What was worked out; what does not belong to its kind is None or empty."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    least: float | None = None
    greatest: float | None = None
    percentiles: Mapping[float, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bucketed:
    """The events of a bucket, and what was asked inside of it.

    Attributes:
        key: The value; the begin of a step or stretch; None for all matches together.
    """

    key: Key | None
    count: int
    measures: Mapping[str, Measured]
    inside: Mapping[str, Buckets]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Those that have events, by key where they are steps, else by falling count.

    Attributes:
        others: Events of values that are not among the rows, as far as is known.
    """

    rows: Sequence[Bucketed]
    others: int = 0


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An answer; `complete` is False when some days were left out, because it took too long."""

    whole: Bucketed
    complete: bool


@runtime_checkable
class Aggregating(Protocol):
    """A store that can sum up."""

    async def aggregate(
        self, query: Query, times: TimeRange, wanted: Sequence[Aggregation]
    ) -> Aggregated:
        """Sums up matches.

        Args:
            query: Which events.
            times: Of which times.
            wanted: Any tree of aggregations, their names different from each other at each place.

        Raises:
            QueryError: A field cannot be used so, or there would be too many buckets.
            StoreUnavailable: Ask again later.
        """
        ...
