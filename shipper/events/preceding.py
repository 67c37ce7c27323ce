"""What stands before the place where a file is read on?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_BYTE_ORDER_MARK = "\ufeff"
_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Preceding:
    """Two parts of a file, of which nothing is made.

    Attributes:
        head: Its first bytes, also those behind the place: they tell the format and the columns.
        near: The bytes right before the place: what has begun there may go on.
    """

    head: bytes = b""
    near: bytes = b""

    @classmethod
    def of(cls, read: Callable[[int, int], bytes], offset: int) -> Preceding:
        """Reads both parts.

        Args:
            read: Gives so many bytes of the file, from a place on.
            offset: Where it is read on.

        Raises:
            OSError: When it cannot be read.
        """
        start = max(offset - _MOST_BYTES, 0)
        return cls(read(_MOST_BYTES, 0), read(offset - start, start))

    def text(self, encoding: str) -> str:
        """What is right before the place."""
        return self.near.decode(encoding, "backslashreplace")

    def lines(self, encoding: str) -> list[str]:
        """The lines of both parts; those of the head alone when it holds the other one."""
        text = self.head.decode(encoding, "backslashreplace").removeprefix(_BYTE_ORDER_MARK)
        if not self.head.startswith(self.near):
            text = text[: text.rfind("\n") + 1] + self.text(encoding)
        return [line.rstrip("\r") for line in text.split("\n")]
