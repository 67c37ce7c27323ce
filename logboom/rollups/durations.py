"""How long did things take: how are durations summed up so that sums can be summed up again?

DDSketch counts values in buckets whose bounds grow by a factor (C. Masson, J. Rim, H. Lee: "DDSketch: a
fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). A sketch is
therefore a histogram, and a store can be asked for one: `bounds` are the ends of its ranges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ERROR: Final = 0.02
"""A percentile differs from the true one by this part of it at most."""

LONGEST: Final = 2**63 - 1
"""The longest duration that a store holds, in ns: 292 years."""


@dataclass(frozen=True, slots=True)
class Durations:
    """A sketch of durations in ns.

    Attributes:
        zeros: Durations of less than 1 ns; those that were negative are taken for such.
        bins: Count per bucket of DDSketch's, none of them 0.
    """

    zeros: int = 0
    bins: Mapping[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many durations there are."""
        return self.zeros + sum(self.bins.values())

    def percentile(self, share: float) -> float | None:
        """The duration that this share of all is not longer than, within `RELATIVE_ERROR`.

        Args:
            share: 0 to 1.

        Returns:
            Nanoseconds; None when there are no durations.
        """
        store = DenseStore()
        for key, count in self.bins.items():
            store.add(key, count)
        sketch = BaseDDSketch(_mapping(), store, DenseStore(), self.zeros)
        return sketch.get_quantile_value(share)


def merged(parts: Iterable[Durations]) -> Durations:
    """The sketch of all durations together."""
    zeros, bins = 0, Counter[int]()
    for part in parts:
        zeros += part.zeros
        bins.update(part.bins)
    return Durations(zeros, dict(sorted(bins.items())))


def bounds(shortest: float, longest: float) -> list[tuple[int, int, int]]:
    """The buckets that durations may fall into.

    Args:
        shortest: Of the durations, ns.
        longest: Of the durations, ns.

    Returns:
        Key, first whole number and the one behind the last, ascending and without gaps; empty when
        none of the durations reaches 1 ns. Buckets without a whole number are left out.
    """
    if longest < 1:
        return []
    mapping = _mapping()
    first = mapping.key(min(max(1.0, float(int(shortest))), LONGEST))
    last = mapping.key(min(float(longest), LONGEST)) + 1  # where rounding goes the other way
    found = []
    for key in range(max(0, first - 1), last + 1):
        start, end = _last_whole(mapping, key - 1) + 1, _last_whole(mapping, key) + 1
        if start < end:
            found.append((key, start, end))
    return found


def bucket_of(duration: float) -> int:
    """The key of the bucket of a duration of at least 1 ns, as `bounds` cuts them."""
    starts, keys = _all_buckets()
    return keys[bisect_right(starts, duration) - 1]


@lru_cache(maxsize=1)
def _all_buckets() -> tuple[Sequence[int], Sequence[int]]:
    buckets = bounds(1, LONGEST)
    return [start for _, start, _ in buckets], [key for key, _, _ in buckets]


@lru_cache(maxsize=1)
def _mapping() -> LogarithmicMapping:
    return LogarithmicMapping(RELATIVE_ERROR)


def _last_whole(mapping: LogarithmicMapping, key: int) -> int:
    """The greatest whole number in a bucket or below it."""
    return int(mapping.value(key) * (1 + mapping.gamma) / 2)
