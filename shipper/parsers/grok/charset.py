"""Which characters does one place of a pattern accept?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

_ASCII = (1 << 128) - 1
_DIGIT, _LETTER, _SPACE, _OTHER = 1, 2, 4, 8
_KINDS = 15


@dataclass(frozen=True, slots=True)
class CharSet:
    """A set of characters: exact below U+0080, by kinds above it.

    There are four kinds beyond ASCII: digits, other letters, spaces, and the rest. A set holds a
    kind as a whole, in part (which part is not known), or not at all. `intersects` and `covers`
    are on the safe side where it is not known.

    Attributes:
        ascii: Bit n stands for the character n.
        whole: Kinds all of whose characters are in the set.
        partial: Kinds some of whose characters may be in it.
    """

    ascii: int = 0
    whole: int = 0
    partial: int = 0

    def intersects(self, other: CharSet) -> bool:
        """Whether a character may be in both."""
        kinds = (self.whole | self.partial) & (other.whole | other.partial)
        return bool(self.ascii & other.ascii or kinds)

    def covers(self, other: CharSet) -> bool:
        """Whether every character of the other is in this one for certain."""
        kinds = other.whole | other.partial
        return not (other.ascii & ~self.ascii or kinds & ~self.whole)

    def __or__(self, other: CharSet) -> CharSet:
        """All characters of both."""
        whole = self.whole | other.whole
        return CharSet(
            self.ascii | other.ascii, whole, (self.partial | other.partial) & ~whole
        )  # fmt: skip

    def negated(self) -> CharSet:
        """All other characters."""
        whole = _KINDS & ~(self.whole | self.partial)
        return CharSet(_ASCII & ~self.ascii, whole, self.partial)

    def folded(self) -> CharSet:
        """The same in upper and lower case."""
        bits = self.ascii
        for lower in range(ord("a"), ord("z") + 1):
            both = 1 << lower | 1 << (lower - 32)
            if bits & both:
                bits |= both
        kinds = self.partial | (_LETTER if bits or self.partial or self.whole else 0)
        return CharSet(bits, self.whole, kinds & ~self.whole)

    def __bool__(self) -> bool:
        """Whether there is any character in it."""
        return bool(self.ascii or self.whole or self.partial)


def of_range(first: str, last: str) -> CharSet:
    """The characters from one to another, both included."""
    low, high = ord(first), ord(last)
    bits = 0
    if low < 128:
        bits = (1 << min(high, 127) + 1) - (1 << low)
    partial = 0
    if high >= 128:
        partial = _kind(last) if first == last else _KINDS
    return CharSet(bits, 0, partial)


def _kind(character: str) -> int:
    if character.isdecimal():
        return _DIGIT
    if character.isalnum():
        return _LETTER
    return _SPACE if character.isspace() else _OTHER


def _ascii_where(holds: Callable[[str], bool]) -> int:
    return sum(1 << number for number in range(128) if holds(chr(number)))


def one_of(characters: Iterable[str]) -> CharSet:
    """A set of single characters."""
    found = NOTHING
    for character in characters:
        found |= of_range(character, character)
    return found


NOTHING = CharSet()
ANYTHING = CharSet(_ASCII, _KINDS)
DIGITS = CharSet(_ascii_where(str.isdecimal), _DIGIT)
WORDS = CharSet(_ascii_where(lambda c: c.isalnum() or c == "_"), _DIGIT | _LETTER)
SPACES = CharSet(_ascii_where(str.isspace), _SPACE)
NEWLINE = of_range("\n", "\n")
