"""How does YAML become mappings and lists, with its traps told instead of taken?"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError

_MOST_VALUES = 100_000
_MERGE = "tag:yaml.org,2002:merge"
_BOOLEAN = "tag:yaml.org,2002:bool"
_TEXT = "tag:yaml.org,2002:str"
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


def read_yaml(text: str) -> object:
    """Reads one document.

    Raises:
        yaml.YAMLError: It is no YAML, has a key twice in a mapping, or an alias that contains itself or
            multiplies beyond measure.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, {}, [])
        return loader.construct_document(node)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Refuses what the usual one passes over."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as in SafeLoader
        if node.tag in _NUMBERS and ":" in node.value:  # 15:03 is a time, not 903
            node.tag = _TEXT
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise _refused(f"a value is none: {error}", node) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as in SafeLoader
        lines: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            if key.tag == _BOOLEAN:  # `off` and `on` are names where a key stands
                key.tag = _TEXT
            if key.value in lines:
                first = lines[key.value]
                raise _refused(f"`{key.value}` is there twice, first in line {first}", key)
            lines[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


def _count(node: yaml.Node, known: dict[int, int], above: list[yaml.Node]) -> int:
    """How many values there are, aliases counted as what they stand for."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if any(node is other for other in above):
        raise _refused("an alias contains itself", node)
    if id(node) not in known:
        parts = node.value if isinstance(node, yaml.SequenceNode) else _flat(node)
        above.append(node)
        known[id(node)] = 1 + sum(_count(part, known, above) for part in parts)
        above.pop()
    if known[id(node)] > _MOST_VALUES:
        raise _refused(f"there are more than {_MOST_VALUES:,} values", node)
    return known[id(node)]


def _flat(node: yaml.Node) -> list[yaml.Node]:
    return [part for pair in node.value for part in pair]


def _refused(problem: str, node: yaml.Node) -> ConstructorError:
    return ConstructorError(None, None, problem, node.start_mark)
