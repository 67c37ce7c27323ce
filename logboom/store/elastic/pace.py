"""How much do we ask of Elasticsearch at once? Less when it is overloaded, more again when it is not."""

from __future__ import annotations

import asyncio

_LEAST_BYTES = 256 * 1024
_SLACK_BYTES = 16 * 1024
"""What a request may have more than its share, so that no small one is left over."""

_GOOD_BEFORE_MORE = 8


class Pace:
    """Size and number of the bulk requests under way.

    Every sign of overload halves what is under way: first the number of requests, then their size.
    Some successes in a row take one such step back.

    Args:
        max_bytes: Of one request, as configured.
        max_requests: Under way at once, as configured.
    """

    def __init__(self, max_bytes: int, max_requests: int) -> None:
        self._max_bytes = max_bytes
        self._max_requests = max_requests
        self._good = 0
        self._taken = 0
        self._freed = asyncio.Event()
        self.bytes = max_bytes
        self.requests = max_requests

    async def take_place(self) -> None:
        """Waits until one more request may be under way, whoever sent the others."""
        while self._taken >= self.requests:
            self._freed.clear()
            await self._freed.wait()
        self._taken += 1

    def give_place_back(self) -> None:
        """A request is under way no more."""
        self._taken -= 1
        self._freed.set()

    def share(self, total_bytes: int) -> int:
        """How large requests should be so that all that are under way at once end together.

        Args:
            total_bytes: Of all that is to be sent.
        """
        at_once = self.bytes * self.requests
        parts = max(1, -(-total_bytes // at_once)) * self.requests
        return min(self.bytes, max(total_bytes // parts + _SLACK_BYTES, _LEAST_BYTES))

    @property
    def is_slowed(self) -> bool:
        """True while less is asked than is configured."""
        return self.bytes < self._max_bytes or self.requests < self._max_requests

    def slow_down(self) -> None:
        """The server asked for less."""
        self._good = 0
        if self.requests > 1:
            self.requests //= 2
        else:
            self.bytes = max(self.bytes // 2, min(_LEAST_BYTES, self._max_bytes))

    def too_large(self, size: int) -> None:
        """A request of this size was too large, for the server or for a proxy before it."""
        self._max_bytes = min(self._max_bytes, max(size // 2, _LEAST_BYTES))
        self.bytes = min(self.bytes, self._max_bytes)

    def went_well(self) -> None:
        """A request was taken as a whole."""
        if not self.is_slowed:
            return
        self._good += 1
        if self._good < _GOOD_BEFORE_MORE:
            return
        self._good = 0
        if self.bytes < self._max_bytes:
            self.bytes = min(self.bytes * 2, self._max_bytes)
        else:
            self.requests += 1
