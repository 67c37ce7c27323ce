"""Which settings say how long rates are kept, and what they may cost?"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from logboom.config.section import Section
from logboom.config.units import Duration

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=36_500)


class RollupsSection(Section):
    """Rates by service, host and level, worked out of the events by the processor."""

    minutes: Duration = Field(
        timedelta(days=30),
        ge=_DAY,
        le=_LONGEST,
        description="Rows of minutes are kept for so long.",
    )
    five_minutes: Duration = Field(
        timedelta(days=90), ge=_DAY, le=_LONGEST, description="Those of five minutes likewise."
    )
    hours: Duration = Field(
        timedelta(days=365), ge=_DAY, le=_LONGEST, description="Those of hours likewise."
    )
    cpu_share: float = Field(
        0.1,
        ge=0.01,
        le=1.0,
        description="Part of the time, at most, in which rows are worked out.",
    )
