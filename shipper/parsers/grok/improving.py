"""The same pattern with fewer ways to fail: repetitions that need not be tried twice.

Each rewriting leaves what matches, and what is captured, as it is:

- a run of characters none of which can begin the rest becomes possessive: it has only one end that
  the rest could go on from;
- the same for a repeated or optional group, where its first character decides and it matches in one
  way only;
- ``.*?`` before a character c becomes a jump from one c to the next.
"""

from __future__ import annotations

from dataclasses import replace

from shipper.parsers.grok.charset import of_range
from shipper.parsers.grok.classes import quoted
from shipper.parsers.grok.following import THE_END, Following, behind
from shipper.parsers.grok.tree import (
    DOT,
    Atomic,
    Capture,
    Chars,
    Choice,
    Kind,
    Look,
    Node,
    Repeat,
    Series,
    bare,
    first_chars,
    has_one_way,
    is_nullable,
)


def improve(node: Node, following: Following = THE_END) -> Node:  # noqa: PLR0911 - one for each kind
    """Rewrites a pattern; see above.

    Args:
        node: Its tree.
        following: What comes behind it.
    """
    match node:
        case Series(items):
            return _improve_series(items, following)
        case Choice(options):
            return Choice(tuple(improve(option, following) for option in options))
        case Capture(body, _, _):
            return replace(node, body=improve(body, following))
        case Atomic(body):
            return Atomic(improve(body))
        case Look(body, ahead=True):
            return replace(node, body=improve(body))
        case Repeat():
            return _improve_repeat(node, following)
    return node


def _improve_series(items: tuple[Node, ...], following: Following) -> Node:
    improved: list[Node] = []
    for item in reversed(items):
        better = improve(item, following)
        following = behind(better, following)
        improved.extend(reversed(better.items) if isinstance(better, Series) else [better])
    improved.reverse()
    return Series(tuple(improved))


def _improve_repeat(node: Repeat, following: Following) -> Node:
    body = bare(node.body)
    if node.low == node.high == 1:
        return improve(body, THE_END if node.kind is Kind.POSSESSIVE else following)
    if isinstance(body, Chars):
        return _improve_run(replace(node, body=body), body, following)
    again = first_chars(body)
    if node.kind is Kind.POSSESSIVE:
        return replace(node, body=improve(body, Following(again)))
    inner = following
    if node.high != 1:
        inner = following.or_again(again)
    better = replace(node, body=improve(body, inner))
    one_way = has_one_way(better.body) and not is_nullable(better.body)
    if (
        one_way
        and following.tells_apart(again, inside=False)
        and (node.kind is Kind.GREEDY or not following.ends)
    ):
        return replace(better, kind=Kind.POSSESSIVE)
    return better


def _improve_run(node: Repeat, body: Chars, following: Following) -> Node:
    if node.low == node.high:
        return node
    has_one_end = following.tells_apart(body.chars, inside=node.low > 0)
    if node.kind is Kind.LAZY:
        has_one_end = not following.ends and not body.chars.intersects(following.chars)
    if has_one_end:
        return replace(node, kind=Kind.POSSESSIVE)
    is_open = node.kind is Kind.LAZY and node.high is None and node.low <= 1
    if is_open and body == DOT and following.literal is not None:
        return _jumps(node.low, following.literal)
    return node


def _jumps(low: int, literal: str) -> Node:
    chars = of_range(literal, literal)
    stop = Chars(quoted(literal), chars, literal)
    others = Repeat(
        Chars(f"[^{quoted(literal)}]", chars.negated()), 0, None, Kind.POSSESSIVE
    )  # fmt: skip
    further = Repeat(Series((stop, others)), 0, None, Kind.LAZY)
    return Series((*([DOT] * low), others, further))
