"""Do rules say what they are meant to? Tests in YAML: events in, alerts expected."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import Field, ValidationError

from logboom.config.mistakes import sentences_of
from logboom.config.section import Section
from logboom.config.units import Duration
from logboom.config.yaml_mistakes import yaml_mistake
from logboom.config.yaml_text import read_yaml
from logboom.errors import ConfigError
from logboom.event import Event, value_at
from logboom.fields import EVENT_FIELDS
from logboom.levels import level_of
from logboom.spellings import DURATION_NS, stored_as, unit_of_duration
from search_api.alerts.alert import Alert, AlertState, moment_of
from search_api.alerts.backtest import backtest
from search_api.alerts.evaluate import Transition
from search_api.alerts.expressions import known_field
from search_api.alerts.measures import Kind
from search_api.alerts.reading import groups_of, read_rules
from search_api.alerts.rules import FINGERPRINT, US, Rule, duration_text
from search_api.alerts.source import MemorySource
from search_api.alerts.states import RuleState
from search_api.alerts.telling import alert_of

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_EVENTS: Final = 200_000
_UNGROUPED: Final = (
    "no event of this test has a group of errors, which the processor finds: write for instance"
    " error.fingerprint: f00d into those of one group"
)
_ERRORS: Final = frozenset({"error", "fatal"})


class EventsSection(Section):
    """Some events."""

    at: Duration = Field(timedelta(0), description="Time of the first, from the begin of the test.")
    every: Duration = Field(timedelta(seconds=1), description="Time from one to the next.")
    times: int = Field(1, ge=1, le=_MOST_EVENTS, description="How many there are.")
    event: dict[str, Any] = Field(description="What they say.")


class FiringSection(Section):
    """One alert that fires."""

    alert: str = Field(description="Its name.")
    labels: dict[str, str] = Field({}, description="Labels that it has, among others.")
    annotations: dict[str, str] = Field({}, description="Annotations, likewise.")


class ExpectSection(Section):
    """What fires at a time."""

    at: Duration = Field(description="The time.")
    rule: str | None = Field(None, description="Only alerts of this name are looked at.")
    firing: list[FiringSection] = Field(description="All that fire.")


class TestSection(Section):
    """One test."""

    name: str = Field(description="What it shows.")
    events: list[EventsSection] = Field([], description="The events.")
    expect: list[ExpectSection] = Field(min_length=1, description="What is expected.")


class TestsFile(Section):
    """Rules and their tests."""

    rules: list[str] = Field([], description="Files of rules, beside this one.")
    groups: list[dict[str, Any]] = Field([], description="Rules.")
    tests: list[TestSection] = Field(min_length=1, description="The tests.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test.

    Attributes:
        name: Of the test.
        failures: What was not as expected, a sentence each; empty when all was.
    """

    name: str
    failures: tuple[str, ...]


async def run_tests(path: Path) -> list[Outcome]:
    """Runs the tests of a file.

    Raises:
        ConfigError: The file or its rules have mistakes.
    """
    file = _read(path)
    rules = _rules(file, path)
    _see_names(file, {rule.name for rule in rules}, str(path))
    return [await _run(test, rules, str(path)) for test in file.tests]


