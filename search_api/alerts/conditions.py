"""How is `when` of a rule read: comparisons that are joined by `and`, `or`, `unless`, `not`?

`error_rate > 5% and count > 100`. As in Prometheus `and` and `unless` bind more than `or`; all comparisons look at
the same events, the same window and the same series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from logboom.errors import ConfigError
from search_api.alerts.expressions import Token, parse_comparison, tokens_of, wrong
from search_api.alerts.measures import Condition, Kind
from search_api.alerts.sense import possible
from search_api.alerts.when import (
    MOST_COMPARISONS,
    Part,
    Ways,
    When,
    both,
    either,
    neither,
)

_JOINING: Final = frozenset({"and", "or", "unless", "not"})
_DEEPEST: Final = 10
_ALONE: Final = "each group of errors is a series of its own: write a rule for it alone"


def parse_when(text: str, *, recovery: str | None = None) -> When:
    """Reads a condition.

    Args:
        text: `when` of a rule.
        recovery: The threshold at which a single comparison recovers, with its unit; None for the same.

    Raises:
        ConfigError: It is none, with what is wrong, where, and what would be right.
    """
    tokens = _bare(tokens_of(text))
    if not tokens:
        raise ConfigError(
            "there is nothing in the parentheses", mend="write for example count > 10"
        )
    if not any(_joins(token) for token in tokens):
        return When.of(parse_comparison(tokens, text, recovery=recovery))
    ways, shown, rest = _Reader(text).any_of(tokens, 0)
    if rest:
        raise wrong(f"{rest[0].text!r} is too much", rest[0], "join comparisons with and, or")
    when = When(possible(ways), shown)
    _check(when, recovery)
    return when


def _bare(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without parentheses around all of it."""
    while tokens and tokens[0].text == "(" and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: Sequence[Token]) -> int:
    """The place of the parenthesis that closes the first one; -1 when none does."""
    open_ones = 0
    for place, token in enumerate(tokens):
        open_ones += (token.text == "(") - (token.text == ")")
        if not open_ones:
            return place
    return -1


def _check(when: When, recovery: str | None) -> None:
    if len(when.parts) > 1 and Kind.NEW_ERROR in when.kinds:
        raise ConfigError("new_error cannot be joined with others", mend=_ALONE)
    if len(when.parts) > 1 and recovery is not None:
        raise ConfigError(
            "a threshold for recovery needs a single comparison",
            mend="leave `recovery` out, or set keep_firing_for",
        )


def _joins(token: Token) -> bool:
    return token.kind == "word" and token.text.lower() in _JOINING


def _is(token: Token, *words: str) -> bool:
    return token.kind == "word" and token.text.lower() in words


_Read = tuple[Ways, str, Sequence[Token]]


class _Reader:
    """Reads a condition from left to right.

    Args:
        text: All of it, for what is missing at its end.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._met: set[Condition] = set()

    def any_of(self, tokens: Sequence[Token], depth: int) -> _Read:
        ways, shown, rest = self._all_of(tokens, depth)
        while rest and _is(rest[0], "or"):
            other, more, rest = self._all_of(self._behind(rest), depth)
            ways, shown = either((ways, other)), f"{shown} or {more}"
        return ways, shown, rest

    def _all_of(self, tokens: Sequence[Token], depth: int) -> _Read:
        ways, shown, rest = self._one(tokens, depth)
        while rest and _is(rest[0], "and", "unless"):
            word = rest[0].text.lower()
            other, more, after = self._one(self._behind(rest), depth)
            ways = both(ways, neither(other) if word == "unless" else other)
            shown, rest = f"{shown} {word} {more}", after
        return ways, shown, rest

    def _one(self, tokens: Sequence[Token], depth: int) -> _Read:
        first = tokens[0]
        if depth > _DEEPEST:
            raise wrong(f"it is nested more than {_DEEPEST} deep", first)
        if _is(first, "not"):
            ways, shown, rest = self._one(self._behind(tokens), depth + 1)
            return neither(ways), f"not {shown}", rest
        if first.text == "(":
            ways, shown, rest = self.any_of(self._behind(tokens), depth + 1)
            if not rest or rest[0].text != ")":
                raise wrong("a ) is missing", rest[0] if rest else self._end())
            return ways, f"({shown})", rest[1:]
        end = self._length(tokens)
        if not end:
            raise wrong(f"a comparison is missing before {first.text!r}", first)
        condition = parse_comparison(tokens[:end], self._text)
        self._met.add(condition)
        if len(self._met) > MOST_COMPARISONS:
            told = f"too much is joined here: these are more than {MOST_COMPARISONS} comparisons"
            raise wrong(told, first, "write several rules")
        return ((Part(condition),),), condition.text, tokens[end:]

    def _length(self, tokens: Sequence[Token]) -> int:
        """Of the comparison that begins here."""
        open_ones = 0
        for place, token in enumerate(tokens):
            if _joins(token) or (token.text == ")" and not open_ones):
                return place
            open_ones += (token.text == "(") - (token.text == ")")
        return len(tokens)

    def _behind(self, tokens: Sequence[Token]) -> Sequence[Token]:
        if len(tokens) == 1:
            raise wrong(f"a comparison is missing behind {tokens[0].text!r}", self._end())
        return tokens[1:]

    def _end(self) -> Token:
        return Token("end", "", len(self._text))
