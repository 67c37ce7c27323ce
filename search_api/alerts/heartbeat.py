"""How does somebody outside notice that nobody decides any more?"""

from __future__ import annotations

import asyncio
import logging

from logboom.clock import Clock
from logboom.config import HeartbeatSection
from search_api.alerts.standing import Standing

log = logging.getLogger("logboom.alerts")

_PATIENCE_S = 10.0


class Heartbeat:
    """Sends a sign of life for as long as all groups are evaluated in time.

    Args:
        section: Where to, and how often.
        clock: For the time.
        patience_s: So long one may take, however slowly it is answered.
    """

    def __init__(
        self, section: HeartbeatSection, clock: Clock, *, patience_s: float = _PATIENCE_S
    ) -> None:
        self._section = section
        self._patience_s = patience_s
        self._clock = clock
        self._due = 0.0

    async def beat(self, standing: Standing) -> None:
        """Sends one when it is due, and all is well.

        Args:
            standing: How it goes; is told of the outcome.
        """
        now = self._clock.monotonic()
        every_s = self._section.every.total_seconds()
        late = standing.lag_s(self._clock.now_ns() // 1000) > every_s
        if now < self._due or standing.success_us is None or late:
            return
        import httpx  # noqa: PLC0415 - takes long to load, and most have no heartbeat

        self._due = now + every_s
        try:
            async with (
                asyncio.timeout(self._patience_s),
                httpx.AsyncClient(timeout=self._patience_s, follow_redirects=False) as client,
            ):
                answer = await client.post(self._section.url, json={"status": "ok"})
                answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # Its text may hold the address, which may be a secret.
            standing.heartbeat_trouble = f"the heartbeat was not taken: {type(error).__name__}"
            log.warning("%s", standing.heartbeat_trouble)
        else:
            standing.heartbeats += 1
            standing.heartbeat_trouble = ""
