"""How long does something usually take that is done again and again?

Those who rest in proportion to what they cost go by this: a single long one, as a store's own work
brings it about, does not hold them up for as many times as long; the share that they take stays the same.
"""

from __future__ import annotations

from typing import Final

_WEIGHT: Final = 0.2
"""Of the last one."""


class Usual:
    """A running mean, in which each new one counts for a fifth.

    Attributes:
        seconds: What it usually takes; 0 before the first.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def took(self, seconds: float) -> None:
        """Notes how long it took this time."""
        self.seconds += _WEIGHT * (seconds - self.seconds)
