"""What do several comparisons of Prometheus ask that are joined by `and`, `or` or `unless`?

Ours look at the same events, the same window and the same series; what joins others cannot be translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from logboom.importing.promql import FIELDS, Asked, NotTranslatable, translate

_OPERATOR: Final = re.compile(r"(?:and|or|unless)\b", re.IGNORECASE)
_MATCHING: Final = re.compile(r"\s*(on|ignoring)\s*\(([^()]*)\)\s*")
_COUNTED: Final = re.compile(r"(count|rate) (\S+) ([-+]?[0-9.e+-]+?)(?:/s)?\Z")
_DURATION: Final = re.compile(r"(\d+)([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_QUOTES: Final = "\"'`"
_ERRORS: Final = "tags:error"
_TIMED: Final = "_exists_:event.duration"


def translate_joined(expression: str) -> Asked:
    """What an expression asks, be it one comparison or several.

    Args:
        expression: Of a rule.

    Raises:
        NotTranslatable: It has no counterpart.
    """
    leaves: list[Asked] = []
    text = _read(expression, leaves, [])
    if len(leaves) == 1:
        return leaves[0]
    sides = [_as_errors(leaf) for leaf in leaves]
    first = sides[0]
    for side in sides[1:]:
        if side.over != first.over:
            raise NotTranslatable("joins comparisons over different windows")
        if set(side.by) != set(first.by):
            raise NotTranslatable("joins comparisons of different series")
        if side.where != first.where:
            raise NotTranslatable("joins comparisons of different events")
    return replace(first, when=text.format(*(side.when for side in sides)))


def _read(expression: str, leaves: list[Asked], labels: list[tuple[str, ...]]) -> str:
    """A pattern of the condition; its leaves are put into the list."""
    bare = _bare(expression)
    pieces = list(_pieces(bare))
    if len(pieces) == 1:
        leaves.append(translate(bare))
        return f"{{{len(leaves) - 1}}}"
    begin = len(leaves)
    shown = []
    for operator, side in pieces:
        matching = _MATCHING.match(side) if operator else None
        rest = side if matching is None else side[matching.end() :]
        if matching is not None:
            labels.append(_on(matching))
        inner = _read(rest, leaves, labels)
        is_joined = len(list(_pieces(_bare(rest)))) > 1
        shown.append(f"{operator} ({inner})" if is_joined else f"{operator} {inner}")
    for names in labels:
        if any(set(leaf.by) != set(names) for leaf in leaves[begin:]):
            raise NotTranslatable("joins series by other labels than they have")
    return " ".join(shown).strip()


def _on(matching: re.Match[str]) -> tuple[str, ...]:
    if matching[1] == "ignoring":
        raise NotTranslatable("joins series and ignores labels")
    names = [name.strip() for name in matching[2].split(",") if name.strip()]
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise NotTranslatable(f"joins series by {unknown[0]}, which no event has")
    return tuple(FIELDS[name] for name in names)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """The sides with the operators before them; the first has none."""
    operator, begin = "", 0
    for place in _outside(text):
        match = _OPERATOR.match(text, place)
        is_word = match is not None and (place == 0 or not re.match(r"\w", text[place - 1]))
        if match is not None and is_word and place >= begin:
            yield operator, text[begin:place].strip()
            operator, begin = match.group().lower(), match.end()
    yield operator, text[begin:].strip()


def _bare(text: str) -> str:
    """Without parentheses around all of it."""
    bare = text.strip()
    while bare.startswith("(") and bare.endswith(")") and not list(_outside(bare[:-1]))[1:]:
        bare = bare[1:-1].strip()
    return bare


def _outside(text: str) -> Iterator[int]:
    """The places that are in no brackets and no quotes; an opening bracket itself is outside."""
    depth, quote = 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[place - 1] != "\\" else quote
            continue
        if letter in ")]}":
            depth -= 1
            continue
        if not depth:
            yield place
        if letter in _QUOTES:
            quote = letter
        depth += letter in "([{"


def _as_errors(asked: Asked) -> Asked:
    """The same over all events, not over errors alone, where it counts errors."""
    parts = [part for part in asked.where.split(" AND ") if part]
    if asked.when.startswith(("avg(", "p")):
        parts = [part for part in parts if part != _TIMED]
    match = _COUNTED.match(asked.when)
    if match is None or _ERRORS not in parts:
        return replace(asked, where=" AND ".join(parts))
    parts.remove(_ERRORS)
    number = match[3]
    if match[1] == "rate":
        number = f"{float(number) * _seconds(asked.over):.10g}"
    return replace(asked, when=f"errors {match[2]} {number}", where=" AND ".join(parts))


def _seconds(over: str) -> int:
    found: Sequence[tuple[str, str]] = _DURATION.findall(over)
    return sum(int(number) * _SECONDS[unit] for number, unit in found)
