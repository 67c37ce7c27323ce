"""Which settings say how many processors one machine runs?"""

from __future__ import annotations

import os
from datetime import timedelta

from pydantic import Field, model_validator

from logboom.config.section import Section
from logboom.config.units import Duration

_MOST = 200
_FEWEST_BY_DEFAULT = 2
_MOST_BY_DEFAULT = 20


class ScaleSection(Section):
    """How many processors `logboom process` runs on this machine, by lag and CPU."""

    min: int = Field(_FEWEST_BY_DEFAULT, ge=1, le=_MOST, description="Never fewer than these.")
    max: int | None = Field(
        None,
        ge=1,
        le=_MOST,
        description="Never more; default: one for each core, 2 at least, 20 at most.",
    )
    up_at: float = Field(
        0.7, gt=0, le=1, description="One more when they use more of a core than this, each."
    )
    down_at: float = Field(
        0.3, ge=0, lt=1, description="One less when they use less than this for a whole cooldown."
    )
    cooldown: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="Time between two changes, at least.",
    )
    lag_per_processor: int = Field(
        100_000, ge=1, description="More when more events than this wait for each of them."
    )

    @property
    def most(self) -> int:
        """`max`, or what fits this machine."""
        if self.max is not None:
            return self.max
        return max(self.min, min(_MOST_BY_DEFAULT, max(_FEWEST_BY_DEFAULT, os.cpu_count() or 1)))

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> ScaleSection:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"has max {self.max} below min {self.min}")
        if self.down_at >= self.up_at:
            raise ValueError("needs `down_at` below `up_at`: else it would go up and down for ever")
        return self
