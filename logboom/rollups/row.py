"""What is told of one stretch of time, and how are rows added up?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from logboom.rollups.durations import Durations, merged

Group = tuple[str, str, str]
"""Service, host and level; empty where an event has none."""


@dataclass(frozen=True, slots=True)
class Row:
    """The events of one stretch with the same service, host and level.

    An event with several values of one of these fields counts for each of them, as it is found by
    each of them.

    Attributes:
        start_us: Begin of the stretch, µs since the epoch.
        service: `service.name`; empty without one.
        host: `host.name`, likewise.
        level: `log.level`, likewise.
        events: How many there are.
        errors: Of these, those with the tag `error`.
        requests: Of these, those with an HTTP status from 100 to 599.
        server_errors: Of these, those with one from 500 to 599.
        last_ms: The time of the latest of them, ms since the epoch.
        durations: Their `event.duration`, where they have one.
    """

    start_us: int
    service: str
    host: str
    level: str
    events: int
    errors: int = 0
    requests: int = 0
    server_errors: int = 0
    last_ms: int = 0
    durations: Durations = field(default_factory=Durations)

    @property
    def group(self) -> Group:
        """What its events have in common."""
        return self.service, self.host, self.level


def added_up(rows: Iterable[Row], width_us: int) -> list[Row]:
    """The same events in wider stretches, which begin at multiples of their width; ascending."""
    together: defaultdict[tuple[int, Group], list[Row]] = defaultdict(list)
    for row in rows:
        together[row.start_us - row.start_us % width_us, row.group].append(row)
    return [one_of(start_us, group, parts) for (start_us, group), parts in sorted(together.items())]


def one_of(start_us: int, group: Group, parts: Iterable[Row]) -> Row:
    """One row of several; of none, one without events."""
    rows = list(parts)
    return Row(
        start_us,
        *group,
        events=sum(row.events for row in rows),
        errors=sum(row.errors for row in rows),
        requests=sum(row.requests for row in rows),
        server_errors=sum(row.server_errors for row in rows),
        last_ms=max((row.last_ms for row in rows), default=0),
        durations=merged(row.durations for row in rows),
    )
