"""What was a file seen to hold, before anything of it was read?"""

from __future__ import annotations

from dataclasses import dataclass

from shipper.files.identity import (
    TELLING_BYTES,
    Readable,
    begins_with,
    fingerprint_length,
    is_at,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells an unread file from others.

    Attributes:
        head: Fingerprint of the first bytes.
        end: Where it was seen to end.
        tail: Fingerprint of the bytes before that.
    """

    head: bytes = b""
    end: int = 0
    tail: bytes = b""

    @property
    def is_telling(self) -> bool:
        """False when next to nothing was seen."""
        return fingerprint_length(self.tail) >= TELLING_BYTES

    def is_in(self, content: Readable) -> bool:
        """True when some content has what was seen, at the same places.

        Raises:
            OSError: When it cannot be read.
        """
        return (
            self.is_telling
            and begins_with(content, self.head)
            and is_at(content, self.end, self.tail)
        )
