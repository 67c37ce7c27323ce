"""How does it go with deciding: what does it tell of itself?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class GroupStanding:
    """One group of rules.

    Attributes:
        rules: How many it has.
        every_us: How often it is due.
        last_us: The last instant that was evaluated; None before the first.
        took_s: How long the last evaluation took.
        questions: How many questions to the store it needed.
        known_us: Since when it is to be evaluated.
        success_us: When it was evaluated last while no rule failed; None before that.
    """

    rules: int
    every_us: int
    last_us: int | None = None
    took_s: float = 0.0
    questions: int = 0
    known_us: int | None = None
    success_us: int | None = None


@dataclass(slots=True)
class Standing:
    """All of it.

    Attributes:
        is_leading: False while another process decides.
        groups: By name.
        failures: Why rules cannot be evaluated, by `group/name`.
        problems: What is wrong with files of rules, by where.
        held: Rules that wait since the pipeline is late.
        late_s: How late the pipeline is.
        evaluations: Of rules, since the start; those for late events are not among them.
        failed: Of these, those that failed.
        transitions: Told since the start, by state.
        passed_over: Instants that were not evaluated, since the downtime was too long.
        rewound: Rules that were evaluated for times that are still to come, with a clock that was wrong.
        reevaluated: Windows that were evaluated again for late events.
        untold: Firings that are over and that late events have shown, too many to be told.
        overflow: Series that could not be followed, by rule.
        success_us: When all groups were evaluated last without a failure; None before that.
        heartbeats: Signs of life that were sent.
        heartbeat_trouble: Why the last one could not be sent; empty when it was.
    """

    is_leading: bool = False
    groups: dict[str, GroupStanding] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    late_s: float = 0.0
    evaluations: int = 0
    failed: int = 0
    transitions: dict[str, int] = field(default_factory=lambda: {"firing": 0, "resolved": 0})
    passed_over: int = 0
    rewound: int = 0
    reevaluated: int = 0
    untold: int = 0
    overflow: dict[str, int] = field(default_factory=dict)
    success_us: int | None = None
    heartbeats: int = 0
    heartbeat_trouble: str = ""

    def note_success(self, name: str, now_us: int) -> None:
        """Notes that a group was evaluated while no rule failed."""
        self.groups[name].success_us = now_us
        known = [one.success_us for one in self.groups.values() if one.success_us is not None]
        if len(known) == len(self.groups):
            self.success_us = min(known)

    def lag_s(self, now_us: int) -> float:
        """How far the group that is furthest behind is behind, in seconds, beyond its own interval."""
        behind = [
            (now_us - since_us - one.every_us) / 1e6
            for one in self.groups.values()
            if (since_us := one.known_us if one.last_us is None else one.last_us) is not None
        ]
        return max([0.0, *behind])

    def parts(self, now_us: int) -> list[dict[str, str]]:
        """As parts of the health, the good ones included."""
        parts = [
            {"name": f"alert rules of {where}", "state": "invalid", "detail": problem}
            for where, problem in self.problems.items()
        ]
        if self.heartbeat_trouble and self.is_leading:
            detail = f"{self.heartbeat_trouble}: nobody outside knows that alerts are decided"
            parts.append({"name": "heartbeat", "state": "failing", "detail": detail})
        if not self.groups or not self.is_leading:
            return parts
        if self.failures:
            name, why = next(iter(self.failures.items()))
            others = f", and {len(self.failures) - 1} more" if len(self.failures) > 1 else ""
            detail = f"{name} cannot be evaluated: {why}{others}"
            return [*parts, {"name": "alerts", "state": "failing", "detail": detail}]
        lag_s = self.lag_s(now_us)
        if lag_s > _LATE_S:
            detail = f"rules are evaluated {lag_s:.0f} s late"
            return [*parts, {"name": "alerts", "state": "late", "detail": detail}]
        number = sum(one.rules for one in self.groups.values())
        return [*parts, {"name": "alerts", "state": "running", "detail": f"{number} rules"}]


_LATE_S = 60.0
