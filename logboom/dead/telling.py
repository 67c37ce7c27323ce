"""How does a service tell of the dead letters of its data folder? When they have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from logboom.clock import Clock
from logboom.dead.store import DeadLetters
from logboom.errors import LogboomError
from logboom.status import DeadStatus

log = logging.getLogger("logboom.dead")

_AGAIN_S = 60.0


class DeadTelling:
    """Watches a file of dead letters.

    Args:
        letters: The dead letters.
        clock: For the time of what is told, and for telling it again now and then.

    Attributes:
        last: What was told last; None before there was a letter.
    """

    def __init__(self, letters: DeadLetters, clock: Clock) -> None:
        self._letters = letters
        self._clock = clock
        self._seen: tuple[tuple[int, int], ...] = ()
        self._next = 0.0
        self._is_told = False
        self.last: DeadStatus | None = None

    async def news(self) -> Mapping[str, bytes]:
        """An entry for the status stream; nothing when nothing has changed of late."""
        seen, now = self._letters.signature(), self._clock.monotonic()
        if not seen or (seen == self._seen and now < self._next):
            return {}
        try:
            status = await asyncio.to_thread(self._letters.status, at_ns=self._clock.now_ns())
        except LogboomError as error:
            if not self._is_told:
                log.warning("%s", error.sentence())
            self._is_told = True
            return {}
        self._is_told = False
        self._seen, self._next, self.last = seen, now + _AGAIN_S, status
        return {} if status is None else {status.key: status.model_dump_json().encode()}
