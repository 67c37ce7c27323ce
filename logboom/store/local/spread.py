"""How are percentiles worked out of counts, which days can add up?

Numbers are counted in bins whose ends grow by a factor, so that a percentile is wrong by a small part
of itself at most, whatever the numbers are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

RELATIVE_ERROR = 0.02
"""A percentile differs from a value at its place by this part of it at most."""

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LEAST = 1e-6
"""Numbers nearer to 0 are taken for 0."""
_FARTHEST = 1e19


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins between each two neighbours of `edges`, ascending."""

    edges: tuple[float, ...]

    @classmethod
    def over(cls, least: float, greatest: float) -> Bins:
        """The bins that all numbers from the least to the greatest fall into."""
        if least > greatest:
            return cls((-_LEAST, _LEAST))
        below = [-edge for edge in reversed(_upwards(-greatest, -least))] if least < 0 else []
        above = _upwards(least, greatest) if greatest > 0 else []
        return cls(tuple(sorted({*below, *above, -_LEAST, _LEAST})))

    def request(self, column: str) -> dict[str, Any]:
        """The aggregation that counts a column's numbers."""
        ends = pairwise(self.edges)
        return {"range": {"field": column, "ranges": [{"from": a, "to": b} for a, b in ends]}}

    def add(self, found: Mapping[str, Any], counts: list[int]) -> None:
        """Adds an answer to counts per bin, which are empty at first."""
        if not counts:
            counts += [0] * (len(self.edges) - 1)
        inner = [one for one in found["buckets"] if "from" in one and "to" in one]
        for place, bucket in enumerate(inner):
            counts[place] += bucket["doc_count"]

    def percentile(self, counts: Sequence[int], percent: float) -> float | None:
        """The number that this part of all is not greater than; None when there are none.

        Args:
            counts: Per bin.
            percent: 0 to 100.
        """
        total = sum(counts)
        if not total:
            return None
        rank = max(1, math.ceil(total * percent / 100))
        for place, count in enumerate(counts):
            rank -= count
            if rank <= 0:
                return self._middle(place)
        return self._middle(len(counts) - 1)

    def _middle(self, place: int) -> float:
        start, end = self.edges[place], self.edges[place + 1]
        if start < 0 < end:
            return 0.0
        return math.copysign(2 * abs(start * end) / (abs(start) + abs(end)), start)


def _upwards(least: float, greatest: float) -> list[float]:
    """Edges of bins of numbers above 0."""
    first = math.floor(math.log(max(least, _LEAST), _GAMMA))
    last = math.ceil(math.log(min(max(greatest, _LEAST), _FARTHEST), _GAMMA)) + 1
    return [_GAMMA**power for power in range(first, last + 1)]
