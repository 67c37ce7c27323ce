"""How do the groups of a match become fields?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from shipper.parsers.grok.references import Wanted
from shipper.parsers.port import Fields

Filling = Callable[[Sequence[str | None]], Fields]


def make_filling(captures: Sequence[Wanted | None], optional: Set[int]) -> Filling:
    """Makes a function from the groups of a match to its fields, in the order of the pattern.

    The function is written for the pattern, as `dataclasses` does it: it takes half the time of one
    that looks at the fields in a loop. A field that several groups stand for has the first present
    one; a field without any is left out.

    Args:
        captures: What each group is; None for one that is no field.
        optional: The groups, from 0, that can be absent.
    """
    conversions = {
        f"convert_{number}": capture.convert
        for number, capture in enumerate(captures)
        if capture is not None and capture.convert is not None
    }
    groups_of: dict[str, list[int]] = {}
    for number, capture in enumerate(captures):
        if capture is not None:
            groups_of.setdefault(capture.field, []).append(number)
    values = [f"{name!r}: {_value(groups, conversions)}" for name, groups in groups_of.items()]
    lines = ["def fill(groups):"]
    if captures:
        lines.append(f" {' '.join(f'g{number},' for number in range(len(captures)))} = groups")
    lines.append(f" found = {{{', '.join(values)}}}")
    for name, groups in groups_of.items():
        if set(groups) <= optional:
            lines.append(f" if {' is '.join(f'g{number}' for number in groups)} is None:")
            lines.append(f"  del found[{name!r}]")
    lines.append(" return found")
    namespace: dict[str, Any] = dict(conversions)
    exec("\n".join(lines), namespace)  # noqa: S102 - names are quoted, the rest is written here
    filling: Filling = namespace["fill"]
    return filling


def _value(groups: Sequence[int], conversions: Mapping[str, object]) -> str:
    """The first present group, converted; None where none is."""
    text = "None"
    for number in reversed(groups):
        value = f"g{number}"
        if f"convert_{number}" in conversions:
            value = f"convert_{number}(g{number})"
        is_plain = text == "None" and value == f"g{number}"
        text = value if is_plain else f"({value} if g{number} is not None else {text})"
    return text
