"""How are the words of an alert made of templates that nobody can misuse?

Jinja2's sandbox, and of its language only what fills in values: no loops, no definitions, no calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from logboom.errors import ConfigError
from logboom.fields import EVENT_FIELDS, resolve
from logboom.quantities import duration, number, percent, quantity

LONGEST_TEMPLATE: Final = 4_000
LONGEST_TEXT: Final = 1_000
DEEPEST: Final = 20
MOST_NODES: Final = 1_000
"""Expressions that are nested deeply take long to be compiled."""

NAMES: Final = ("value", "threshold", "labels", "condition", "baseline", "events", "window",
                      "measured")  # fmt: skip
"""What a template can use, besides the fields of `by`."""

_MEASURED: Final = ("value", "measured", "baseline")
_FILTERS: Final = ("percent", "duration", "number", "upper", "lower", "default", "title", "trim")
_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.Const, nodes.Filter, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Div, nodes.Concat,
)  # fmt: skip


_EXACT: Final = 2**53
"""Below it every whole number can be told apart from the next one."""

_OF_OTHERS: Final = re.compile(r"\{\{-?\s*[$.]")
"""As templates of Go begin."""


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
    try:
        text = _filled(template, told)
    except Exception as error:  # noqa: BLE001 - an alert with odd words is better than none
        text = f"{template} ({error})"
    return text[:LONGEST_TEXT]


@lru_cache(maxsize=1_000)
def tells_what_was_measured(template: str) -> bool:
    """Whether there is something missing in it when nothing could be measured.

    Args:
        template: One that `check_template` took.
    """
    return any(path[0] in _MEASURED for path in _paths(_environment("").parse(template)))


def _filled(template: str, told: Told) -> str:
    names: dict[str, Any] = {
        "value": _written(told.value), "threshold": _written(told.threshold), "condition": told.condition,
        "labels": dict(told.labels), "baseline": told.baseline, "events": told.events,
        "window": told.window,
        "measured": " and ".join(
            f"{name} {quantity(one, told.units.get(name, ''))}"
            for name, one in told.measured.items()
        ),
    }  # fmt: skip
    for name, value in told.series.items():
        _put(names, name.split("."), value)
    return _compiled(template, told.unit).render(names)


def _written(value: float | None) -> float | None:
    """A whole number as one: `14`, not `14.0`."""
    is_whole = value is not None and abs(value) < _EXACT and float(value).is_integer()
    return int(value) if value is not None and is_whole else value


def check_template(template: str, made: Sequence[Told]) -> None:
    """Sees that a template can be rendered.

    Args:
        template: Of the rule.
        made: What it may have to tell, at least one.

    Raises:
        ConfigError: It cannot, with what is wrong, where, and what would be right.
    """
    tree = check_language(template)
    for path in _paths(tree):
        _check_path(template, path, made[0])
    for told in made:
        try:
            _filled(template, told)
        except Exception as error:  # of whatever kind the expression's mistake is
            raise ConfigError(
                f"cannot be rendered: {error}",
                mend="percent, number, duration, + - and / take numbers: value, threshold, events",
            ) from error


def check_language(template: str) -> nodes.Template:
    """Sees that a template uses nothing but what templates may.

    Raises:
        ConfigError: It is none, or does more than to fill in values.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise ConfigError(f"has more than {LONGEST_TEMPLATE} characters")
    try:
        tree = _environment("").parse(template)
    except (TemplateError, RecursionError) as error:
        mend = "write {{ value }} and {{ labels.team }}" if _OF_OTHERS.search(template) else None
        raise ConfigError(f"is no template: {error}", mend=mend) from error
    _check_nodes(template, tree)
    try:
        _compiled(template, "")
    except (TemplateError, SyntaxError, RecursionError) as error:
        raise ConfigError(f"is no template: {error}") from error
    return tree


def _check_path(template: str, path: Sequence[str], told: Told) -> None:
    """Sees that what a template names is there to be told."""
    root, *parts = path
    written = ".".join(path)
    if root == "labels" and parts:
        if parts[0] not in told.labels or len(parts) > 1:
            raise _nothing(template, written, _label_instead(".".join(parts), told))
    elif root in NAMES:
        if parts:
            raise _nothing(template, written, f"{root} has no parts: write {{{{ {root} }}}}")
    elif written not in told.series:
        raise _nothing(template, written, _field_instead(written, told.series))


def _field_instead(written: str, series: Mapping[str, str]) -> str:
    stored, known = resolve(written)[0], [*NAMES, *series]
    below = [name for name in series if name == stored or name.startswith(f"{written}.")]
    near = below or get_close_matches(written, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    if stored in EVENT_FIELDS:
        return f"put {stored} into `by`: then each alert is about one value of it"
    return f"one of {_names(sorted(known))}"


def _label_instead(name: str, told: Told) -> str:
    if name in told.series:  # the label is missing where an event has no value
        return f"write {{{{ {name} }}}}"
    if name in told.labels:
        return f"write labels['{name}']"
    near = get_close_matches(name, told.labels, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"the labels are {_names(sorted(told.labels))}"


def _nothing(template: str, written: str, mend: str) -> ConfigError:
    return ConfigError(f"there is no {written} to tell", where=_place(template, written), mend=mend)


def _place(template: str, written: str) -> str | None:
    """Where in a template something stands first; None when it is written in another way."""
    at = template.find(written)
    return None if at < 0 else f"character {at + 1}"


def _paths(tree: nodes.Node) -> Iterator[tuple[str, ...]]:
    """The names that a template uses, with their parts; a label that may be missing has a default."""
    path = _path(tree)
    if path is not None:
        yield path
        return
    optional = tree.node if isinstance(tree, nodes.Filter) and tree.name == "default" else None
    for inner in tree.iter_child_nodes():
        for found in _paths(inner):
            yield found[:1] if inner is optional and found[0] == "labels" else found


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        last = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        last = str(node.arg.value)
    else:
        return None
    before = _path(node.node)
    return None if before is None else (*before, last)


def _check_nodes(template: str, tree: nodes.Template) -> None:
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
                where=f"line {node.lineno}", mend="fill in values, with if and filters",
            )  # fmt: skip
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise ConfigError(
                f"there is no filter {node.name}", where=_place(template, node.name),
                mend=f"one of {_names(_FILTERS)}",
            )  # fmt: skip


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)


@lru_cache(maxsize=1_000)
def _compiled(template: str, unit: str) -> Template:
    return _environment(unit).from_string(template)


def _environment(unit: str) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, finalize=_shown)
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


def _shown(value: object) -> object:
    """All labels at once: `name=value, …`."""
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{name}={one}" for name, one in sorted(value.items()))


def _put(names: dict[str, Any], path: Sequence[str], value: str) -> None:
    for part in path[:-1]:
        inner = names.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        names = inner
    names[path[-1]] = value
