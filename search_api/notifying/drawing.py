"""What is drawn for an alert: the events that it is about, minute by minute?"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from logboom.errors import LogboomError
from logboom.store import Store, TimeRange
from search_api.alerts.alert import Alert
from search_api.notifying.picture import picture
from search_api.searching.asking import understand

log = logging.getLogger("logboom.notifying")

_BEFORE: Final = timedelta(hours=1)
_STEP_US: Final = 60_000_000
_MOST_BARS: Final = 120
_LONGEST_S: Final = 3.0


class Drawing:
    """Draws pictures for alerts.

    Args:
        store: Has the events.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def draw(self, alert: Alert) -> bytes | None:
        """The matching events of the hour before the window's end, as a PNG; None without an answer."""
        end_us = _us(alert.window[1])
        begin_us = (end_us - int(_BEFORE.total_seconds() * 1e6)) // _STEP_US * _STEP_US
        try:
            asked = await understand(end_us * 1000, alert.query, None, None, "UTC")
            async with asyncio.timeout(_LONGEST_S):
                found = await self._store.histogram(
                    asked.query, TimeRange(begin_us, end_us), interval_us=_STEP_US, by=None
                )
        except (LogboomError, TimeoutError) as error:
            log.info("an alert is told without a picture: %s", error)
            return None
        counts = [0] * min(_MOST_BARS, max(1, -(-(end_us - begin_us) // _STEP_US)))
        for bucket in found.buckets:
            place = (bucket.start_us - begin_us) // _STEP_US
            if 0 <= place < len(counts):
                counts[place] += bucket.count
        return picture(counts)


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
