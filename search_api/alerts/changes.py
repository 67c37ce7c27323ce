"""Which windows that were evaluated have late events changed since?

Before an evaluation it is counted how many events of the times that it looks at were stored within the
last minute, minute by minute. Before the next one the same is counted again: where there are more now,
they came after the evaluation. Only what was stored lately is looked at, so it costs little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from logboom.clock import utc_text
from logboom.query.model import Range
from logboom.store.cells import CellsRequest
from search_api.alerts.rules import US
from search_api.alerts.source import Source

_MINUTE_US: Final = 60 * US
_OVERLAP_US: Final = 60 * US
"""An event is visible so long after `event.ingested` at the latest; of later ones nothing is known."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is known of late events.

    Attributes:
        times: Begin and end of the event times that they came for; None when there were none.
        until_us: Of what was stored before it is known; None: it could not be found out.
    """

    times: tuple[int, int] | None = None
    until_us: int | None = None


def together(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """From the begin of the first of two stretches to the end of the last."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


@dataclass(frozen=True, slots=True)
class Counted:
    """What had arrived lately before an evaluation.

    Attributes:
        since_us: Events that were stored since then were counted.
        times: Begin and end of the event times that were counted.
        minutes: Their number by minute.
    """

    since_us: int
    times: tuple[int, int]
    minutes: Mapping[int, int]


async def count_arrivals(source: Source, *, since_us: int, times: tuple[int, int]) -> Counted:
    """Counts events of some times that were stored since a moment.

    Raises:
        StoreUnavailable: Ask again later.
    """
    start_us, end_us = times[0] - times[0] % _MINUTE_US, times[1]
    if end_us <= start_us:
        return Counted(since_us, times, {})
    stored = Range(
        "event.ingested", utc_text(since_us * 1000), None, include_lower=True, include_upper=False
    )
    cells = await source.cells(CellsRequest(stored, start_us, end_us, _MINUTE_US))
    return Counted(since_us, times, {cell.start_us: cell.count for cell in cells})


class Changes:
    """Follows what arrives for one group of rules.

    Args:
        source: Asked for counts.
        reach_us: Older events change nothing any more.
        begun_us: Up to when somebody else has evaluated the group; None when nobody has.
        arrived_us: Before that they have dealt with what came late; None: it is not known.
    """

    def __init__(
        self, source: Source, reach_us: int, begun_us: int | None, arrived_us: int | None = None
    ) -> None:
        self._source = source
        self._reach_us = reach_us
        self._before: Counted | None = None
        if begun_us is not None:  # what they had counted is not known: all of it may be late
            times = (begun_us - reach_us, begun_us)
            dealt_us = begun_us if arrived_us is None else min(begun_us, arrived_us)
            self._before = Counted(dealt_us - _OVERLAP_US, times, {})

    async def next(self, now_us: int, last_us: int) -> tuple[int, int] | None:
        """What has changed since it was asked last; called right before an evaluation.

        Args:
            now_us: The present.
            last_us: End of the last window that is evaluated now.

        Returns:
            Begin and end of the event times that late events came for; None when there were none.

        Raises:
            StoreUnavailable: Ask again later; nothing is missed by that.
        """
        before = self._before
        changed: list[int] = []
        if before is not None:
            after = await count_arrivals(self._source, since_us=before.since_us, times=before.times)
            changed = [
                minute
                for minute, count in after.minutes.items()
                if count > before.minutes.get(minute, 0)
            ]
        self._before = await count_arrivals(
            self._source, since_us=now_us - _OVERLAP_US, times=(now_us - self._reach_us, last_us)
        )
        if not changed or before is None:
            return None
        return min(changed), min(max(changed) + _MINUTE_US, before.times[1])
