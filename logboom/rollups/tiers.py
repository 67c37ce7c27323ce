"""How finely is time cut, and which cut answers a question?"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from logboom.config import RollupsSection

_US = 1_000_000


class Tier(Enum):
    """A width of the stretches that rows stand for, in seconds; each is a multiple of the one before."""

    MINUTE = 60
    FIVE_MINUTES = 300
    HOUR = 3600

    @property
    def text(self) -> str:
        """Its name: `1m`, `5m` or `1h`."""
        return _TEXTS[self]

    @property
    def width_us(self) -> int:
        """Its width, µs."""
        return self.value * _US

    @property
    def below(self) -> Tier | None:
        """The next finer one."""
        finer = [tier for tier in Tier if tier.value < self.value]
        return finer[-1] if finer else None

    def start_us(self, time_us: int) -> int:
        """The begin of the stretch that a time lies in, µs since the epoch."""
        return time_us - time_us % self.width_us

    def kept_for(self, section: RollupsSection) -> timedelta:
        """How long its rows are kept."""
        match self:
            case Tier.MINUTE:
                return section.minutes
            case Tier.FIVE_MINUTES:
                return section.five_minutes
            case Tier.HOUR:
                return section.hours

    def is_kept(self, section: RollupsSection, start_us: int, now_us: int) -> bool:
        """True while rows of a stretch that begins then are kept."""
        return start_us >= self.kept_since_us(section, now_us)

    def kept_since_us(self, section: RollupsSection, now_us: int) -> int:
        """The begin of the oldest stretch whose rows are kept."""
        return now_us - round(self.kept_for(section).total_seconds()) * _US


_TEXTS = {Tier.MINUTE: "1m", Tier.FIVE_MINUTES: "5m", Tier.HOUR: "1h"}
