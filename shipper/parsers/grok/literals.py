"""Which pieces of text must be in every text that a pattern matches?"""

from __future__ import annotations

from collections.abc import Iterator

from shipper.parsers.grok.tree import Assertion, Atomic, Capture, Chars, Look, Node, Repeat, Series

_MOST = 3


def required_literals(tree: Node) -> tuple[str, ...]:
    """The pieces worth looking for, in the order in which they must come: at most three."""
    runs = [run for run in "\0".join(_runs(tree)).split("\0") if run and run != " "]
    best = sorted(range(len(runs)), key=lambda number: (-literal_worth(runs[number]), number))[
        :_MOST
    ]
    return tuple(runs[number] for number in sorted(best))


def literal_worth(run: str) -> int:
    """How much of the texts without a match a piece is likely to rule out."""
    return 2 * len(run) + sum(not sign.isalnum() and sign != " " for sign in run)


def _runs(node: Node) -> Iterator[str]:
    """Runs of characters that must come; what lies between them ends a run."""
    pending = ""
    for item in _flat(node):
        if isinstance(item, Chars) and item.literal not in {None, "\0"}:
            pending += item.literal or ""
        elif not isinstance(item, Look | Assertion):
            yield pending
            pending = ""
    yield pending


def _flat(node: Node) -> Iterator[Node]:
    match node:
        case Series(items):
            for item in items:
                yield from _flat(item)
        case Capture(body, _, _) | Atomic(body):
            yield from _flat(body)
        case Repeat(body, low, high, _) if low > 0:
            yield from _flat(body)
            if high != 1:
                yield node
        case _:
            yield node
