"""Where do the words, phrases, ranges and operators of a query begin and end?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from logboom.errors import QueryError

_SPACE = re.compile(r"\s*")
_RUN = re.compile(r"\S*")
_JOIN = re.compile(r"(AND|OR)(?![^\s()\"])|(&&|\|\|)")
_PREFIX = re.compile(r"(NOT)(?![^\s()\"])|([-+!])")
# A backslash takes the next character with it; && and || end a word wherever they stand,
# but for the || before date math (`Scanner.take_date_math`).
_INSIDE = r'[^\s()"\[\]{}:^~\\&|]|\\.|&(?!&)|\|(?!\|)'
_WORD = re.compile(f"(?:{_INSIDE})+", re.DOTALL)
_VALUE = re.compile(f"(?:{_INSIDE}|:)+", re.DOTALL)
_BOUND = re.compile(r"(?:[^\s\]}\"\\]|\\.)+", re.DOTALL)
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SLASHES = re.compile(r"/((?:[^/\\]|\\.)+)/(?=[\s)^]|\Z)", re.DOTALL)
_DATE_MATH = re.compile(
    r"\|\|(?:[+-]\d{0,9}[yMwdhHms]|/[yMwdhHms])+(?=[\s()^]|&&|\|\||\Z)", re.ASCII
)
_SUFFIX = re.compile(r"(?:~([^\s()\"~^]*))?(?:\^([^\s()\"~^]*))?")
_NUMBER_COMPARED = re.compile(r"[<>]=?-?\d")
_NEGATIVE = re.compile(
    r"-(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?(?=[\s()~^]|&&|\|\||\Z)", re.ASCII
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)

Joint = Literal["AND", "OR"]


@dataclass(frozen=True, slots=True)
class Word:
    """Some characters of a query.

    Attributes:
        raw: As typed, with their escapes.
        position: Index of the first of them in the query.
    """

    raw: str
    position: int


@dataclass(frozen=True, slots=True)
class Suffix:
    """What follows a word directly; each part without its sign, or None.

    Attributes:
        distance: After ``~``; empty when nothing follows it.
        boost: After ``^``.
        position: Where it begins.
    """

    distance: str | None
    boost: str | None
    position: int


class Scanner:
    """A query, and a place in it.

    Attributes:
        text: The whole query.
        place: Index of the next character to read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def peek(self) -> str:
        """The character here; empty at the end of the query."""
        return self.text[self.place : self.place + 1]

    def skip_space(self) -> str:
        """Moves to the next character that is no white space, and peeks at it."""
        match = _SPACE.match(self.text, self.place)
        self.place = match.end() if match else self.place
        return self.peek()

    def take(self, *signs: str) -> str | None:
        """Moves past the first of these texts that is here, and returns it."""
        for sign in signs:
            if self.text.startswith(sign, self.place):
                self.place += len(sign)
                return sign
        return None

    def take_joint(self) -> tuple[Joint, Word] | None:
        """Moves past AND or OR, in either spelling; returns which it is, and its characters."""
        found = self._take(_JOIN)
        if found is None:
            return None
        return "AND" if found.raw in {"AND", "&&"} else "OR", found

    def take_prefix(self) -> Word | None:
        """Moves past NOT, ``!``, ``-`` or ``+``."""
        return self._take(_PREFIX)

    def take_word(self) -> Word:
        """Moves past a word, which a colon ends; empty when none begins here."""
        return self._take(_WORD) or Word("", self.place)

    def take_value(self) -> Word:
        """Moves past a word in which colons are characters like others; may be empty."""
        return self._take(_VALUE) or Word("", self.place)

    def take_date_math(self, word: Word) -> Word:
        """Moves past ``||-1d/d`` if it follows the word directly; returns the word with it."""
        math = self._take(_DATE_MATH)
        return word if math is None else Word(word.raw + math.raw, word.position)

    def take_bound(self) -> Word:
        """Moves past one end of a range; may be empty."""
        return self._take(_BOUND) or Word("", self.place)

    def take_phrase(self) -> Word:
        """Moves past quoted text, whose first mark is here; the word begins at that mark.

        Raises:
            QueryError: When the mark is the only one.
        """
        match = _PHRASE.match(self.text, self.place)
        if match is None:
            raise QueryError(
                'this " is never closed',
                position=self.place,
                suggestion='add a " where the phrase ends, or write \\" for the mark itself',
            )
        self.place = match.end()
        return Word(match[1], match.start())

    def take_slashes(self) -> Word | None:
        """Moves past text between slashes, if a word could end after the second one."""
        match = _SLASHES.match(self.text, self.place)
        if match is None:
            return None
        self.place = match.end()
        return Word(match[1], match.start())

    def take_suffix(self) -> Suffix:
        """Moves past ``~`` and ``^`` with what belongs to them."""
        match = _SUFFIX.match(self.text, self.place)
        if match is None or match.end() == self.place:
            return Suffix(None, None, self.place)
        suffix = Suffix(match[1], match[2], self.place)
        self.place = match.end()
        return suffix

    def compares_number(self) -> bool:
        """True when ``>5`` or the like is here."""
        return _NUMBER_COMPARED.match(self.text, self.place) is not None

    def negative_number(self) -> str | None:
        """The number below zero that is here as a word of its own; stays before it."""
        match = _NEGATIVE.match(self.text, self.place)
        return None if match is None else match[0]

    def run_around(self, place: int) -> Word:
        """All characters around a place up to white space on both sides."""
        begin = place
        while begin > 0 and not self.text[begin - 1].isspace():
            begin -= 1
        match = _RUN.match(self.text, begin)
        return Word(match[0] if match else "", begin)

    def _take(self, pattern: re.Pattern[str]) -> Word | None:
        match = pattern.match(self.text, self.place)
        if match is None:
            return None
        self.place = match.end()
        return Word(match[0], match.start())


