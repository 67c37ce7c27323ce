"""What time is it? The only module that reads the wall clock.

Everything that needs the time is given a `Clock`, so that tests can own it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For durations only."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move; for tests and for replays of history."""

    def __init__(self, start: datetime) -> None:
        self._now_ns = int(start.timestamp()) * 1_000_000_000 + start.microsecond * 1000
        self._elapsed_s = 0.0

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        return self._now_ns

    def monotonic(self) -> float:
        """Seconds that this clock was advanced by."""
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Moves both readings forward."""
        self._elapsed_s += seconds
        self._now_ns += round(seconds * 1_000_000_000)


def utc_text(epoch_ns: int) -> str:
    """Writes an instant as ISO 8601 in UTC with as many digits as it needs: 3, 6 or 9.

    Args:
        epoch_ns: Nanoseconds since the epoch; must fall into the years 1 to 9999.

    Returns:
        For example ``2026-11-21T04:09:00.123Z``.
    """
    seconds, fraction_ns = divmod(epoch_ns, 1_000_000_000)
    head = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    head = head if len(head) == 19 else head.rjust(19, "0")
    if fraction_ns % 1_000_000 == 0:
        return f"{head}.{fraction_ns // 1_000_000:03d}Z"
    if fraction_ns % 1000 == 0:
        return f"{head}.{fraction_ns // 1000:06d}Z"
    return f"{head}.{fraction_ns:09d}Z"