def _read(path: Path) -> TestsFile:
    try:
        return TestsFile.model_validate(read_yaml(_text(path)))
    except yaml.YAMLError as error:
        raise yaml_mistake(error, origin=str(path)) from error
    except ValidationError as error:
        lines = sentences_of(error, TestsFile, whole="the file")
        raise ConfigError("\n".join(f"{path}: {line}" for line in lines)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", where=str(path)) from error


def _rules(file: TestsFile, path: Path) -> list[Rule]:
    groups = list(groups_of({"groups": file.groups}, origin=str(path))) if file.groups else []
    for name in file.rules:
        place = path.parent / name
        groups += read_rules(_text(place), origin=str(place))
    if not groups:
        raise ConfigError("has no rules", where=str(path), mend="name files with `rules: […]`")
    return [rule for group in groups for rule in group.rules]


def _see_names(file: TestsFile, known: Collection[str], origin: str) -> None:
    """A test of a rule that is not there would hold whatever happens.

    Raises:
        ConfigError: One names such a rule.
    """
    for number, test in enumerate(file.tests):
        for place, one in enumerate(test.expect):
            if one.rule is not None and one.rule not in known:
                where = f"{origin}: tests[{number}].expect[{place}].rule"
                told = f"there is no rule {one.rule!r}{_meant(one.rule, known)}"
                raise ConfigError(told, where=where)


def _meant(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


async def _run(test: TestSection, rules: Sequence[Rule], origin: str) -> Outcome:
    events = _events(test, origin)
    source = MemorySource(events)
    new = set() if any(map(_is_grouped, events)) else {one.name for one in rules if _is_new(one)}
    failures: list[str] = []
    start_us = round(_START.timestamp()) * US
    for expected in test.expect:
        end_us = start_us + expected.at // timedelta(microseconds=1)
        firing: list[Alert] = []
        for rule in rules:
            if expected.rule in {None, rule.name}:
                result = await backtest(source, rule, start_us - 1, end_us)
                firing += _firing(rule, result.state)
        at = duration_text(expected.at // timedelta(microseconds=1))
        names = {rule.name for rule in rules}
        found = _differences(expected.firing, firing, names, new)
        failures += [f"at {at}: {text}" for text in found]
    return Outcome(test.name, tuple(failures))


def _is_new(rule: Rule) -> bool:
    return Kind.NEW_ERROR in rule.when.kinds


def _is_grouped(event: Event) -> bool:
    return value_at(event, FINGERPRINT) is not None


def _firing(rule: Rule, state: RuleState) -> Iterator[Alert]:
    for key, series in state.series.items():
        if series.fired_us is not None:
            transition = Transition(
                key=key, state=AlertState.FIRING, instant=series.true_us,
                fired_us=series.fired_us, value=series.value, baseline=series.baseline,
                events=series.events, values=series.values,
            )  # fmt: skip
            yield alert_of(rule, transition, ())


def _differences(
    expected: Sequence[FiringSection],
    firing: Sequence[Alert],
    names: Collection[str],
    ungrouped: Collection[str],
) -> Iterator[str]:
    left = list(firing)
    for one in expected:
        found = next((alert for alert in left if _fits(one, alert)), None)
        if found is None:
            near = [_shown(alert) for alert in left if alert.labels["alertname"] == one.alert]
            there = f"; there is {', '.join(near)}" if near else ""
            if one.alert not in names:
                there = f": there is no rule of this name{_meant(one.alert, names)}"
            elif one.alert in ungrouped:
                there = f": {_UNGROUPED}"
            wanted = {**one.labels, **one.annotations}
            yield f"{one.alert}{f' {wanted}' if wanted else ''} does not fire{there}"
        else:
            left.remove(found)
    for alert in left:
        yield f"{_shown(alert)} fires, and is not expected"


def _fits(expected: FiringSection, alert: Alert) -> bool:
    return (
        alert.labels["alertname"] == expected.alert
        and expected.labels.items() <= dict(alert.labels).items()
        and expected.annotations.items() <= dict(alert.annotations).items()
    )


def _shown(alert: Alert) -> str:
    labels = {name: value for name, value in alert.labels.items() if name != "alertname"}
    return f"{alert.labels['alertname']} {labels} {dict(alert.annotations)}"


def _events(test: TestSection, origin: str) -> list[Event]:
    if sum(section.times for section in test.events) > _MOST_EVENTS:
        raise ConfigError(f"{test.name} has more than {_MOST_EVENTS} events", where=origin)
    events: list[Event] = []
    for number, section in enumerate(test.events):
        try:
            events += _repeated(section)
        except ConfigError as error:
            where = f"{origin}: {test.name}: events[{number}]"
            raise ConfigError(error.what, where=where, mend=error.mend) from error
    return events


def _repeated(section: EventsSection) -> Iterator[Event]:
    template = _event(section.event)
    for number in range(section.times):
        moment = _START + section.at + number * section.every
        time_us = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        yield {**copy.deepcopy(template), "@timestamp": moment_of(time_us).isoformat()}


def _event(written: Mapping[str, Any]) -> Event:
    """An event as it would be stored; names are those of queries, dotted or nested."""
    event: Event = {}
    for name, value in written.items():
        path = [name] if isinstance(value, dict) else _place(name, value).split(".")
        place = event
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{name} stands within a field that has a value of its own")
        known = place.get(path[-1])
        place[path[-1]] = {**known, **value} if isinstance(known, dict) else value
    log = event.get("log")
    if isinstance(log, dict) and "level" in log:
        log["level"] = level_of(log["level"]) or log["level"]
        if "tags" not in event and log["level"] in _ERRORS:
            event["tags"] = ["error"]
    return event


def _place(name: str, value: object) -> str:
    """The stored name of a field.

    Raises:
        ConfigError: It is none of an event's, or what is read under this name is another one.
    """
    stored, _ = known_field(name)
    own = None if stored in EVENT_FIELDS else stored_as(name)
    if own is None:
        return stored
    unit, said = unit_of_duration(name), value
    if unit is not None and isinstance(value, int | float):
        said = f"{round(value * DURATION_NS[f'duration:{unit}'])} (nanoseconds)"
    raise ConfigError(f"{name}: events have it as {own}", mend=f"write {own}: {said}")
