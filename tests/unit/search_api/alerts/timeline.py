"""Rules and events on one line of time, in seconds; evaluated once for each instant, and all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from logboom.event import Event
from search_api.alerts.alert import moment_of
from search_api.alerts.evaluate import Transition, evaluate, instants_between
from search_api.alerts.questions import Due, find
from search_api.alerts.reading import groups_of
from search_api.alerts.rules import US, Rule
from search_api.alerts.source import MemorySource
from search_api.alerts.states import RuleState

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
START_US = int(START.timestamp()) * US

Told = tuple[int, str, str]
"""Second, state, and what makes the series, joined by commas; `!` before it: no data."""


def rule_of(when: str, *, every: str = "15s", **settings: Any) -> Rule:
    """One rule, as YAML would say it."""
    section = {"alert": "Rule", "when": when, "over": "1m", **settings}
    content = {"groups": [{"name": "group", "every": every, "rules": [section]}]}
    return groups_of(content, origin="test")[0].rules[0]


def at(second: float, message: str = "something", **fields: Any) -> Event:
    """An event some seconds after the start; names with `__` for dots."""
    moment = moment_of(START_US + round(second * US))
    event: Event = {"@timestamp": moment.isoformat(), "message": message}
    for name, value in fields.items():
        *path, last = name.split("__")
        place = event
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return event


def many(first: float, last: float, step: float, **fields: Any) -> list[Event]:
    """The same event again and again, until before `last`."""
    number = int((last - first) / step)
    return [at(first + n * step, **fields) for n in range(number)]


def error(second: float, **fields: Any) -> Event:
    """An error."""
    return at(second, tags=["error"], **fields)


def seconds_of(transitions: Sequence[Transition]) -> list[Told]:
    return [
        (
            (one.instant - START_US) // US,
            one.state.value,
            ("!" if one.key.no_data else "") + ",".join(one.key.values),
        )
        for one in transitions
    ]


def live(rule: Rule, events: Sequence[Event], until: float) -> list[Told]:
    """Evaluated instant by instant, each with what had happened by then."""
    return asyncio.run(_live(rule, events, until))


async def _live(rule: Rule, events: Sequence[Event], until: float) -> list[Told]:
    source, state, told = MemorySource(events), RuleState(rule.fingerprint()), list[Transition]()
    for instant in instants_between(START_US, START_US + round(until * US), rule.every_us):
        found = await find(source, [Due(rule, [instant])])
        result = evaluate(rule, found.data, RuleState.from_json(state.to_json()), [instant])
        state = result.state
        told += result.transitions
    return seconds_of(told)


def all_at_once(rule: Rule, events: Sequence[Event], until: float) -> list[Told]:
    """Evaluated as after a downtime, and as a backtest."""
    instants = instants_between(START_US, START_US + round(until * US), rule.every_us)
    found = asyncio.run(find(MemorySource(events), [Due(rule, instants)]))
    return seconds_of(
        evaluate(rule, found.data, RuleState(rule.fingerprint()), instants).transitions
    )


def behind(rule: Rule, events: Sequence[Event], until: float, step_s: int) -> list[Told]:
    """Evaluated while it is not known which windows have all their events; then it is.

    All instants are evaluated each time, and of those up to a second, which goes up by `step_s`, it is
    known that they are whole. What is told may come out of order.
    """
    return asyncio.run(_behind(rule, events, until, step_s))


async def _behind(rule: Rule, events: Sequence[Event], until: float, step_s: int) -> list[Told]:
    source, state = MemorySource(events), RuleState(rule.fingerprint())
    told, cursor_us, end_us = list[Transition](), START_US, START_US + round(until * US)
    for second in range(0, round(until) + step_s, step_s):
        whole_us = START_US + second * US
        last_us = min(whole_us, end_us) if rule.remembers else end_us
        instants = instants_between(cursor_us, last_us, rule.every_us)
        if instants:
            found = await find(source, [Due(rule, instants)])
            result = evaluate(rule, found.data, state, instants, whole_us=whole_us)
            state = RuleState.from_json(result.state.to_json())
            told += result.transitions
            cursor_us = state.cursor_us or cursor_us
    return seconds_of(told)


def told(rule: Rule, events: Sequence[Event], until: float) -> list[Told]:
    """What is told by second 'until'; the same live, after a downtime and while events are late."""
    one_by_one = live(rule, events, until)
    assert all_at_once(rule, events, until) == one_by_one
    for step_s in (round(until), 100, 15):
        assert sorted(behind(rule, events, until, step_s)) == sorted(one_by_one)
    return one_by_one


Settings = Mapping[str, Any]
