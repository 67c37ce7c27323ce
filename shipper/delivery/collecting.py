"""Which segments go into one batch?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logboom.broker import Message
from logboom.broker.runs import Runs
from shipper.batches import Batch, Segment
from shipper.events.assembly import Assembled


class Collector:
    """Gathers segments until there are enough for a batch, or they have waited long enough.

    Args:
        numbers: Gives each batch its number; others may take numbers from it, too.
        max_events: Events that make a batch full.
        max_bytes: Bytes of messages that make a batch full.
        linger_s: Seconds that the first segment waits for others.
    """

    def __init__(
        self, *, numbers: Iterator[int], max_events: int, max_bytes: int, linger_s: float
    ) -> None:
        self._numbers = numbers
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._linger_s = linger_s
        self._segments: list[Segment] = []
        self._messages: list[Sequence[Message]] = []
        self._events = 0
        self._size_bytes = 0
        self._due = 0.0

    def add(self, assembled: Assembled, *, now: float) -> None:
        """Adds a segment.

        Args:
            now: Monotonic seconds.
        """
        if assembled.segment is None:
            return
        if not self._segments:
            self._due = now + self._linger_s
        self._segments.append(assembled.segment)
        self._messages.append(assembled.messages)
        self._events += len(assembled.segment.starts)
        self._size_bytes += assembled.size_bytes

    @property
    def full(self) -> bool:
        """There is enough for a batch."""
        return self._events >= self._max_events or self._size_bytes >= self._max_bytes

    def wait_s(self, now: float) -> float | None:
        """Seconds until what is there has waited long enough; None when nothing is there."""
        return max(0.0, self._due - now) if self._segments else None

    def take(self) -> Batch | None:
        """What is there, as one batch; None when nothing is."""
        if not self._segments:
            return None
        batch = Batch(
            next(self._numbers), self._segments, together(self._messages), self._size_bytes
        )
        self._segments, self._messages, self._events, self._size_bytes = [], [], 0, 0
        return batch


def together(parts: Sequence[Sequence[Message]]) -> Sequence[Message]:
    """The messages of several segments as those of one batch."""
    runs = [part for part in parts if isinstance(part, Runs)]
    if len(runs) == len(parts):
        return Runs([run for part in runs for run in part.runs])
    return [message for part in parts for message in part]


def numbers_after(last: int) -> Iterator[int]:
    """The numbers of the batches that follow."""
    while True:
        last += 1
        yield last
