"""What a row is made of while a store's answers are added up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from logboom.rollups.durations import Durations
from logboom.rollups.row import Group, Row


@dataclass(slots=True)
class Sums:
    """Of one minute and one group.

    Attributes:
        numbers: By the names of `Row`'s counts.
        zeros: Durations that count as 0.
        bins: Durations by the keys of their buckets.
    """

    numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    zeros: int = 0
    bins: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def row(self, start_us: int, group: Group) -> Row:
        """The row of a minute that begins then, µs since the epoch."""
        service, host, level = group
        durations = Durations(self.zeros, dict(sorted(self.bins.items())))
        return Row(start_us, service, host, level, durations=durations, **self.numbers)
