"""The characters of a query: where words, quotes and operators begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logboom.errors import QueryError

_FIELD = re.compile(r"((?:[A-Za-z_@][\w@.\-/]*|\\.)+):(?=\S)")
_BARE_FIELD = re.compile(r"((?:[A-Za-z_@][\w@.\-/]*)+):(?=\s|\)|$)")
_WORD_END = frozenset(' \t\r\n()"')
_OPERATOR = re.compile(r"(AND|OR|NOT)(?=[\s(\"]|$)|(&&|\|\||!(?!=))")
_SAME = {"&&": "AND", "||": "OR", "!": "NOT"}


@dataclass(frozen=True, slots=True)
class Word:
    """Characters of a word.

    Attributes:
        raw: As typed, escapes included.
        position: Index of its first character.
    """

    raw: str
    position: int


class Scanner:
    """A text and a place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def skip_space(self) -> None:
        """Moves to the next character that is no white space."""
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    @property
    def at_end(self) -> bool:
        """Nothing but white space is left."""
        self.skip_space()
        return self.place >= len(self.text)

    def peek(self) -> str:
        """The character here; empty at the end."""
        return self.text[self.place : self.place + 1]

    def take(self, sign: str) -> bool:
        """Moves past a text if it is here."""
        if self.text.startswith(sign, self.place):
            self.place += len(sign)
            return True
        return False

    def operator(self) -> str | None:
        """AND, OR or NOT if one is here, in whichever spelling; the place stays."""
        self.skip_space()
        match = _OPERATOR.match(self.text, self.place)
        if match is None:
            return None
        return match[1] or _SAME[match[2]]

    def take_operator(self) -> None:
        """Moves past the operator that is here."""
        match = _OPERATOR.match(self.text, self.place)
        self.place = match.end() if match else self.place

    def field(self) -> Word | None:
        """Moves past ``name:`` if one is here.

        Raises:
            QueryError: When nothing follows the colon.
        """
        match = _FIELD.match(self.text, self.place)
        if match is None:
            bare = _BARE_FIELD.match(self.text, self.place)
            if bare is not None:
                raise QueryError(
                    f"nothing follows {bare[1]}:",
                    position=bare.end() - 1,
                    suggestion=f"write {bare[1]}:value, or {bare[1]}:* for events that have it",
                )
            return None
        word = Word(match[1], self.place)
        self.place = match.end()
        return word

    def quoted(self) -> Word:
        """The characters between quotation marks; the first mark is here.

        Raises:
            QueryError: When there is no second one.
        """
        begin = self.place
        self.place += 1
        while self.place < len(self.text):
            sign = self.text[self.place]
            if sign == "\\":
                self.place += 2
                continue
            if sign == '"':
                self.place += 1
                return Word(self.text[begin + 1 : self.place - 1], begin)
            self.place += 1
        raise QueryError(
            "the quotation mark is never closed",
            position=begin,
            suggestion='add a " where the phrase ends',
        )

    def regex(self) -> Word | None:
        """The characters between slashes, if there are two with the end of a word behind them."""
        begin = place = self.place
        place += 1
        while place < len(self.text):
            sign = self.text[place]
            if sign == "\\":
                place += 2
                continue
            behind = self.text[place + 1 : place + 2]
            if sign == "/" and place > begin + 1 and (not behind or behind in " \t\r\n)^"):
                self.place = place + 1
                return Word(self.text[begin + 1 : place], begin)
            if sign.isspace() and not self._slash_ahead(place):
                return None
            place += 1
        return None

    def _slash_ahead(self, place: int) -> bool:
        return re.search(r"[^\\]/(?=[\s)^]|$)", self.text[place:]) is not None

    def word(self, ends: frozenset[str] = _WORD_END) -> Word:
        """The characters up to white space, a parenthesis or a quotation mark."""
        begin = self.place
        while self.place < len(self.text) and self.text[self.place] not in ends:
            self.place += 2 if self.text[self.place] == "\\" else 1
        self.place = min(self.place, len(self.text))
        return Word(self.text[begin : self.place], begin)


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def unescape(raw: str) -> str:
    """Takes the backslashes off."""
    return _ESCAPED.sub(r"\1", raw) if "\\" in raw else raw


def has_wildcard(raw: str) -> bool:
    """True when an unescaped ``*`` or ``?`` is there."""
    return any(sign in _ESCAPED.sub("", raw) for sign in "*?")
