"""What should the writer of a query know about how it was read?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A hint that comes with an answer; the query was read all the same.

    Attributes:
        text: One sentence.
        position: Index into the query's text, 0-based, in characters.
    """

    text: str
    position: int
