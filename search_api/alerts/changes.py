"""Which windows that were evaluated have late events changed since?

Before an evaluation asks its questions it is counted how many events of the times that it looks at were stored within
the last minute, minute by minute. Behind the questions of the next one the same is counted again: where there are more
now, they came after the evaluation, and what the questions have found late is among them. Only what was stored
lately is looked at, so it costs little.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from logboom.clock import utc_text
from logboom.errors import LogboomError, StateError
from logboom.query.model import Range
from logboom.store.cells import CellsRequest
from search_api.alerts.rules import US
from search_api.alerts.source import Source

log = logging.getLogger("logboom.alerts")

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
        self._noted: Counted | None = None
        if begun_us is not None:  # what they had counted is not known: all of it may be late
            times = (begun_us - reach_us, begun_us)
            dealt_us = begun_us if arrived_us is None else min(begun_us, arrived_us)
            self._before = Counted(dealt_us - _OVERLAP_US, times, {})

    async def note(self, now_us: int, last_us: int) -> None:
        """Counts what has arrived, right before an evaluation asks its questions.

        Args:
            now_us: The present.
            last_us: End of the last window that is evaluated now.

        Raises:
            StoreUnavailable: Ask again later; nothing is missed by that.
        """
        self._noted = None
        self._noted = await count_arrivals(
            self._source, since_us=now_us - _OVERLAP_US, times=(now_us - self._reach_us, last_us)
        )

    async def changed(self) -> tuple[int, int] | None:
        """What has changed since the evaluation before this one; called right behind its questions.

        Returns:
            Begin and end of the event times that late events came for; None when there were none.

        Raises:
            StoreUnavailable: Ask again later; nothing is missed by that.
        """
        before = self._before
        if before is None:
            self._before = self._noted
            return None
        after = await count_arrivals(self._source, since_us=before.since_us, times=before.times)
        self._before = self._noted
        changed = [
            minute
            for minute, count in after.minutes.items()
            if count > before.minutes.get(minute, 0)
        ]
        if not changed:
            return None
        return min(changed), min(max(changed) + _MINUTE_US, before.times[1])


Begun = Callable[[str], Awaitable[tuple[int | None, int | None]]]
"""Up to when a group was evaluated, and before when what came late was dealt with."""


class Arrivals:
    """Follows what arrives for all groups of rules.

    Args:
        source: Asked for counts.
        reach_us: Older events change nothing any more; 0: none does.
        begun: Asked once for each group.
    """

    def __init__(self, source: Source, reach_us: int, begun: Begun) -> None:
        self._source = source
        self._reach_us = reach_us
        self._begun = begun
        self._changes: dict[str, Changes] = {}
        self._noted_us: dict[str, int] = {}
        self._left: dict[str, tuple[int, int]] = {}

    async def note(self, group: str, now_us: int, last_us: int) -> None:
        """Counts what has arrived, right before an evaluation asks its questions.

        Args:
            group: Its name.
            now_us: The present.
            last_us: End of the last window that is evaluated now.

        Raises:
            StateError: It is not known up to when it was evaluated.
        """
        self._noted_us.pop(group, None)
        if not self._reach_us:
            return
        if group not in self._changes:
            begun_us, arrived_us = await self._begun(group)
            begun_us = None if begun_us is None else min(begun_us, last_us)
            self._changes[group] = Changes(self._source, self._reach_us, begun_us, arrived_us)
        try:
            await self._changes[group].note(now_us, last_us)
        except StateError:
            raise
        except LogboomError as error:
            log.warning("it is not known what has come late: %s", error)
        else:
            self._noted_us[group] = now_us

    async def look(self, group: str) -> Arrived:
        """What has come late, with what an evaluation that was cancelled has left.

        Called right behind the questions of an evaluation.
        """
        noted_us = self._noted_us.pop(group, None)
        if noted_us is None:
            return Arrived(self._left.get(group))
        try:
            changed = await self._changes[group].changed()
        except StateError:
            raise
        except LogboomError as error:
            log.warning("it is not known what has come late: %s", error)
            return Arrived(self._left.get(group))
        times = together(changed, self._left.get(group))
        if times is not None:
            self._left[group] = times
        return Arrived(times, noted_us)

    def deal_with(self, group: str) -> None:
        """What was told of a group is dealt with."""
        self._left.pop(group, None)
