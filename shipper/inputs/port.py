"""What is an input beside files?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shipper.inputs.spool import Spool


@dataclass(frozen=True, slots=True)
class InputStatus:
    """How an input is.

    Attributes:
        counters: Totals since the start, by the metric names of `logboom.telemetry`.
        troubles: What is wrong now, one line each.
    """

    counters: Mapping[str, float] = field(default_factory=dict)
    troubles: Sequence[str] = ()


class NetworkInput(Protocol):
    """Receives events and appends them to its spools; the shipper does the rest."""

    @property
    def spools(self) -> Sequence[Spool]:
        """Opened, synced, tidied and settled by the shipper."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Receives until `stop` is set, and ends soon after.

        Called when the spools are open and followed. What was received and not appended by then
        is not acknowledged to its sender.

        Raises:
            LogboomError: When it cannot work at all, for example because its port is taken.
        """
        ...

    def status(self) -> InputStatus:
        """How it is now; asked every second."""
        ...
