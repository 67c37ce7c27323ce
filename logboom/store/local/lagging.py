"""Which days' indices stay behind their events?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.clock import Clock
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.folders import DayFolder

_PATIENCE_S = 30.0
"""An index follows within seconds where somebody writes, and has the room for it."""


class Lagging:
    """Remembers since when an index has got no further."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[DayFolder, tuple[int, float]] = {}

    def troubles(self, days: Sequence[Snapshot]) -> list[str]:
        """What events cannot be found, a sentence for each day that has had some for long."""
        now, before = self._clock.monotonic(), self._since
        self._since, troubles = {}, []
        for day in days:
            visible, held = day.searcher.num_docs, day.documents.count()
            if visible >= held:
                continue
            then, since = before.get(day.folder, (visible, now))
            since = since if then == visible else now
            self._since[day.folder] = visible, since
            if now - since >= _PATIENCE_S:
                troubles.append(
                    f"searches see {visible} of the {held} events of {day.folder.day}: the others wait for"
                    " a processor, or for room on its disk"
                )
        return troubles
