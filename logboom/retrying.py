"""How long to wait before trying again."""

from __future__ import annotations

import asyncio
import random


class Backoff:
    """Waits that double up to a bound, with full jitter, so that many do not come back at once.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        first_s: Upper bound of the first wait.
        most_s: Upper bound of all waits.
    """

    def __init__(self, *, first_s: float = 0.1, most_s: float = 5.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self.tries = 0

    def next_wait_s(self) -> float:
        """The next wait; every call makes the one after it longer."""
        bound = min(self._most_s, self._first_s * 2.0 ** min(self.tries, 30))
        self.tries += 1
        return bound * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing

    async def wait(self) -> None:
        """Sleeps for the next wait."""
        await asyncio.sleep(self.next_wait_s())

    def reset(self) -> None:
        """Begins anew after a success."""
        self.tries = 0
