"""Which lines may hold a secret? An automaton that tells so in one look at each byte.

It is run by the compiled part, and it may say yes to a line without a secret: upper and lower case
are one to it, and so are all digits.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_ALWAYS = 1
_WHEN_ASSIGNED = 2
_CARD = 0x80


@dataclass(slots=True)
class _Node:
    children: dict[int, int] = field(default_factory=dict)
    fallback: int = 0
    finding: int = 0


def automaton(
    hints: Iterable[tuple[str, bool]], *, cards: Iterable[str], card_digits: Iterable[int]
) -> bytes:
    """Makes the automaton (Aho and Corasick's), in the form of `native/src/automaton.rs`.

    Args:
        hints: ASCII texts of which a line with a secret has one, and whether `=` or `:` follow soon.
        cards: What card numbers look like, with 0 for each digit and a hyphen for each space.
        card_digits: With which of them card numbers begin.
    """
    patterns = [(h.encode(), _WHEN_ASSIGNED if assigned else _ALWAYS) for h, assigned in hints]
    patterns += [(form.encode(), _CARD | len(form)) for form in cards]
    signs = sorted({_folded(sign) for pattern, _ in patterns for sign in pattern})
    class_of = {sign: number for number, sign in enumerate(signs, 1)}
    classes = bytes(class_of.get(_folded(sign), 0) for sign in range(256))
    nodes = [_Node()]
    for pattern, finding in patterns:
        _insert(nodes, [classes[sign] for sign in pattern], finding)
    width = len(signs) + 1
    table = _transitions(nodes, width)
    digits = sum(1 << digit for digit in card_digits)
    order = sorted(range(len(nodes)), key=lambda state: (nodes[state].finding > 0, state))
    row_of = {state: width * place for place, state in enumerate(order)}
    findings = bytes(nodes[state].finding for state in order if nodes[state].finding)
    numbers = struct.pack("<HHH", digits, len(nodes), len(nodes) - len(findings))
    rows = [struct.pack(f"<{width}H", *map(row_of.__getitem__, table[s])) for s in order]
    return classes + numbers + findings + b"".join(rows)


def _folded(sign: int) -> int:
    if chr(sign).isdigit() and sign < 128:
        return ord("0")
    return bytes([sign]).lower()[0]


def _insert(nodes: list[_Node], classes: Sequence[int], finding: int) -> None:
    state = 0
    for sign in classes:
        following = nodes[state].children.get(sign)
        if following is None:
            following = len(nodes)
            nodes[state].children[sign] = following
            nodes.append(_Node())
        state = following
    nodes[state].finding = _both(nodes[state].finding, finding)


def _both(one: int, other: int) -> int:
    """A finding that says what both say: where one is certain, the other adds nothing."""
    if _ALWAYS in (one, other):
        return _ALWAYS
    if one & _CARD and other & _CARD:
        return max(one, other)
    return _ALWAYS if one and other and one != other else one or other


def _transitions(nodes: list[_Node], width: int) -> list[list[int]]:
    """The next state for each state and class, also where no pattern goes on."""
    table = [[0] * width for _ in nodes]
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        node = nodes[state]
        node.finding = _both(node.finding, nodes[node.fallback].finding)
        for sign in range(width):
            child = node.children.get(sign)
            beyond = table[node.fallback][sign] if state else 0
            table[state][sign] = beyond if child is None else child
            if child is not None:
                nodes[child].fallback = beyond
                waiting.append(child)
    return table
