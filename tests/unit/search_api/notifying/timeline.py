"""Timelines of alerts under a virtual clock: what fires when, and what was told by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from logboom.config.notifying import NotifyingSection
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.decide import decide
from search_api.notifying.group import Delivery, Group
from search_api.notifying.plan import Plan, plan_of
from search_api.notifying.quiet import Quiet, Silence

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday
NAMES = ("team", "oncall", "lead", "head")
TOP = {"receiver": "team", "group_by": ["alertname"], "group_wait": "10s", "group_interval": "1m",
       "repeat_interval": "4h"}  # fmt: skip
"""The settings of a route that most timelines run on."""


def plan(**settings: Any) -> Plan:
    """A plan with four receivers."""
    receivers = settings.pop("receivers", None) or [
        {"name": name, "webhook": "https://ops.example/hook"} for name in NAMES
    ]
    made = plan_of(NotifyingSection.model_validate({"receivers": receivers, **settings}))
    assert made is not None
    return made


def alert(episode: str, *, at: datetime = START, **labels: str) -> Alert:
    """An alert that fires; its name is its episode's unless labels say otherwise."""
    named = {name.replace("__", "."): value for name, value in labels.items()}
    return Alert(
        labels={"alertname": episode.rstrip("0123456789"), "severity": "high", **named},
        annotations={"summary": f"{episode} is bad"},
        episode=episode,
        state=AlertState.FIRING,
        starts_at=at,
        ends_at=None,
        value=0.2,
        condition="error_rate > 0.05 over 2m",
        query="service:checkout",
        window=(at - timedelta(minutes=2), at),
        samples=({"message": "payment failed", "log": {"level": "error"}},),
        error_group=None,
        rule="shop/errors",
        threshold=0.05,
        unit="share",
    )


@dataclass
class Timeline:
    """Runs time second by second; messages are delivered at once unless `stuck` says otherwise."""

    plan: Plan
    now: datetime = START
    groups: Mapping[str, Group] = field(default_factory=dict)
    silences: list[Silence] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    stuck: bool = False
    told: list[tuple[float, Delivery]] = field(default_factory=list)
    known: dict[str, Alert] = field(default_factory=dict)

    def fire(self, episode: str, **labels: str) -> None:
        self.known[episode] = alert(episode, at=self.now, **labels)
        self._step([self.known[episode]])

    def resolve(self, *episodes: str) -> None:
        self._step([
            replace(self.known[one], state=AlertState.RESOLVED, ends_at=self.now)
            for one in episodes
        ])  # fmt: skip

    def run(self, seconds: float, step_s: float = 1.0) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now += timedelta(seconds=step_s)
            self._step([])

    def silence(self, matchers: list[str], seconds: float, *, after_s: float = 0) -> None:
        begin = self.now + timedelta(seconds=after_s)
        value = {
            "matchers": matchers, "starts_at": begin.isoformat(), "author": "kim", "comment": "",
            "ends_at": (begin + timedelta(seconds=seconds)).isoformat(),
        }  # fmt: skip
        self.silences.append(Silence.from_json(str(len(self.silences)), value))

    def seen(self) -> list[tuple[float, str, str, str]]:
        """What was told since the last look: at which second, to whom, which kind, which episodes."""
        rows = [
            (second, one.receiver, _kind(one), " ".join(_mark(*pair) for pair in one.alerts))
            for second, one in self.told
        ]
        self.told = []
        return rows

    def _step(self, alerts: list[Alert]) -> None:
        quiet = Quiet(self.silences, frozenset(self.acknowledged))
        decision = decide(self.groups, alerts, self.plan, quiet, self.now)
        self.groups = {
            key: group if group is self.groups.get(key) else Group.from_json(key, group.to_json())
            for key, group in decision.groups.items()
        }
        if not self.stuck:
            self.groups = {
                key: group.without_pending(one.key for one in group.pending)
                if group.pending
                else group
                for key, group in self.groups.items()
            }
        second = (self.now - START).total_seconds()
        self.told += [(second, one) for one in decision.notifications]


def _kind(delivery: Delivery) -> str:
    return f"{delivery.kind}{delivery.level or ''}"


def _mark(episode: str, state: AlertState) -> str:
    return episode if state is AlertState.FIRING else f"-{episode}"
