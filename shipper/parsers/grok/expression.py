"""From a tree to the text of an expression for Python's `re`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from shipper.parsers.grok.tree import (
    Assertion,
    Atomic,
    BackReference,
    Capture,
    Chars,
    Choice,
    Kind,
    Look,
    Node,
    Repeat,
    Series,
    bare,
    is_nullable,
)

_LOOKS = {(True, False): "(?=", (True, True): "(?!", (False, False): "(?<=", (False, True): "(?<!"}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of `re`, to be compiled with DOTALL.

    Attributes:
        names: What each of its groups is called, in their order; None for one that only a
            reference needs.
        optional: Which of them, from 0, a match can leave out.
    """

    text: str
    names: tuple[str | None, ...]
    optional: frozenset[int]


def write_expression(tree: Node) -> Expression:
    """Writes a tree down; groups without a name that nothing refers to capture nothing."""
    targets = set(_targets(tree))
    writer = _Writer({target for target in targets if isinstance(target, int)})
    text = writer.write(tree)
    return Expression(text, tuple(writer.names), frozenset(writer.optional))


@dataclass(slots=True)
class _Writer:
    targets: set[int]
    names: list[str | None] = field(default_factory=list)
    numbers: dict[int | str, int] = field(default_factory=dict)
    optional: set[int] = field(default_factory=set)

    def write(self, node: Node) -> str:  # noqa: PLR0911 - one for each kind of node
        match node:
            case Chars(source, _, _, folds):
                return f"(?i:{source})" if folds else source
            case Series(items):
                return "".join(self._item(item) for item in items)
            case Choice(options):
                return "|".join(self._optional(option) for option in options)
            case Repeat():
                return self._repeat(node)
            case Atomic(body):
                return f"(?>{self.write(body)})"
            case Look(body, ahead, negative):
                return f"{_LOOKS[ahead, negative]}{self._optional(body)})"
            case Assertion(source):
                return source
            case BackReference(target):
                return f"(?:\\{self.numbers.get(target, 99)})"
            case Capture():
                return self._capture(node)

    def _repeat(self, node: Repeat) -> str:
        """A repetition; a possessive one with groups in it goes another way round.

        Python's own possessive repetitions forget groups of earlier rounds, and can raise SystemError
        (3.11.7).
        """
        before = len(self.names)
        if self._is_option(node):
            written = self._optional(node.body)
            return f"(?>{written}|)" if node.kind is Kind.POSSESSIVE else f"(?:{written}|)"
        written = self._single(node.body) if node.low else self._optional(node.body, is_single=True)
        times = _times(node.low, node.high)
        if node.kind is Kind.POSSESSIVE and len(self.names) > before:
            return f"(?>{written}{times})"
        return f"{written}{times}{node.kind.value}"

    def _is_option(self, node: Repeat) -> bool:
        """Whether it is better written as a choice between the body and nothing: that is quicker."""
        is_simple = isinstance(bare(node.body), Chars) or is_nullable(node.body)
        return (node.low, node.high) == (0, 1) and node.kind is not Kind.LAZY and not is_simple

    def _capture(self, node: Capture) -> str:
        if node.name is None and node.number not in self.targets:
            return f"(?:{self.write(node.body)})"
        self.names.append(node.name)
        number = len(self.names)
        self.numbers[node.number] = number
        if node.name is not None:
            self.numbers.setdefault(node.name, number)
        return f"({self.write(node.body)})"

    def _optional(self, node: Node, *, is_single: bool = False) -> str:
        before = len(self.names)
        written = self._single(node) if is_single else self.write(node)
        self.optional.update(range(before, len(self.names)))
        return written

    def _item(self, node: Node) -> str:
        written = self.write(node)
        return f"(?:{written})" if isinstance(node, Choice) else written

    def _single(self, node: Node) -> str:
        written = self.write(node)
        whole = isinstance(node, Chars | Atomic | BackReference)
        if isinstance(node, Capture):
            whole = True
        return written if whole else f"(?:{written})"


def _times(low: int, high: int | None) -> str:
    simple = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (low, high) in simple:
        return simple[low, high]
    if low == high:
        return f"{{{low}}}"
    return f"{{{low},{'' if high is None else high}}}"


def _targets(node: Node) -> Iterator[int | str]:
    match node:
        case BackReference(target):
            yield target
        case Series(items) | Choice(items):
            for item in items:
                yield from _targets(item)
        case Repeat(body, _, _, _) | Capture(body, _, _) | Atomic(body) | Look(body, _, _):
            yield from _targets(body)
