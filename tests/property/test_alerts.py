"""Whatever is late, crashes or is taken over: what is told is what a backtest finds in the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from logboom.errors import LogboomError
from logboom.event import Event
from search_api.alerts.alert import Alert
from search_api.alerts.backtest import backtest
from search_api.alerts.engine import Engine
from search_api.alerts.rules import US, Rule
from search_api.alerts.source import MemorySource
from tests.unit.search_api.alerts.timeline import START_US, at, error
from tests.unit.search_api.alerts.world import World, group_of

_UP = ("count >= 3", "errors >= 2", "count > 0", "sum(event.duration) > 4 s")
_HINDERED = ("error_rate > 50%", "avg(event.duration) > 2 s", "count >= 3")
"""Events may hinder these too."""
_DOWN = ("absent", "count < 2", "avg(event.duration) < 2 s", "not count > 1")
_END = 600

Row = tuple[str, str, int, int | None]
"""Series, episode, second at which it began to fire, second at which it resolved."""


@dataclass
class Life:
    """One random world: rules, events that arrive late, engines that are killed and go on beside others."""

    chance: Random
    world: World
    events: list[Event] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    other: Engine | None = None
    unknown: list[float] = field(default_factory=list)
    """From when on it is not known for half a minute how late events are."""

    def fill(self) -> None:
        chance = self.chance
        for _ in range(chance.choice([8, 20])):
            begin, late_s = chance.uniform(10, 200), chance.choice([0, 20, 60, 200])
            fields = {
                "service": {"name": chance.choice(["cart", "shop"])},
                "event": {"duration": chance.choice([1, 3]) * 10**9},
            }
            step_s, made = chance.choice([0.5, 5, 14, 20]), chance.choice([at, error])
            for number in range(chance.choice([1, 3, 5])):
                second = round(begin + number * step_s, 1)
                self._add(made(second, **fields), second, second + 1 + late_s)

    def _add(self, event: Event, second: float, arrives: float) -> None:
        self.world.source.add([event], arrives=arrives)
        self.events.append(event)
        self.waits.append((second, arrives))

    async def live(self, *, is_known: bool) -> Engine:
        """Steps through all of it; every engine may be killed at any write."""
        chance, world = self.chance, self.world
        kills, restarts, taken = (chance.choice(some) for some in ((0, 0.1), (0, 0.05), (1, 0.3)))
        engine = await world.start()
        while world.now < _END:
            world.clock.advance(5)
            late = [world.now - one for one, arrives in self.waits if one <= world.now < arrives]
            world.most_late_s = max(late, default=0.0) if is_known else 0.0
            if any(begin <= world.now < begin + 30 for begin in self.unknown):
                world.most_late_s = inf
            if chance.random() < restarts:
                self.other = engine if chance.random() < 0.5 else None
                engine = await world.start()
            if chance.random() < kills:
                world.state.fails_at = world.state.writes + chance.choice([1, 2, 3])
                world.state.is_done = chance.random() < 0.5
            for one in (engine, self.other):
                await self._step(one)
            if chance.random() < taken:
                await world.take()
        await world.take()
        return engine

    async def _step(self, engine: Engine | None) -> None:
        try:
            if engine is not None:
                await engine.step()
        except LogboomError:
            self.world.state.fails_at = None


_NO_DATA = ("ok", "keep", "alert")


def rule_of(
    chance: Random, name: str, whens: tuple[str, ...], *, keeps: bool, mixes: bool = False
) -> dict[str, Any]:
    """A random rule; where it may, one that leaves all as it was when there is no data, or does anything."""
    rule: dict[str, Any] = {
        "alert": name,
        "when": chance.choice(whens),
        "over": chance.choice(["15s", "45s", "100s"]),
    }
    if chance.random() < 0.8 or rule["when"] == "absent":
        rule["by"] = ["service"]
    for key in ("for", "keep_firing_for"):
        if chance.random() < 0.4:
            rule[key] = chance.choice(["15s", "20s", "1m"])
    if keeps and chance.random() < 0.5:
        rule["no_data"] = "keep"
    if mixes:
        rule["no_data"] = chance.choice(_NO_DATA)
    return rule


def second_of(moment: datetime) -> int:
    """On the timeline."""
    return round(moment.timestamp()) - START_US // US


def rows_of(alerts: list[Alert]) -> list[Row]:
    """Episodes, each once; what has resolved must have fired before."""
    found: dict[tuple[str, str], Row] = {}
    for alert in alerts:
        name = alert.labels.get("service.name", ""), alert.episode
        ends = None if alert.ends_at is None else second_of(alert.ends_at)
        assert (ends is None) == (name not in found), (
            f"{alert.episode} does not fire, or fires twice"
        )
        found[name] = (*name, second_of(alert.starts_at), ends)
    return sorted(found.values(), key=lambda row: (row[0], row[2]))


async def lived(
    seed: int,
    folder: Path,
    *,
    is_known: bool,
    whens: tuple[str, ...] = (),
    keeps: bool = False,
    mixes: bool = False,
) -> list[tuple[Rule, list[Row], list[Row]]]:
    """Rules with what a backtest finds, and what was told."""
    chance = Random(seed)
    whens = whens or (chance.choice([_UP, _UP, _DOWN]) if is_known else _UP[:3])
    rules = [rule_of(chance, f"Rule{n}", whens, keeps=keeps, mixes=mixes) for n in range(3)]
    life = Life(chance, World(folder, group_of(*rules, every=chance.choice(["10s", "15s"]))))
    life.fill()
    life.unknown = [chance.uniform(60, 400) for _ in range(chance.choice([0, 2]))]
    engine, found = await life.live(is_known=is_known), []
    for rule in engine.rules.rules.values():
        end_us = START_US + _END * US
        tested = await backtest(MemorySource(life.events), rule, START_US - 1, end_us)
        told = [one for one in life.world.told if one.rule == rule.id]
        found.append((rule, rows_of(tested.alerts), rows_of(told)))
    await life.world.close()
    return found


def live_of(
    seed: int,
    *,
    is_known: bool,
    whens: tuple[str, ...] = (),
    keeps: bool = False,
    mixes: bool = False,
) -> list[tuple[Rule, list[Row], list[Row]]]:
    with TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        return asyncio.run(
            lived(seed, state, is_known=is_known, whens=whens, keeps=keeps, mixes=mixes)
        )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_told_is_what_a_backtest_finds_where_it_is_known_how_late_events_are(
    seed: int,
) -> None:
    for found in live_of(seed, is_known=True):
        assert_same(*found)


@pytest.mark.parametrize("seed", [5053, 5076, 5136, 5691])
def test_so_it_is_where_rules_keep_all_as_it_was_when_there_is_no_data(
    seed: int,
) -> None:
    for found in live_of(seed, is_known=True, keeps=True):
        assert_same(*found)


def test_so_it_is_where_it_fired_before_what_was_told_first() -> None:
    """Late events show a firing that is over before the one begins that was told already."""
    for found in live_of(1134, is_known=True, mixes=True):
        assert_same(*found)


@pytest.mark.parametrize("seed", [100, 106, 113])
def test_nothing_is_lost_doubled_or_invented_where_it_is_not_known(seed: int) -> None:
    for _, tested, told in live_of(seed, is_known=False):
        assert all(any(overlaps(one, other) for other in told) for one in tested)
        assert all(any(overlaps(one, other) for other in tested) for one in told)
        assert not doubled(told)


@pytest.mark.parametrize("seed", [201, 202, 203])
def test_nothing_is_lost_or_doubled_where_late_events_would_have_hindered_it(seed: int) -> None:
    """What was told before they came is not taken back."""
    for _, tested, told in live_of(seed, is_known=False, whens=_HINDERED):
        assert all(any(overlaps(one, other) for other in told) for one in tested)
        assert not doubled(told)


def assert_same(rule: Rule, tested: list[Row], told: list[Row]) -> None:
    """What was told is what a backtest finds; what fired was told before all had come."""
    if rule.remembers:
        assert told == tested
    assert [(row[0], row[3]) for row in told] == [(row[0], row[3]) for row in tested]
    assert all(one[2] >= other[2] for one, other in zip(told, tested, strict=True))


def doubled(rows: list[Row]) -> list[tuple[Row, Row]]:
    """Episodes of a series that begin before the one before them has ended."""
    return [
        (one, other)
        for one, other in pairwise(rows)
        if one[0] == other[0] and (one[3] is None or one[3] > other[2])
    ]


def overlaps(one: Row, other: Row) -> bool:
    """Whether two episodes are of one series, and at one time."""
    ends = [row[3] if row[3] is not None else _END for row in (one, other)]
    return one[0] == other[0] and one[2] <= ends[1] and other[2] <= ends[0]
