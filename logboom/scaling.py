"""What does a machine tell of the number of its processors?"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

_PREFIX = "scaling/"
MOST_CHANGES = 20
"""Changes that are told; older ones are forgotten."""


class ScalingChange(BaseModel):
    """The number of processors was changed.

    Attributes:
        at_ns: When, ns since the epoch.
        before: So many there were.
        after: So many there are to be.
        reason: Why, in words for people.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at_ns: int
    before: int
    after: int
    reason: str


class ScalingStatus(BaseModel):
    """One machine's processors, as the process that starts and stops them tells it every second.

    Attributes:
        host: The machine's name, and the process.
        at_ns: When this was written, ns since the epoch.
        processors: So many are to run.
        running: So many do.
        least: Never fewer are to run.
        most: Never more.
        lag: Events that wait; None when the broker did not tell.
        cpu: Part of a core that each uses, on average; None when that is not known.
        ups: How often there became more, since the start.
        downs: How often there became fewer.
        changes: The last ones, newest first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    at_ns: int
    processors: int
    running: int
    least: int
    most: int
    lag: int | None = None
    cpu: float | None = None
    ups: int = 0
    downs: int = 0
    changes: tuple[ScalingChange, ...] = ()

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"{_PREFIX}{self.host}"

    def sentence(self, now_ns: int) -> str:
        """How it is, in words for people."""
        words = f"{self.running} of {self.processors} processors run ({self.least} to {self.most})"
        if not self.changes:
            return words
        last = self.changes[0]
        minutes = max(0, now_ns - last.at_ns) / 60e9
        return f"{words}; from {last.before} to {last.after} {minutes:.0f} min ago: {last.reason}"


def decode_scaling(entries: Mapping[str, bytes]) -> list[ScalingStatus]:
    """The machines' numbers among what `Broker.read_status` gave, by host."""
    return [
        ScalingStatus.model_validate_json(value)
        for key, value in sorted(entries.items())
        if key.startswith(_PREFIX)
    ]
