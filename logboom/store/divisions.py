"""How are the matches of a query divided when they are counted?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """How time is cut, and by which field counts are split; the `size` most frequent `values` stay, or of all."""

    width_us: int
    by: str | None
    size: int
    offset_us: int = 0
    values: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """By which field matches are grouped, by which one groups are split, and how many are kept."""

    field: str
    by: str | None
    size: int
    by_size: int