def unescape(word: Word, *, offset: int = 0) -> str:
    r"""Takes the backslashes off; ``\u0041`` is the character of that number.

    Args:
        word: Characters and where they stand.
        offset: How far behind the word's position its characters begin.

    Raises:
        QueryError: At a backslash before a letter or digit, which means nothing.
    """
    if "\\" not in word.raw:
        return word.raw
    return _joined(_ESCAPE.sub(lambda m: _unescaped(m, word.position + offset), word.raw), word)


def unescape_pattern(word: Word) -> str | None:
    r"""The same for a word with wildcards; None when it has none.

    Returns:
        A pattern in which backslashes stand before plain ``*``, ``?`` and ``\`` only.

    Raises:
        QueryError: As `unescape`.
    """
    if "*" not in word.raw and "?" not in word.raw:
        return None
    parts: list[str] = []
    has_wildcard = False
    place = 0
    while place < len(word.raw):
        match = _ESCAPE.match(word.raw, place)
        if match is None:
            has_wildcard |= word.raw[place] in "*?"
            parts.append(word.raw[place])
            place += 1
        else:
            character = _unescaped(match, word.position)
            parts.append(f"\\{character}" if character in {"*", "?", "\\"} else character)
            place = match.end()
    return _joined("".join(parts), word) if has_wildcard else None


def _unescaped(match: re.Match[str], base: int) -> str:
    if match[1] is not None:
        return chr(int(match[1], 16))
    character: str = match[2]
    if character.isascii() and character.isalnum():
        raise QueryError(
            f"a backslash before {character} means nothing",
            position=base + match.start(),
            suggestion=f"write \\\\{character} for a backslash and {character}",
        )
    return character


def _joined(text: str, word: Word) -> str:
    r"""Joins the halves of characters that were written as two ``\uXXXX``."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise QueryError(
            "half of a character was written as \\uXXXX",
            position=word.position,
            suggestion="write the character itself",
        ) from None


def quoted(text: str) -> str:
    """The text as a phrase of the query language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
