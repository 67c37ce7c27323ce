"""`logboom up`: the three services as processes on one machine, kept alive, and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from logboom.clock import Clock
from logboom.supervising import Child, Ended

SERVICES: tuple[str, ...] = ("api", "process", "ship")
"""In the order of their start; they are stopped the other way round, so that all is drained."""

_LONGEST_PAUSES_S: Mapping[str, float] = {"api": 30.0, "process": 30.0, "ship": 5.0}
"""Files may be rotated away and deleted while no shipper runs: it is missed first."""


class Supervisor:
    """Starts, watches and stops the services.

    Args:
        settings: The configuration as a mapping, references and short forms resolved.
        clock: For telling a process that ran well from one that fails at once.
        ended: Told of every process that ends unasked.
        kept_open: Descriptors that each service holds as long as it lives.
    """

    def __init__(
        self, settings: Mapping[str, Any], clock: Clock, ended: Callable[[Ended], None],
        kept_open: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self._settings = settings
        self._clock = clock
        self._ended = ended
        self._kept_open = kept_open

    async def run(self, stop: asyncio.Event, services: Sequence[str] = SERVICES) -> None:
        """Keeps the services running until `stop` is set, then stops them in order."""
        children = [self._child(service) for service in services]
        async with asyncio.TaskGroup() as tasks:
            try:
                for child in children:
                    child.keep(tasks)
                await stop.wait()
            finally:
                for child in reversed(children):
                    await child.stop()

    def _child(self, service: str) -> Child:
        return Child(
            service, (service,), self._settings, self._clock, self._ended,
            reads_stdin=service == "ship", longest_pause_s=_LONGEST_PAUSES_S[service],
            kept_open=self._kept_open,
        )  # fmt: skip
