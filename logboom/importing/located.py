"""Which line does a setting of a YAML file stand on?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from logboom.errors import ConfigError

_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Located:
    """A mapping, flattened: nested keys become dotted names, lists stay.

    Attributes:
        values: By dotted name; mappings in lists are `Located`, too.
        lines: Line of each name, from 1.
        line: Of the mapping itself.
    """

    values: dict[str, Any]
    lines: dict[str, int]
    line: int


def read_located(text: str, *, origin: str) -> Located:
    """Reads a YAML file whose top is a mapping.

    Raises:
        ConfigError: It is none, or no YAML.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = origin if mark is None else f"{origin}:{mark.line + 1}"
        raise ConfigError("is not valid YAML", where=where) from error
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError("must be a mapping of settings", where=origin)
    try:
        return _mapping(node, 0)
    except RecursionError as error:
        raise ConfigError("is nested too deeply", where=origin) from error


def _mapping(node: yaml.MappingNode, depth: int) -> Located:
    located = Located({}, {}, node.start_mark.line + 1)
    for name, line, value in _flat(node, "", depth):
        located.values[name] = value
        located.lines[name] = line
    return located


def _flat(node: yaml.MappingNode, prefix: str, depth: int) -> Iterator[tuple[str, int, Any]]:
    if depth > _MAX_DEPTH:
        raise RecursionError
    for key, value in node.value:
        name = f"{prefix}{key.value}" if isinstance(key, yaml.ScalarNode) else f"{prefix}?"
        line = key.start_mark.line + 1
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            yield name, line, _value(value, depth + 1)


def _value(node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 - YAML is of any shape
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, depth + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, depth + 1) for part in node.value]
    return yaml.SafeLoader("").construct_object(node)
