"""What does each pattern cost?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logboom.clock import Clock
from shipper.parsers.grok.pattern import Pattern
from shipper.parsers.grok.watch import TimedOut
from shipper.parsers.port import Fields


@dataclass(slots=True)
class Cost:
    """Of one pattern so far.

    Attributes:
        tried: Texts that it was tried on.
        matched: Those that it matched.
        timed_out: Those that it was given up on.
        total_us: Microseconds for all of them.
        worst_us: For the one that took longest.
    """

    tried: int = 0
    matched: int = 0
    timed_out: int = 0
    total_us: float = 0.0
    worst_us: float = 0.0


class CostReport:
    """Tries patterns in order, as `Grok` does, and keeps count.

    Args:
        patterns: The compiled patterns.
        clock: For durations.
    """

    def __init__(self, patterns: Sequence[Pattern], clock: Clock) -> None:
        self._patterns = patterns
        self._costs = [Cost() for _ in patterns]
        self._clock = clock

    def match(self, text: str) -> tuple[Fields | TimedOut | None, float]:
        """What the first fitting pattern captures, and the microseconds that all of them took."""
        total_us = 0.0
        for pattern, cost in zip(self._patterns, self._costs, strict=True):
            begun = self._clock.monotonic()
            found = pattern.match(text)
            took_us = (self._clock.monotonic() - begun) * 1e6
            total_us += took_us
            _count(cost, found, took_us)
            if found is not None:
                return found, total_us
        return None, total_us

    def lines(self) -> Iterator[str]:
        """The report as a table, for people."""
        yield "tried  matched  mean us  worst us  timeouts  grows        pattern"
        for pattern, cost in zip(self._patterns, self._costs, strict=True):
            mean_us = cost.total_us / cost.tried if cost.tried else 0.0
            yield (
                f"{cost.tried:5}  {cost.matched:7}  {mean_us:7.1f}  {cost.worst_us:8.1f}"
                f"  {cost.timed_out:8}  {pattern.effort.growth:11}  {pattern.source}"
            )


def _count(cost: Cost, found: Fields | TimedOut | None, took_us: float) -> None:
    cost.tried += 1
    cost.timed_out += isinstance(found, TimedOut)
    cost.matched += found is not None and not isinstance(found, TimedOut)
    cost.total_us += took_us
    cost.worst_us = max(cost.worst_us, took_us)
