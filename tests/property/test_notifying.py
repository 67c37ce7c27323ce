"""Whatever is killed, silent or dead: every alert is told, and its end to whoever was told of it, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.decide import decide
from search_api.notifying.group import Delivery, Group
from search_api.notifying.joining import Groups
from search_api.notifying.notification import Links, notification_of
from search_api.notifying.plan import Plan
from search_api.notifying.quiet import Quiet, Silence
from tests.unit.search_api.notifying.timeline import NAMES, START, alert, plan

_LINKS = Links("https://logs.example")
_FIRING, _RESOLVED = AlertState.FIRING, AlertState.RESOLVED
_BUSY_S, _END_S = 3 * 3600, 30 * 3600
_WAYS: list[dict[str, Any]] = [
    {},
    {"group_by": ["..."]},
    {"group_wait": "0s", "group_interval": "30s", "repeat_interval": "10m"},
    {"routes": [{"match": {"severity": "critical"}, "receiver": "oncall", "continue": True},
                {"match": {"service": "a"}, "receiver": "lead"}]},
    {"routes": [{"receiver": "lead", "matchers": ["alertname=~Err.*"], "mute_times": ["talk"]}]},
]  # fmt: skip


def plan_of(chance: Random) -> Plan:
    """A random plan."""
    return plan(
        route={"receiver": "team", **chance.choice(_WAYS)},
        digest=chance.choice([None, {"at": "12:00"}]),
        mute_times=[{"name": "talk", "hours": ["10:20-10:40", "12:00-12:10"]}],
        escalation=chance.choice([{"steps": []}, ["oncall", "lead"]]),
        inhibit=chance.choice(
            [[], [{"source": ["severity=critical"], "target": ["severity=high"]}]]
        ),
    )


@dataclass
class Life:
    """What is written down, and those who take it over; time goes on in steps."""

    chance: Random
    plan: Plan
    kills: float
    dead: frozenset[str]
    now_s: int = 0
    written: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    known: Groups = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    staged: list[Alert] = field(default_factory=list)
    firing: dict[str, Alert] = field(default_factory=dict)
    lasted: dict[str, tuple[Alert, int]] = field(default_factory=dict)
    silences: list[Silence] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    messages: dict[str, Delivery] = field(default_factory=dict)
    told: dict[str, dict[str, tuple[str, Delivery]]] = field(
        default_factory=lambda: {name: {} for name in NAMES}
    )

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def run(self) -> None:
        while self.now_s < _END_S:
            is_busy = self.now_s < _BUSY_S
            self.now_s += self.chance.choice([1, 5, 20, 60]) if is_busy else 300
            self._happens(is_busy=is_busy)
            if not self._step(is_killed=is_busy and self.chance.random() < self.kills):
                self.known, self.settled = self._read(), set()  # another one takes over, in a while
                self.now_s += self.chance.choice([0, 5, 60, 700])

    def _happens(self, *, is_busy: bool) -> None:
        chance, rare = self.chance, self.chance.random()
        if is_busy and rare < 0.08:
            name = f"{chance.choice(['Errors', 'Slow'])}{len(self.lasted) + len(self.firing)}"
            severity = chance.choice(["critical", "high", "medium", "low"])
            self.firing[name] = alert(
                name, at=self.now, severity=severity, service=chance.choice("ab")
            )
            self.staged.append(self.firing[name])
        elif is_busy and rare < 0.09:
            ends = self.now + timedelta(seconds=chance.choice([60, 1500]))
            matchers = [chance.choice(["severity=high", "service=a", "alertname=Errors"])]
            value = {
                "matchers": matchers, "starts_at": self.now.isoformat(), "comment": "",
                "ends_at": ends.isoformat(), "author": "kim",
            }  # fmt: skip
            self.silences.append(Silence.from_json(str(len(self.silences)), value))
        elif self.firing and (rare < 0.12 or not is_busy):
            self._end(chance.choice(sorted(self.firing)))
        elif self.firing and rare < 0.13:
            self.acknowledged.add(chance.choice(sorted(self.firing)))

    def _end(self, name: str) -> None:
        one = self.firing.pop(name)
        self.lasted[name] = one, round((self.now - one.starts_at).total_seconds())
        self.staged.append(replace(one, state=_RESOLVED, ends_at=self.now))

    def _read(self) -> Groups:
        return {key: Group.from_json(key, value) for key, value in self.written.items()}

    def _step(self, *, is_killed: bool) -> bool:
        """As a dispatcher does; False when it was killed, at any place."""
        place = self.chance.randrange(4) if is_killed else None
        settled, staged = frozenset(self.settled), len(self.staged)
        before = {key: group.without_pending(settled) for key, group in self.known.items()}
        quiet = Quiet(self.silences, frozenset(self.acknowledged))
        after = decide(before, self.staged, self.plan, quiet, self.now).groups
        changed = [group for key, group in after.items() if self.known.get(key) is not group]
        if place == 0:  # some are written
            changed = changed[: self.chance.randrange(len(changed) + 1)]
        for group in changed:
            self._write(group)
        if place == 0:
            return False
        for key in self.known.keys() - after.keys():
            del self.written[key]
        self.known = after
        self.settled -= settled
        if place == 1:
            return False
        if place != 2:  # somebody has written the rule's record meanwhile
            del self.staged[:staged]
        self._deliver()
        return place != 3

    def _write(self, group: Group) -> None:
        self.written[group.key] = group.to_json()
        for one in group.pending:
            assert self.messages.setdefault(one.key, one) == one, "one key, two messages"

    def _deliver(self) -> None:
        for group in self.known.values():
            waits = set(self.dead) if self.now_s < _BUSY_S else set()
            for one in group.pending:
                if one.receiver in waits or self.chance.random() < 0.2:
                    waits.add(one.receiver)  # others of this group do not pass it
                elif one.key not in self.settled:
                    self._take(group, one)

    def _take(self, group: Group, one: Delivery) -> None:
        message = notification_of(group, one, _LINKS)
        assert message is not None
        assert len(message.alerts) == len(one.alerts), "it is not known any more what is told"
        self.settled.add(one.key)
        self.told[one.receiver].setdefault(one.key, (group.key, one))

    def heard(self, receiver: str) -> Mapping[tuple[str, str], list[AlertState]]:
        """What a receiver was told of each alert by each group, in order; repetitions left out."""
        found: defaultdict[tuple[str, str], list[AlertState]] = defaultdict(list)
        for group, message in self.told[receiver].values():
            for episode, state in message.alerts:
                states = found[group, episode]
                if state is _RESOLVED or states[-1:] != [_FIRING]:
                    states.append(state)
        return found

    def waits_for(self, receiver: str) -> set[str]:
        """Alerts that lasted for long, and which a receiver that is alive has to be told of."""
        return {
            episode
            for episode, (one, lasted_s) in self.lasted.items()
            if lasted_s > 7_000 and not (self.plan.inhibitions and one.labels["severity"] == "high")
            and not (self.plan.digest_at and one.labels["severity"] == "low")
            and receiver not in self.dead
            and any(route.receiver == receiver for route in self.plan.root.ways(one.labels))
        }  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_all_is_told_and_each_end_to_those_who_know(seed: int) -> None:
    chance = Random(seed)
    dead = frozenset(chance.sample(NAMES, chance.choice([0, 0, 1])))
    life = Life(chance, plan_of(chance), chance.choice([0, 0.05, 0.3]), dead)

    life.run()

    assert life.known == {}
    for receiver in NAMES:
        heard = life.heard(receiver)
        whole = ([_FIRING, _RESOLVED], [_RESOLVED])  # the latter: over before it could be told
        assert {of: states for of, states in heard.items() if states not in whole} == {}
        begun = {episode for (_, episode), states in heard.items() if states[0] is _FIRING}
        assert life.waits_for(receiver) <= begun
