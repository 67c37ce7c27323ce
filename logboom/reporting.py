"""How does a service tell, again and again, how it is?"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Mapping
from typing import Literal

from logboom import __version__
from logboom.broker import Broker
from logboom.clock import Clock
from logboom.errors import LogboomError
from logboom.lifecycle import RESTARTS_WITHIN_S
from logboom.status import DamagedFile, ServiceStatus

log = logging.getLogger("logboom.status")

INTERVAL_S = 1.0
_KEPT_ERRORS = 5


class Reporter:
    """Posts a service's status every second.

    Args:
        broker: Has the status stream.
        service: Which service this is.
        instance: Its name among its like.
        clock: For the times in the entries.
        restarts: How often its supervisor started it again lately.
        ended: Why it had ended then.
    """

    def __init__(
        self, broker: Broker, service: Literal["shipper", "processor", "api"], instance: str,
        clock: Clock, *, restarts: int = 0, ended: str | None = None,
    ) -> None:  # fmt: skip
        self._broker = broker
        self._service: Literal["shipper", "processor", "api"] = service
        self._instance = instance
        self._clock = clock
        self._started_ns = clock.now_ns()
        self._restarts = [self._started_ns] * restarts
        self._errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        self._ended = ended
        self._silent = False
        self.looked_ns: int | None = None
        self.damaged: tuple[DamagedFile, ...] = ()
        self.state: Literal["starting", "running", "waiting", "stopping", "stopped"] = "starting"
        self.waiting_for: str | None = None

    def trouble(self, sentence: str) -> None:
        """Remembers a trouble, newest first; one that repeats is kept once."""
        if sentence not in self._errors:
            self._errors.appendleft(sentence)

    def settled(self, sentence: str) -> None:
        """A trouble is over; nothing is left of it. Idempotent."""
        if sentence in self._errors:
            self._errors.remove(sentence)

    def began_anew(self, why: str) -> None:
        """What the service does had ended unasked: that counts as if the service had been restarted."""
        self._ended = why
        self._started_ns = self._clock.now_ns()
        within_ns = int(RESTARTS_WITHIN_S * 1e9)
        self._restarts = [ns for ns in self._restarts if self._started_ns - ns < within_ns]
        self._restarts.append(self._started_ns)

    def status(self, counters: Mapping[str, float]) -> ServiceStatus:
        """How the service is now."""
        return ServiceStatus(
            service=self._service, instance=self._instance, pid=os.getpid(),
            host=socket.gethostname(), version=__version__, started_ns=self._started_ns,
            at_ns=self._clock.now_ns(), state=self.state, waiting_for=self.waiting_for,
            counters=counters, errors=tuple(self._errors), restarts=len(self._restarts),
            looked_ns=self.looked_ns, ended=self._ended, damaged=self.damaged,
        )  # fmt: skip

    async def post(self, counters: Mapping[str, float], more: Mapping[str, bytes]) -> bool:
        """Posts once, the service's own entry last, which speaks of the others.

        Returns:
            False when it did not arrive, which is no reason to stop working.
        """
        status = self.status(counters)
        try:
            await self._broker.post_status({**more, status.key: status.model_dump_json().encode()})
        except LogboomError as error:
            if not self._silent:
                log.warning("the status cannot be posted: %s", error.sentence())
            self._silent = True
            return False
        self._silent = False
        return True
