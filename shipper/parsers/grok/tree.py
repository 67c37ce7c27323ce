"""What is a regular expression made of?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from shipper.parsers.grok.charset import ANYTHING, CharSet


class Kind(Enum):
    """How a repetition chooses: as much as it can, as little, or as much and for good."""

    GREEDY = ""
    LAZY = "?"
    POSSESSIVE = "+"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set.

    Attributes:
        source: In the syntax of Python's `re`.
        literal: The character where there is only one.
        folds: Case does not matter.
    """

    source: str
    chars: CharSet
    literal: str | None = None
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first that leads to a match."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The body again and again; `high` is None where there is no end to it."""

    body: Node
    low: int
    high: int | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Capture:
    """A group whose text is wanted, or referred to.

    Attributes:
        name: As written; None for a plain group in parentheses.
        number: In the order of the opening parentheses, from 0.
    """

    body: Node
    name: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Atomic:
    """Never matched in a second way."""

    body: Node


@dataclass(frozen=True, slots=True)
class Look:
    """What must, or must not, be behind or in front of a place."""

    body: Node
    ahead: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    r"""One of ``^ $ \A \Z \b \B``, in the syntax and with the meaning of Python's `re`."""

    source: str


@dataclass(frozen=True, slots=True)
class BackReference:
    """The text of an earlier group again, by its number or its name."""

    target: int | str


Node = Chars | Series | Choice | Repeat | Capture | Atomic | Look | Assertion | BackReference

EMPTY = Series(())
DOT = Chars(".", ANYTHING)


def is_nullable(node: Node) -> bool:
    """Whether it can match without taking a character."""
    match node:
        case Chars():
            return False
        case Series(items):
            return all(is_nullable(item) for item in items)
        case Choice(options):
            return any(is_nullable(option) for option in options)
        case Repeat(body, low, _, _):
            return low == 0 or is_nullable(body)
        case Capture(body, _, _) | Atomic(body):
            return is_nullable(body)
    return True


def first_chars(node: Node) -> CharSet:
    """The characters that a match of it can begin with."""
    match node:
        case Chars(_, chars, _, _):
            return chars
        case Series(items):
            return first_of(items)
        case Choice(options):
            found = CharSet()
            for option in options:
                found |= first_chars(option)
            return found
        case Repeat(body, _, _, _) | Capture(body, _, _) | Atomic(body):
            return first_chars(body)
        case BackReference():
            return ANYTHING
    return CharSet()


def first_of(items: tuple[Node, ...]) -> CharSet:
    """The characters that a series can begin with."""
    found = CharSet()
    for item in items:
        found |= first_chars(item)
        if not is_nullable(item):
            break
    return found


def has_one_way(node: Node) -> bool:
    """Whether it matches in one way at most, wherever it is tried."""
    match node:
        case Series(items):
            return all(has_one_way(item) for item in items)
        case Choice(options):
            return is_exclusive(options) and all(has_one_way(option) for option in options)
        case Repeat(body, low, high, kind):
            return kind is Kind.POSSESSIVE or (low == high and has_one_way(body))
        case Capture(body, _, _):
            return has_one_way(body)
    return True


def is_exclusive(options: tuple[Node, ...]) -> bool:
    """Whether the next character alone decides between the options."""
    seen = CharSet()
    for option in options:
        chars = first_chars(option)
        if is_nullable(option) or chars.intersects(seen):
            return False
        seen |= chars
    return True


def looks_around(node: Node) -> bool:
    """Whether there is anything in it that matches without taking a character, and may fail."""
    match node:
        case Series(items) | Choice(items):
            return any(looks_around(item) for item in items)
        case Repeat(body, _, _, _) | Capture(body, _, _) | Atomic(body):
            return looks_around(body)
    return not isinstance(node, Chars)


def bare(node: Node) -> Node:
    """The node within groups that have no meaning of their own."""
    while isinstance(node, Series) and len(node.items) == 1:
        node = node.items[0]
    return node
