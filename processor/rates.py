"""What was stored since the start, by service and level? For `/metrics`, while it happens.

An event is counted when the store has taken it, once; what the store had already is not counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from logboom.fields import LEVELS
from logboom.status import DurationCounts, LevelCounts, RatesStatus, RequestCounts
from processor.tallying import UNUSUAL, DurationTally, Kind, Tally

MOST_SERVICES = 100
"""Services with numbers of their own: the first ones seen; all others together are `other`."""

OTHER = UNUSUAL
NONE = "none"
_LONGEST_NAME = 200
_LEVELS = frozenset(LEVELS)
_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Rates:
    """Counts stored events since the start."""

    def __init__(self) -> None:
        self._services: set[str] = set()
        self._events: Counter[tuple[str, str]] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self._requests: dict[str, Counter[str]] = {}
        self._durations: defaultdict[str, DurationTally] = defaultdict(DurationTally)

    def add(self, stored: Tally) -> None:
        """Counts documents that were stored."""
        for kind, count in stored.events.items():
            self._count(kind, count)
        for service, durations in stored.durations.items():
            self._durations[self._label(service)].add(durations)

    def status(self, instance: str, at_ns: int) -> RatesStatus:
        """The numbers so far."""
        return RatesStatus(
            instance=instance,
            at_ns=at_ns,
            levels=tuple(
                LevelCounts(service=name, level=level, events=n, errors=self._errors[name, level])
                for (name, level), n in sorted(self._events.items())
            ),
            requests=tuple(
                RequestCounts(service=name, status=status, requests=n)
                for name, counts in sorted(self._requests.items())
                for status, n in counts.items()
            ),
            durations=tuple(
                DurationCounts(service=name, counts=tuple(one.counts), sum_s=one.sum_ns / 1e9)
                for name, one in sorted(self._durations.items())
            ),
        )

    def _count(self, kind: Kind, count: int) -> None:
        name, level = self._label(kind.service), kind.level
        shown = NONE if level is None else level if level in _LEVELS else OTHER
        self._events[name, shown] += count
        self._errors[name, shown] += count if kind.is_error else 0
        if kind.status_class:
            # All classes at once: a counter that begins at 0 misses no first failure.
            counts = self._requests.setdefault(name, Counter(dict.fromkeys(_CLASSES, 0)))
            counts[_CLASSES[kind.status_class - 1]] += count

    def _label(self, service: str | None) -> str:
        """How a service is called on `/metrics`; the first ones keep their names."""
        if not service:
            return NONE
        name = service[:_LONGEST_NAME]
        if name not in self._services:
            if len(self._services) >= MOST_SERVICES:
                return OTHER
            self._services.add(name)
        return name
