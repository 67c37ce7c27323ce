"""How does YAML become rules, and which mistakes in it are told at once?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError

from logboom.config.section import Section
from logboom.config.units import Duration
from logboom.config.yaml_text import read_yaml
from logboom.errors import ConfigError
from logboom.fields import FieldType
from logboom.severities import OTHER_WORDS, SEVERITIES
from search_api.alerts.conditions import parse_when
from search_api.alerts.expressions import known_field, parse_where
from search_api.alerts.measures import WITHOUT_THRESHOLD, Kind
from search_api.alerts.rules import DAY_US, Rule, RuleGroup
from search_api.alerts.templates import check_template

MOST_RULES: Final = 1_000
"""In one group."""

_NAME = r"[^\x00-\x1f/#]{1,150}"
_LABEL = re.compile(r"[A-Za-z_][\w.]{0,99}\Z")
_OWN_LABELS = frozenset({"alertname", "no_data"})
_OF_PROMETHEUS: Final = "rules of Prometheus: `logboom import FILE` translates them"
_LONGEST_LABEL = 200
_LONGEST_NAME = 180
_LONGEST_NAMES = 60_000
_MOST_BY = 5
_MOST_BASELINES = 60
_Read = TypeVar("_Read")


class RuleSection(Section):
    """One rule."""

    alert: str = Field(pattern=rf"^{_NAME}$", description="Its name.")
    when: str = Field(
        description="The condition: `measure sign number`, several with `and`, `or`, `not`."
    )
    over: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=timedelta(days=7),
        description="Length of the window of event times.",
    )
    by: list[str] = Field([], max_length=_MOST_BY, description="Fields whose values make a series.")
    where: str = Field("", max_length=2_000, description="Query for the events that are meant.")
    min_events: int = Field(0, ge=0, description="Fewer events in the window say nothing.")
    for_: Duration = Field(
        timedelta(0), alias="for", ge=timedelta(0), le=timedelta(days=7),
        description="It must hold for so long before it fires.",
    )  # fmt: skip
    keep_firing_for: Duration = Field(
        timedelta(0), ge=timedelta(0), le=timedelta(days=7),
        description="It must not hold for so long before it resolves.",
    )  # fmt: skip
    recovery: str | float | None = Field(
        None, description="It fires until this threshold is passed the other way."
    )
    no_data: Literal["ok", "alert", "keep"] = Field(
        "ok", description="What it means that nothing can be measured."
    )
    baseline: Duration = Field(
        timedelta(days=7), ge=timedelta(minutes=1), le=timedelta(days=31),
        description="What `spike` compares to: whole days, or the time before.",
    )  # fmt: skip
    remember: Duration = Field(
        timedelta(days=7), ge=timedelta(minutes=1), le=timedelta(days=90),
        description="A series that is silent for longer is forgotten.",
    )  # fmt: skip
    labels: dict[str, str] = Field({}, max_length=20, description="Labels of the alert.")
    annotations: dict[str, str] = Field({}, max_length=10, description="Templates by name.")


class GroupSection(Section):
    """Rules that are evaluated together."""

    name: str = Field(pattern=rf"^{_NAME}$", description="Unique among all groups.")
    every: Duration = Field(
        timedelta(seconds=15), ge=timedelta(seconds=1), le=timedelta(days=1),
        description="How often its rules are evaluated.",
    )  # fmt: skip
    rules: list[RuleSection] = Field(min_length=1, max_length=MOST_RULES, description="The rules.")


class RulesFile(Section):
    """What a file of rules holds."""

    groups: list[GroupSection] = Field(max_length=1_000, description="The groups.")


def read_rules(text: str, *, origin: str) -> tuple[RuleGroup, ...]:
    """Reads a file of rules.

    Args:
        text: YAML.
        origin: The file's name, for messages.

    Raises:
        ConfigError: All mistakes, one line each.
    """
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = origin if mark is None else f"{origin}:{mark.line + 1}:{mark.column + 1}"
        problem = getattr(error, "problem", None) or "cannot be read"
        raise ConfigError(f"is not valid YAML: {problem}", where=where) from error
    if not isinstance(content, dict) or "groups" not in content:
        raise ConfigError(
            "has no `groups`", where=origin, mend="write groups: [{name: …, rules: […]}]"
        )
    return groups_of(content, origin=origin)


def groups_of(content: Mapping[str, Any], *, origin: str) -> tuple[RuleGroup, ...]:
    """Rules that are decoded already.

    Raises:
        ConfigError: All mistakes, one line each.
    """
    try:
        file = RulesFile.model_validate(content)
    except ValidationError as error:
        lines = [f"{origin}: {_sentence(one)}" for one in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines)) from None
    groups, mistakes = [], []
    for section in file.groups:
        rules: list[Rule] = []
        for rule in section.rules:
            try:
                rules.append(_rule(section, rule))
            except ConfigError as error:
                mistakes.append(f"{origin}: {section.name}/{rule.alert}: {error}")
        groups.append(RuleGroup(section.name, _us(section.every), tuple(rules), origin))
        mistakes += [f"{origin}: {text}" for text in _twice(section)]
    names = [group.name for group in groups]
    mistakes += [f"{origin}: there are two groups {n}" for n in {*names} if names.count(n) > 1]
    mistakes += [
        f"{origin}: the names of the rules of {group.name} are too long together: make it two groups"
        for group in groups
        if sum(len(rule.name.encode()) for rule in group.rules) > _LONGEST_NAMES
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return tuple(groups)


def _twice(section: GroupSection) -> list[str]:
    names = [rule.alert for rule in section.rules]
    return [
        f"{section.name} has two rules {name}: an alert is known by its group and name"
        for name in sorted({*names})
        if names.count(name) > 1
    ]


def _rule(group: GroupSection, section: RuleSection) -> Rule:
    if max(len(group.name.encode()), len(section.alert.encode())) > _LONGEST_NAME:
        raise ConfigError(f"a name has more than {_LONGEST_NAME} bytes")
    where = _at("where", lambda: parse_where(section.where))
    recovery = None if section.recovery is None else f"{section.recovery}"
    when = _at("when", lambda: parse_when(section.when, recovery=recovery))
    over_us, every_us = _us(section.over), _us(group.every)
    rule = Rule(
        group=group.name, name=section.alert, when=when, over_us=over_us,
        every_us=every_us, by=_at("by", lambda: tuple(map(_series_field, section.by))),
        where=where, where_text=section.where.strip(), min_events=section.min_events,
        for_us=_us(section.for_), keep_us=_us(section.keep_firing_for), no_data=section.no_data,
        baseline_us=_us(section.baseline), remember_us=_us(section.remember),
        labels=_at("labels", lambda: _labels(section)), annotations=section.annotations,
    )  # fmt: skip
    for name, template in section.annotations.items():
        _at(f"annotations.{name}", partial(check_template, template, rule.by))
    _check_baseline(rule)
    without = [one for one in when.conditions if one.measure.kind in WITHOUT_THRESHOLD]
    if section.min_events and without:
        raise ConfigError(f"min_events makes no sense with {without[0].measure.text}")
    return rule


def _check_baseline(rule: Rule) -> None:
    if Kind.SPIKE not in rule.when.kinds:
        return
    if rule.baseline_us >= DAY_US:
        if rule.baseline_us % DAY_US:
            raise ConfigError("baseline: longer than a day means whole days", mend="write 7d")
        if rule.baseline_us < 3 * DAY_US:
            raise ConfigError(
                "baseline: fewer than 3 days say nothing of what is usual", mend="write 7d"
            )
    elif not 3 <= rule.baseline_us // rule.over_us <= _MOST_BASELINES:
        raise ConfigError(
            f"baseline: has to be 3 to {_MOST_BASELINES} times as long as the window",
            mend="write for example over: 5m with baseline: 1h, or baseline: 7d",
        )


def _series_field(name: str) -> str:
    stored, kind = known_field(name)
    if kind in {FieldType.TEXT, FieldType.DATE} or stored == "event.id":
        raise ConfigError(
            f"{name} has too many values to make a series of each",
            mend="take a field with few values, such as service.name",
        )
    return stored


def _labels(section: RuleSection) -> dict[str, str]:
    severity = section.labels.get("severity", "medium")
    severity = OTHER_WORDS.get(severity, severity)
    if severity not in SEVERITIES:
        raise ConfigError(
            f"there is no severity {severity!r}", mend=f"one of {', '.join(SEVERITIES)}"
        )
    for name, value in section.labels.items():
        if not _LABEL.match(name) or name in _OWN_LABELS or len(value) > _LONGEST_LABEL:
            raise ConfigError(f"{name!r} cannot be a label", mend="letters, digits, _ and .")
    return {**section.labels, "severity": severity}


def _at(place: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except ConfigError as error:
        where = place if error.where is None else f"{place}, {error.where}"
        raise ConfigError(error.what, where=where, mend=error.mend) from error


def _us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def _sentence(detail: Mapping[str, Any]) -> str:
    path: Sequence[int | str] = detail["loc"]
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    if detail["type"] == "extra_forbidden":
        known = _known(path)
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        hint = _OF_PROMETHEUS if path[-1] in {"expr", "record"} else hint
        return f"{where}: there is no such setting ({hint})"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    message: str = detail["msg"]
    return f"{where}: {message.removeprefix('Value error, ').replace('Input should', 'must')}"


def _known(path: Sequence[int | str]) -> list[str]:
    model: type[BaseModel] = RulesFile
    if "rules" in path[:-1]:
        model = RuleSection
    elif "groups" in path[:-1]:
        model = GroupSection
    return [field.alias or name for name, field in model.model_fields.items()]
