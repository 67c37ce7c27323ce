"""How many steps can a pattern take on a text, at worst?

A backtracking engine tries the ways in which the parts of a pattern can match one after the other. A
part has one way, or a few, or as many as the text is long; parts that stand behind each other multiply
their ways, and a repetition of something that can go on in several ways has exponentially many. The bound is
on the safe side: a pattern may well be cheaper, never dearer but for a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, log2

from shipper.parsers.grok.following import THE_END, Following, behind
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.tree import (
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
    first_chars,
    has_one_way,
    is_exclusive,
    is_nullable,
)

_FEW = 8


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a bound: it grows with the text.

    Attributes:
        scans: How often the whole text may be gone over within one another.
        turns: How many places a match can turn back to that stand behind each other.
        choices: Ways that do not depend on the text, by their binary logarithm.
    """

    scans: int = 0
    turns: int = 0
    choices: float = 0.0

    def steps(self, length: int) -> float:
        """Its steps for a text of so many characters."""
        constant = 2.0 ** min(self.choices, 60.0)
        return float(constant * length**self.scans * ways(length, self.turns))

    def times(self, other: Term) -> Term:
        """The other one once for each way of this one."""
        return Term(
            self.scans + other.scans,
            self.turns + other.turns,
            self.choices + other.choices,
        )

    def is_below(self, other: Term) -> bool:
        """Whether the other one is never smaller."""
        return (
            self.scans <= other.scans
            and self.turns <= other.turns
            and self.choices <= other.choices
        )


@dataclass(frozen=True, slots=True)
class Effort:
    """A bound: the sum of its terms, or none at all.

    Attributes:
        terms: None of them is below another one.
        is_exponential: There is no useful bound.
    """

    terms: tuple[Term, ...] = (Term(),)
    is_exponential: bool = False

    @property
    def growth(self) -> str:
        """How the bound grows with a text's length, in short."""
        if self.is_exponential:
            return "exponential"
        degree = max(term.scans + term.turns for term in self.terms)
        return "n" if degree <= 1 else f"n^{degree}"

    def longest(self, steps: float) -> int:
        """How long any text may be for the bound to stay below some steps."""
        if self.is_exponential:
            return 0
        low, high = 0, 1 << 20
        while low < high:
            middle = (low + high + 1) // 2
            if sum(term.steps(middle) for term in self.terms) <= steps:
                low = middle
            else:
                high = middle - 1
        return low


def ways(places: int, turns: int) -> int:
    """In how many ways some turns can stand in order at some places."""
    return comb(places + turns - 1, turns) if turns else 1


@dataclass(frozen=True, slots=True)
class _Part:
    """Of one part of a pattern: the ways that it leaves open, and the effort to find them."""

    open: Term = Term()
    effort: Effort = Effort()


_ONE_SCAN = Effort((Term(scans=1),))
_EXPONENTIAL = _Part(effort=Effort(is_exponential=True))


def effort_of(tree: Node, *, is_anchored: bool) -> Effort:
    """The bound of a pattern.

    Args:
        tree: The pattern.
        is_anchored: It is tried at the text's beginning alone.
    """
    effort = _part(tree, THE_END).effort
    if is_anchored:
        return effort
    return _within(Term(scans=1), effort)


def _part(node: Node, following: Following) -> _Part:  # noqa: PLR0911 - one for each kind
    match node:
        case Series(items):
            return _series(items, following)
        case Choice(options):
            parts = [_part(option, following) for option in options]
            return _either(parts, are_exclusive=is_exclusive(options))
        case Capture(body, _, _):
            return _part(body, following)
        case Atomic(body) | Look(body, _, _):
            return _Part(effort=_part(body, THE_END).effort)
        case BackReference():
            return _Part(effort=_ONE_SCAN)
        case Repeat():
            return _repeat(node, following)
    return _Part()


def _series(items: tuple[Node, ...], following: Following) -> _Part:
    places = [following]
    for item in reversed(items):
        places.append(behind(item, places[-1]))
    places.reverse()
    before = Term()
    efforts: list[Effort] = []
    for number, item in enumerate(items):
        part = _part(item, places[number + 1])
        if following == THE_END and all(_never_fails(rest) for rest in items[number:]):
            efforts.append(part.effort)
            continue
        efforts.append(_within(before, part.effort))
        before = before.times(part.open)
    return _Part(before, _sum([*efforts, Effort((before,))]))


