"""What does a store take only so much of, and how near to that is it?"""

from __future__ import annotations

from dataclasses import dataclass

NEAR = 0.85
"""From this share on, people are told."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Something of which the store takes only so much.

    Attributes:
        kind: What is counted: `fields`, `shards` or `percent of disk`.
        of: Of which index, cluster or node.
        used: How much there is.
        most: How much may be.
        mend: What happens beyond it, and what helps.
    """

    kind: str
    of: str
    used: float
    most: float
    mend: str

    @property
    def share(self) -> float:
        """From 0 for nothing to 1 for all of it."""
        return self.used / self.most if self.most else 1.0

    @property
    def is_near(self) -> bool:
        """True when it will soon be reached, or is."""
        return self.share >= NEAR

    def sentence(self) -> str:
        """One line for people."""
        return f"{self.of} has {self.used:g} of {self.most:g} {self.kind}: {self.mend}"
