"""How does YAML become rules, and which mistakes in it are told at once?"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from logboom.config.mistakes import sentences_of
from logboom.config.section import Section
from logboom.config.units import Duration
from logboom.config.yaml_mistakes import yaml_mistake
from logboom.config.yaml_text import read_yaml
from logboom.errors import ConfigError
from logboom.fields import FieldType
from logboom.severities import SEVERITIES, meant_by
from search_api.alerts.conditions import parse_when
from search_api.alerts.expressions import known_field, parse_where
from search_api.alerts.names import Name
from search_api.alerts.rule_checks import check_baseline, check_rule
from search_api.alerts.rules import Rule, RuleGroup
from search_api.alerts.sense import check_sense
from search_api.alerts.telling import made_up
from search_api.alerts.templates import check_language, check_template

MOST_RULES: Final = 1_000
"""In one group."""

_LABEL = re.compile(r"[A-Za-z_][\w.]{0,99}\Z")
_OWN_LABELS = frozenset({"alertname", "no_data"})
_OF_PROMETHEUS: Final = "rules of Prometheus: `logboom import FILE` translates them"
_ELSEWHERE: Final = {
    **dict.fromkeys(("expr", "record"), _OF_PROMETHEUS),
    **dict.fromkeys(("every", "interval"), "write `every` to the group, beside `rules`"),
    **dict.fromkeys(("severity", "team"), "write it below `labels`"),
    **dict.fromkeys(("summary", "description"), "write it below `annotations`"),
    **dict.fromkeys(("window", "range", "within"), "the length of the window is `over`"),
    **dict.fromkeys(("query", "filter"), "which events are meant is `where`"),
    **dict.fromkeys(("condition", "threshold"), "the condition with its threshold is `when`"),
    "group_by": "what makes a series of each is `by`",
    "name": "the name of a rule is `alert`",
}
"""What is said of keys that are usual elsewhere."""

_LONGEST_LABEL = 200
_LONGEST_NAMES = 60_000
_MOST_BY = 5
_Read = TypeVar("_Read")


def _listed(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(f"must be a list: write [{value[:100]}]")  # noqa: TRY004 - becomes a mistake
    return value


class RuleSection(Section):
    """One rule."""

    alert: Name = Field(description="Its name.")
    when: str = Field(
        description="The condition: `measure sign number`, several with `and`, `or`, `not`."
    )
    over: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=timedelta(days=7),
        description="Length of the window of event times.",
    )
    by: Annotated[list[str], BeforeValidator(_listed)] = Field(
        [], max_length=_MOST_BY, description="Fields whose values make a series."
    )
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

    name: Name = Field(description="Unique among all groups.")
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
    return groups_of(_decoded(text, origin), origin=origin)


@dataclass(frozen=True, slots=True)
class Understood:
    """What could be made of rules.

    Attributes:
        groups: Those that can be evaluated, without the rules that cannot.
        mistakes: Why the others cannot, one line each.
        senseless: What is evaluated and makes no sense, one line each.
    """

    groups: tuple[RuleGroup, ...]
    mistakes: tuple[str, ...]
    senseless: tuple[str, ...]

    @property
    def told(self) -> str:
        """All that is wrong; empty when nothing is."""
        return "\n".join([*self.mistakes, *self.senseless])


def understand_rules(text: str, *, origin: str) -> Understood:
    """Reads a file of rules; what is wrong in it is told beside the rules.

    Args:
        text: YAML.
        origin: The file's name, for messages.

    Raises:
        ConfigError: It has no rules at all.
    """
    return understand_groups(_decoded(text, origin), origin=origin)


def _decoded(text: str, origin: str) -> Mapping[str, Any]:
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise yaml_mistake(error, origin=origin) from error
    if not isinstance(content, dict) or "groups" not in content:
        raise ConfigError(
            "has no `groups`", where=origin, mend="write groups: [{name: …, rules: […]}]"
        )
    return content


def groups_of(content: Mapping[str, Any], *, origin: str) -> tuple[RuleGroup, ...]:
    """Rules that are decoded already.

    Raises:
        ConfigError: All mistakes, one line each.
    """
    understood = understand_groups(content, origin=origin)
    if understood.told:
        raise ConfigError(understood.told)
    return understood.groups


def understand_groups(content: Mapping[str, Any], *, origin: str) -> Understood:
    """Rules that are decoded already; of those of one name the first."""
    sections, mistakes = _sections(content, origin)
    groups, senseless = dict[str, RuleGroup](), list[str]()
    for section in sections:
        rules = dict[str, Rule]()
        for rule in section.rules:
            place = f"{origin}: {section.name}/{rule.alert}"
            try:
                made = rules.setdefault(rule.alert, _rule(section, rule))
            except ConfigError as error:
                mistakes.append(f"{place}: {error}")
            else:
                senseless += [f"{place}: {text}" for text in _senseless(made)]
        mistakes += [f"{origin}: {text}" for text in _twice(section)]
        if sum(len(name.encode()) for name in rules) > _LONGEST_NAMES:
            told = f"the names of the rules of {section.name} are too long together"
            mistakes.append(f"{origin}: {told}: make it two groups")
        elif rules:
            made_group = RuleGroup(section.name, _us(section.every), tuple(rules.values()), origin)
            groups.setdefault(section.name, made_group)
    names = [section.name for section in sections]
    twice = sorted({name for name in names if names.count(name) > 1})
    mistakes += [f"{origin}: there are two groups {name}" for name in twice]
    return Understood(tuple(groups.values()), tuple(mistakes), tuple(senseless))


def _sections(content: Mapping[str, Any], origin: str) -> tuple[list[GroupSection], list[str]]:
    """The groups without the rules that are none, and why these are not."""
    try:
        return RulesFile.model_validate(content).groups, []
    except ValidationError as error:
        lines = sentences_of(error, RulesFile, whole="the file", hints=_ELSEWHERE)
        wrong = {detail["loc"][:4] for detail in error.errors()}
    try:
        found = RulesFile.model_validate(_without(content, wrong)).groups
    except ValidationError:  # what is wrong is wrong with all of it
        found = []
    return found, [f"{origin}: {line}" for line in lines]


def _without(
    content: Mapping[str, Any], wrong: Collection[tuple[int | str, ...]]
) -> dict[str, Any]:
    """Rules where something is wrong are left out, and groups where it is beside the rules."""
    groups: list[dict[str, Any]] = []
    for place, group in enumerate([] if ("groups",) in wrong else content["groups"]):
        at = ("groups", place)
        if any(path[:2] == at and (len(path) < 4 or path[2] != "rules") for path in wrong):
            continue
        rules = [one for n, one in enumerate(group["rules"]) if (*at, "rules", n) not in wrong]
        groups += [{**group, "rules": rules}] if rules else []
    return {"groups": groups}


def _twice(section: GroupSection) -> list[str]:
    names = [rule.alert for rule in section.rules]
    return [
        f"{section.name} has two rules {name}: an alert is known by its group and name"
        for name in sorted({*names})
        if names.count(name) > 1
    ]


def _rule(group: GroupSection, section: RuleSection) -> Rule:
    where = _at("where", lambda: parse_where(section.where))
    recovery = None if section.recovery is None else f"{section.recovery}"
    when = _at("when", lambda: parse_when(section.when, recovery=recovery))
    over_us, every_us = _us(section.over), _us(group.every)
    rule = Rule(
        group=group.name, name=section.alert, when=when, over_us=over_us,
        every_us=every_us, by=_at("by", lambda: _series_fields(section.by)),
        where=where, where_text=section.where.strip(), min_events=section.min_events,
        for_us=_us(section.for_), keep_us=_us(section.keep_firing_for), no_data=section.no_data,
        baseline_us=_us(section.baseline), remember_us=_us(section.remember),
        labels=_at("labels", lambda: _labels(section)), annotations=section.annotations,
    )  # fmt: skip
    for name, template in section.annotations.items():
        _at(f"annotations.{name}", partial(check_language, template))
    check_baseline(rule)
    return rule


def _senseless(rule: Rule) -> list[str]:
    """What can be evaluated and told, but not as it can be meant: the first such mistake."""
    try:
        for name, template in rule.annotations.items():
            _at(f"annotations.{name}", partial(check_template, template, made_up(rule)))
        check_rule(rule)
        _at(
            "when",
            lambda: check_sense(rule.when, over_us=rule.over_us, min_events=rule.min_events),
        )
    except ConfigError as error:
        return [str(error)]
    return []


def _series_fields(names: Sequence[str]) -> tuple[str, ...]:
    found = tuple(map(_series_field, names))
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{twice} is there twice")
    return found


def _series_field(name: str) -> str:
    stored, kind = known_field(name)
    if kind in {FieldType.TEXT, FieldType.DATE} or stored == "event.id":
        raise ConfigError(
            f"{name} has too many values to make a series of each",
            mend="take a field with few values, such as service.name",
        )
    return stored


def _labels(section: RuleSection) -> dict[str, str]:
    severity = meant_by(section.labels.get("severity", "medium").lower())
    if severity not in SEVERITIES:
        raise ConfigError(
            f"there is no severity {severity!r}", mend=f"one of {', '.join(SEVERITIES)}"
        )
    for name, value in section.labels.items():
        if name in _OWN_LABELS:
            raise ConfigError(f"{name!r} cannot be a label", mend="alerts have one of this name")
        if not _LABEL.match(name):
            raise ConfigError(f"{name!r} cannot be a label", mend="letters, digits, _ and .")
        if len(value) > _LONGEST_LABEL:
            raise ConfigError(f"{name} has more than {_LONGEST_LABEL} characters")
        if "{{" in value:
            raise ConfigError(
                f"{name} has {value!r}: labels say the same of all alerts of a rule",
                mend="the fields of `by` are labels already; templates are for annotations",
            )
    return {**section.labels, "severity": severity}


def _at(place: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except ConfigError as error:
        where = place if error.where is None else f"{place}, {error.where}"
        raise ConfigError(error.what, where=where, mend=error.mend) from error


def _us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
