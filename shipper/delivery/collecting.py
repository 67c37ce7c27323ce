"""Which segments go into one batch?"""

from __future__ import annotations

from logboom.broker import Message
from shipper.delivery.batches import Batch, Segment
from shipper.events.assembly import Assembled


class Collector:
    """Gathers segments until there are enough for a batch, or they have waited long enough.

    Args:
        last_sequence: Number of the last batch before.
        max_events: Events that make a batch full.
        max_bytes: Bytes of messages that make a batch full.
        linger_s: Seconds that the first segment waits for others.
    """

    def __init__(
        self, *, last_sequence: int, max_events: int, max_bytes: int, linger_s: float
    ) -> None:
        self._sequence = last_sequence
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._linger_s = linger_s
        self._segments: list[Segment] = []
        self._messages: list[Message] = []
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
        self._messages.extend(assembled.messages)
        self._size_bytes += assembled.size_bytes

    @property
    def full(self) -> bool:
        """There is enough for a batch."""
        return len(self._messages) >= self._max_events or self._size_bytes >= self._max_bytes

    def wait_s(self, now: float) -> float | None:
        """Seconds until what is there has waited long enough; None when nothing is there."""
        return max(0.0, self._due - now) if self._segments else None

    def take(self) -> Batch | None:
        """What is there, as one batch; None when nothing is."""
        if not self._segments:
            return None
        self._sequence += 1
        batch = Batch(self._sequence, self._segments, self._messages, self._size_bytes)
        self._segments, self._messages, self._size_bytes = [], [], 0
        return batch
