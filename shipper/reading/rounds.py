"""Up to when is everything that was written to the files known?

A file is looked at again and again, and so are the folders. As long as no look is missed, all is known
that can be. After a pause of the process, or of its machine, that has to be shown first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from logboom.clock import Clock
from shipper.reading.sources import Source

_SLACK_NS: Final = 1_000_000_000
"""A look that is late by so much was missed."""


class Rounds:
    """Notes the scans, and says what was looked at in time.

    Args:
        clock: The wall clock counts: others go on while a suspended machine stands still.

    Attributes:
        scan_each_s: Folders are looked at so often.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scanned_ns = 0
        self.scan_each_s = 0.0

    def scanned(self, began_ns: int, added: Iterable[Source]) -> None:
        """Takes in a scan that found everything.

        Args:
            began_ns: When it began, ns since the epoch.
            added: What it found: that may have been written right after the scan before.
        """
        for source in added:
            source.looked_ns = self._scanned_ns
        self._scanned_ns = began_ns

    def looked_ns(self, sources: Iterable[Source]) -> int:
        """What was written before then was seen, ns since the epoch; 0: nothing is known yet.

        Args:
            sources: All that are followed. Those that cannot be read are passed over.
        """
        now_ns = self._clock.now_ns()
        found_ns = now_ns
        if now_ns - self._scanned_ns > round(self.scan_each_s * 1e9) + _SLACK_NS:
            found_ns = self._scanned_ns
        for source in sources:
            looked_ns = source.looked_ns
            if looked_ns < found_ns and source.state not in {"unreadable", "binary"}:
                late_ns = now_ns - looked_ns - _SLACK_NS
                if late_ns > source.look_interval_s * 1e9:
                    found_ns = looked_ns
        return found_ns
