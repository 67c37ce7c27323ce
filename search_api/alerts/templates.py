"""How are the words of an alert made of templates that nobody can misuse?

Jinja2's sandbox, and of its language only what fills in values: no loops, no definitions, no calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from logboom.errors import ConfigError
from logboom.quantities import duration, number, percent, quantity

LONGEST_TEMPLATE: Final = 4_000
LONGEST_TEXT: Final = 1_000
DEEPEST: Final = 20
MOST_NODES: Final = 1_000
"""Expressions that are nested deeply take long to be compiled."""

NAMES: Final = ("value", "threshold", "labels", "condition", "baseline", "events", "window",
                      "measured")  # fmt: skip
"""What a template can use, besides the fields of `by`."""

_FILTERS: Final = ("percent", "duration", "number", "upper", "lower", "default", "title", "trim")
_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.Const, nodes.Filter, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Div, nodes.Concat,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What a template may tell.

    Attributes:
        value: What was measured; None where nothing could be.
        threshold: In the same unit.
        unit: Of both.
        condition: In words.
        labels: Of the alert.
        series: Values by the stored names of the rule's `by`.
        baseline: What is usual, in words; empty for rules that do not compare.
        events: In the window.
        window: Its length.
        measured: What was measured, by how the rule says it.
        units: Of these.
    """

    value: float | None
    threshold: float
    unit: str
    condition: str
    labels: Mapping[str, str]
    series: Mapping[str, str]
    baseline: str = ""
    events: int = 0
    window: str = ""
    measured: Mapping[str, float | None] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def render(template: str, told: Told) -> str:
    """The text of a template; what cannot be made is said in its place.

    Args:
        template: One that `check_template` took.
        told: What it may tell.
    """
    names: dict[str, Any] = {
        "value": told.value, "threshold": told.threshold, "condition": told.condition,
        "labels": dict(told.labels), "baseline": told.baseline, "events": told.events,
        "window": told.window,
        "measured": " and ".join(
            f"{name} {quantity(one, told.units.get(name, ''))}"
            for name, one in told.measured.items()
        ),
    }  # fmt: skip
    for name, value in told.series.items():
        _put(names, name.split("."), value)
    try:
        text = _compiled(template, told.unit).render(names)
    except Exception as error:  # noqa: BLE001 - an alert with odd words is better than none
        text = f"{template} ({error})"
    return text[:LONGEST_TEXT]


def check_template(template: str, by: Sequence[str]) -> None:
    """Sees that a template can be rendered.

    Args:
        template: Of the rule.
        by: Stored names that it may use.

    Raises:
        ConfigError: It cannot.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise ConfigError(f"has more than {LONGEST_TEMPLATE} characters")
    try:
        tree = _environment("").parse(template)
    except (TemplateError, RecursionError) as error:
        raise ConfigError(f"is no template: {error}") from error
    _check_nodes(tree, {*NAMES, *(name.split(".")[0] for name in by)})
    try:
        _compiled(template, "")
    except (TemplateError, SyntaxError, RecursionError) as error:
        raise ConfigError(f"is no template: {error}") from error


def _check_nodes(tree: nodes.Template, known: set[str]) -> None:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    for place, (node, depth) in enumerate(waiting):  # it grows meanwhile
        if depth > DEEPEST or place >= MOST_NODES:
            raise ConfigError(
                f"is nested more than {DEEPEST} deep, or has more than {MOST_NODES} parts",
                mend="say it in a simpler way",
            )
        waiting += [(inner, depth + 1) for inner in node.iter_child_nodes()]
        if not isinstance(node, _ALLOWED):
            raise ConfigError(
                f"{type(node).__name__.lower()} cannot be used in templates",
                mend="fill in values, with if and filters",
            )
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise ConfigError(f"there is no filter {node.name}", mend=f"one of {_names(_FILTERS)}")
        if isinstance(node, nodes.Name) and node.name not in known:
            raise ConfigError(
                f"there is no {node.name} to tell", mend=f"one of {_names(sorted(known))}"
            )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)


@lru_cache(maxsize=1_000)
def _compiled(template: str, unit: str) -> Template:
    return _environment(unit).from_string(template)


def _environment(unit: str) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    kept: dict[str, Any] = {
        name: environment.filters[name] for name in _FILTERS if name in environment.filters
    }
    environment.filters.clear()
    environment.filters.update(kept)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters["percent"] = percent
    environment.filters["number"] = number
    environment.filters["duration"] = lambda value: duration(value, unit)
    return environment


def _put(names: dict[str, Any], path: Sequence[str], value: str) -> None:
    for part in path[:-1]:
        inner = names.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        names = inner
    names[path[-1]] = value