def _within(outer: Term, inner: Effort) -> Effort:
    """The inner one once for each way of the outer one."""
    return Effort(tuple(outer.times(term) for term in inner.terms), inner.is_exponential)


def _repeat(node: Repeat, following: Following) -> _Part:
    body = bare(node.body)
    is_long = node.high is None or node.high > _FEW
    if isinstance(body, Chars):
        effort = _ONE_SCAN if is_long else Effort()
        if node.kind is Kind.POSSESSIVE or node.low == node.high:
            return _Part(effort=effort)
        few = (node.high or 0) - node.low + 1
        return _Part(Term(turns=1) if is_long else Term(choices=log2(few)), effort)
    inside = _part(body, _inner(node, following))
    if inside.effort.is_exponential:
        return _EXPONENTIAL
    if not is_long:
        return _few_times(node, inside)
    return _many_times(node, inside, following)


def _many_times(node: Repeat, inside: _Part, following: Following) -> _Part:
    again = first_chars(node.body)
    is_possessive = node.kind is Kind.POSSESSIVE
    if not is_possessive:
        goes_on_in_one_way = has_one_way(improve(node.body, Following(again, ends=False)))
        if is_nullable(node.body) or not goes_on_in_one_way:
            return _EXPONENTIAL
    effort = _ONE_SCAN
    if not _takes_what_it_reads(node.body, _inner(node, following)):
        effort = _within(Term(scans=1), inside.effort)
    if is_possessive or node.low == node.high:
        return _Part(effort=effort)
    return _Part(inside.open.times(Term(turns=1)), effort)


def _few_times(node: Repeat, inside: _Part) -> _Part:
    if node.kind is Kind.POSSESSIVE:
        return _Part(effort=inside.effort)
    high = node.high or 0
    efforts = []
    before = Term()
    for _ in range(high):
        efforts.append(_within(before, inside.effort))
        before = before.times(inside.open)
    ends = Term(choices=log2(high - node.low + 1))
    return _Part(before.times(ends), _sum(efforts or [Effort()]))


def _inner(node: Repeat, following: Following) -> Following:
    again = first_chars(node.body)
    if node.kind is Kind.POSSESSIVE:
        return Following(again)
    return following.or_again(again)


def _takes_what_it_reads(node: Node, following: Following) -> bool:  # noqa: PLR0911 - as above
    """Whether trying it costs no more than the characters that it takes, or fails for good."""
    match node:
        case Chars():
            return True
        case Series(items):
            for item in reversed(items):
                if not _takes_what_it_reads(item, following):
                    return False
                following = behind(item, following)
            return True
        case Choice(options):
            return is_exclusive(options) and all(
                _takes_what_it_reads(option, following) for option in options
            )
        case Capture(body, _, _):
            return _takes_what_it_reads(body, following)
        case Repeat(body, _, high, _):
            inner = bare(body)
            if isinstance(inner, Chars):
                return has_one_way(node) or (high is not None and high <= _FEW)
            return (
                has_one_way(inner)
                and _takes_what_it_reads(inner, following)
                and following.tells_apart(first_chars(inner), inside=False)
            )
        case Look(body, _, _):
            return isinstance(bare(body), Chars)
    return _part(node, following).effort == Effort()


def _never_fails(node: Node) -> bool:
    match node:
        case Series(items):
            return all(_never_fails(item) for item in items)
        case Capture(body, _, _) | Atomic(body):
            return _never_fails(body)
        case Repeat(_, low, _, _):
            return low == 0
    return False


def _either(parts: Sequence[_Part], *, are_exclusive: bool) -> _Part:
    """Ways of all of them: as many as the worst has, times their number unless one is decided on."""
    ways_open = [part.open for part in parts]
    worst = Term(
        max(term.scans for term in ways_open),
        max(term.turns for term in ways_open),
        max(term.choices for term in ways_open) + (0.0 if are_exclusive else log2(len(parts))),
    )
    return _Part(worst, _sum([part.effort for part in parts]))


def _sum(efforts: Sequence[Effort]) -> Effort:
    """All of them one after the other, but for a constant."""
    terms: list[Term] = []
    for effort in efforts:
        for term in effort.terms:
            if not any(term.is_below(other) for other in terms):
                terms = [*(other for other in terms if not other.is_below(term)), term]
    return Effort(tuple(terms), any(effort.is_exponential for effort in efforts))
