"""What is a rule, and what is a group of rules?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final, Literal

from logboom.query.model import Query
from search_api.alerts.measures import Condition, Kind
from search_api.alerts.when import When

US: Final = 1_000_000
DAY_US: Final = 86_400 * US

NoData = Literal["ok", "alert", "keep"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alert is wanted, and what it says.

    Attributes:
        group: Name of its group.
        name: Unique within the group; the label `alertname`.
        when: What is measured, and when it is too much.
        over_us: Length of the window of event times.
        every_us: How often it is evaluated: at multiples of this since the epoch.
        by: Stored names of the fields whose values make a series each.
        where: Which events are looked at.
        where_text: The same as written.
        min_events: Fewer events in the window say nothing: the condition does not hold.
        for_us: It must hold for so long before it fires.
        keep_us: It must not hold for so long before it resolves.
        no_data: What it means that nothing can be measured.
        baseline_us: What a spike is compared to: the same time of day within so many days before (whole
            days), or the windows of so long before.
        remember_us: A series that is silent for longer is forgotten.
        labels: Of the alert; `severity` among them.
        annotations: Templates by name.
    """

    group: str
    name: str
    when: When
    over_us: int
    every_us: int
    by: tuple[str, ...]
    where: Query
    where_text: str
    min_events: int = 0
    for_us: int = 0
    keep_us: int = 0
    no_data: NoData = "ok"
    baseline_us: int = 7 * DAY_US
    remember_us: int = 7 * DAY_US
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`group/name`."""
        return f"{self.group}/{self.name}"

    @property
    def condition(self) -> Condition:
        """The first comparison: what is told as the value is that of this one."""
        return self.when.ways[0][0].condition

    @property
    def singles(self) -> tuple[Rule, ...]:
        """A rule for each of its comparisons, otherwise the same."""
        conditions = self.when.conditions
        if len(conditions) == 1:
            return (self,)
        return tuple(replace(self, when=When.of(one)) for one in conditions)

    @property
    def series_by(self) -> tuple[str, ...]:
        """The fields that tell series apart: those of `by`, and the group of errors that is new."""
        if self.condition.measure.kind is Kind.NEW_ERROR and FINGERPRINT not in self.by:
            return (*self.by, FINGERPRINT)
        return self.by

    @property
    def remembers(self) -> bool:
        """True when series that have gone silent matter to it."""
        return self.no_data == "alert" or any(part.looks_down for part in self.when.parts)

    @property
    def told(self) -> str:
        """The condition in words."""
        return f"{self.when.text} over {duration_text(self.over_us)}"

    def fingerprint(self) -> str:
        """Differs when states of this rule mean nothing to another one of the same name."""
        meant = (self.when.text, self.over_us, self.by, self.where_text, self.no_data)
        return blake2b(repr(meant).encode(), digest_size=8).hexdigest()


FINGERPRINT: Final = "error.fingerprint"


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated together.

    Attributes:
        origin: The file, or `api`.
    """

    name: str
    every_us: int
    rules: tuple[Rule, ...]
    origin: str


_UNITS: Final = (("d", DAY_US), ("h", 3600 * US), ("m", 60 * US), ("s", US), ("ms", 1000))


def duration_text(us: int) -> str:
    """A duration as a rule writes it: `1h30m`."""
    text, left = "", us
    for unit, width in _UNITS:
        count, left = divmod(left, width)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
