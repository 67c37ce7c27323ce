"""Which answers are kept, and when is one of them still right? See docs/adr/0020."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from logboom.clock import Clock
from logboom.telemetry import ApiMetrics
from search_api.searching.versions import Version

_OVERHEAD_BYTES = 512
"""Of an entry besides its answer: its key and its place, about."""

_LARGEST_SHARE = 8


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: bytes
    version: Version
    until_s: float

    @property
    def size(self) -> int:
        return len(self.answer) + _OVERHEAD_BYTES


def digest_of(*parts: object) -> bytes:
    """What stands for a question, however long that is: 32 bytes.

    Args:
        parts: All that the answer depends on; what they are is told by their `repr`.
    """
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


class AnswerCache:
    """The answers that were asked for last, at most so many bytes of them.

    Args:
        most_bytes: Of all answers together; 0: none is kept.
        ttl_s: How long one is kept.
        clock: For their age.
        metrics: Count what was found.
    """

    def __init__(self, most_bytes: int, ttl_s: float, clock: Clock, metrics: ApiMetrics) -> None:
        self._most_bytes = most_bytes
        self._ttl_s = ttl_s
        self._clock = clock
        self._metrics = metrics
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._size = 0

    @property
    def is_used(self) -> bool:
        """False when nothing is kept at all."""
        return self._most_bytes > 0

    def find(self, question: bytes, version: Version) -> bytes | None:
        """The answer to a question, if it is still right.

        Args:
            question: The `digest_of` all that the answer depends on.
            version: Of the events that it is about, as they are now.
        """
        kept = self._kept.get(question)
        if kept is not None and (kept.version != version or self._clock.monotonic() > kept.until_s):
            self._forget(question)
            kept = None
        self._metrics.found_in_cache(found=kept is not None)
        if kept is None:
            return None
        self._kept.move_to_end(question)
        return kept.answer

    def keep(self, question: bytes, version: Version, answer: bytes) -> None:
        """Keeps an answer; what was not asked for longest makes room for it.

        Args:
            question: The `digest_of` all that the answer depends on.
            version: Of the events that it is about, the same before and after it was made.
            answer: JSON.
        """
        kept = _Kept(answer, version, self._clock.monotonic() + self._ttl_s)
        if kept.size > self._most_bytes // _LARGEST_SHARE:
            return
        self._forget(question)
        self._kept[question] = kept
        self._size += kept.size
        while self._size > self._most_bytes:
            self._forget(next(iter(self._kept)))
        self._metrics.cache_bytes.set(self._size)

    def _forget(self, question: bytes) -> None:
        kept = self._kept.pop(question, None)
        if kept is not None:
            self._size -= kept.size
            self._metrics.cache_bytes.set(self._size)
