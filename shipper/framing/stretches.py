"""Can a pattern with several `.*` be looked for piece by piece, each of them once?

Whether ``a.*b.*c`` is found in a line can be told without ever going back: behind the first ``a`` the
first ``b``, behind that any ``c``. That holds where each piece is of a fixed width, or a choice of such,
since the first match of such a piece is also the one that ends first, and leaves most to the others. A
piece at the beginning of the line may be anything that matches in one way only, the last one anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipper.parsers.grok.charset import ANYTHING
from shipper.parsers.grok.following import Following
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.pattern import is_anchored
from shipper.parsers.grok.tree import (
    DOT,
    Assertion,
    Atomic,
    Capture,
    Chars,
    Choice,
    Kind,
    Node,
    Repeat,
    Series,
    bare,
    has_one_way,
)

_WIDEST = 256
_MOST_OPTIONS = 16


def stretches_of(tree: Node) -> list[list[Node]] | None:
    """The pieces between the `.*` of a pattern, each with the options that it has.

    Returns:
        None where they cannot be looked for one by one.
    """
    pieces: list[list[Node]] = [[]]
    for item in _items(tree):
        gap = _gap(item)
        if gap is None:
            pieces[-1].append(item)
        else:
            pieces[-1] += [DOT] * gap
            pieces.append([])
    found: list[list[Node]] = []
    for number, piece in enumerate(pieces):
        options = _options(piece)
        if any(_width(option) is None for option in options):
            options = [Series(tuple(piece))]
            if number < len(pieces) - 1 and not (number == 0 and _begins_in_one_way(options[0])):
                return None
        found.append(options)
    return found if len(found) > 1 else None


def _options(piece: Sequence[Node]) -> list[Node]:
    """The same piece once for each option of its choices; as it is when these are too many."""
    several: list[tuple[Node, ...]] = [()]
    for item in piece:
        inner = item
        while isinstance(inner, Capture):
            inner = bare(inner.body)
        options = inner.options if isinstance(inner, Choice) else (item,)
        several = [(*before, option) for before in several for option in options]
        if len(several) > _MOST_OPTIONS:
            return [Series(tuple(piece))]
    return [Series(items) for items in several]


def _begins_in_one_way(piece: Node) -> bool:
    return is_anchored(piece) and has_one_way(improve(piece, Following(ANYTHING)))


def _items(tree: Node) -> tuple[Node, ...]:
    """What stands one after the other; groups as a whole are taken apart."""
    node = bare(tree)
    while isinstance(node, Capture):
        node = bare(node.body)
    if not isinstance(node, Series):
        return (node,)
    return tuple(inner for item in node.items for inner in _inner(item))


def _inner(item: Node) -> tuple[Node, ...]:
    return _items(item) if isinstance(item, Series | Capture) else (item,)


def _gap(item: Node) -> int | None:
    """How many characters `.*` and its like take at least; None for anything else."""
    if not isinstance(item, Repeat) or bare(item.body) != DOT or item.high is not None:
        return None
    return None if item.kind is Kind.POSSESSIVE or item.low > _WIDEST else item.low


def _width(node: Node) -> int | None:  # noqa: PLR0911 - one for each kind
    """Characters that it takes, if that is always the same."""
    match node:
        case Chars():
            return 1
        case Assertion():
            return 0
        case Capture(body, _, _) | Atomic(body):
            return _width(body)
        case Series(items):
            widths = [_width(item) for item in items]
            total = sum(width or 0 for width in widths)
            return None if None in widths or total > _WIDEST else total
        case Choice(options):
            several = {_width(option) for option in options}
            return several.pop() if len(several) == 1 else None
        case Repeat(body, low, high, _) if low == high:
            inner = _width(body)
            return None if inner is None or inner * low > _WIDEST else inner * low
    return None
