"""How are sets of events compared, whatever their order?"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_MODULUS = 1 << 256


class Digest:
    """The sum of the SHA-256 of all lines, modulo 2^256: two stores that hold the same lines agree.

    Args:
        text: An earlier state, to go on from.
    """

    def __init__(self, text: str = "0") -> None:
        self._sum = int(text, 16)

    def add(self, lines: Iterable[bytes]) -> None:
        """Takes in lines, each an event as it is stored."""
        total = self._sum
        for line in lines:
            total += int.from_bytes(sha256(line).digest(), "big")
        self._sum = total % _MODULUS

    def text(self) -> str:
        """64 hexadecimal digits."""
        return f"{self._sum:064x}"
