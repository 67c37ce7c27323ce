"""What are the words of a text, and which of them does a word of a query mean?

The one definition that every store's analyser is held to.

A word is a longest run of characters that are Unicode letters (the property Alphabetic, so vowel
signs of Indic and Thai scripts belong to their word) or digits (the categories Nd, Nl and No),
lower-cased character by character. Everything else, the underscore included, lies between words:
`user-id` is `user` `id`, `a.b.C` is `a` `b` `c`.

A word of a query means the same word of a text. Scripts that are written without spaces, or that put
endings to words, would hardly ever be found so: a word that has a character of them means every word
that it is a part of (`is_part`). Stores ask for those by `part_pattern`.

Unicode can write one character in several ways. Texts are cut as they were written, so that no index
depends on it; a query stands for all of its own spellings (`readings`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import regex

WORD_PATTERN = r"[\p{Alphabetic}\p{N}]+"
"""A word before it is lower-cased, for every engine that knows Unicode's properties."""

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = regex.compile(WORD_PATTERN)
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)
_HANGUL = regex.compile(r"\p{Hangul}")
_LONGEST_PART = 200
_LONGEST_TWICE = 32
"""Syllables; of longer words one form is looked for: what stores follow of a pattern is bounded."""

_HEAD = re.compile(r"(?:[a-z]{0,16}|[a-z0-9]{0,4})(?:[^a-z0-9]|\Z)", re.DOTALL)
_BEFORE = "([a-z]{0,16}|[a-z0-9]{0,4})([^a-z0-9].*)?"


def words(text: str) -> list[str]:
    """Cuts a text into its words.

    Args:
        text: Any text.

    Returns:
        The words in their order, lower-cased. A word's index is its position for phrases.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    # A capital sigma that ends a word would become another letter than the one inside a word;
    # the stores lower-case each character by itself.
    return [word.lower() for word in _WORD.findall(text.replace("Σ", "σ"))]


def readings(text: str) -> list[list[str]]:
    """The words of a text of a query, for each way in which Unicode may write them.

    As typed, composed (NFC), decomposed (NFD: its accents stand between words) and without the widths
    and other forms of signs (NFKC). Decomposed words of Hangul are those of `is_part`; decomposed kana
    would be cut into parts that are nearly everywhere, and are left out.

    Returns:
        At least one list, the first as typed; an event's text has to have one of them.
    """
    typed = words(text)
    if text.isascii():
        return [typed]
    found = {_as_composed(typed): typed}
    for row in (
        words(unicodedata.normalize("NFC", text)),
        words(unicodedata.normalize("NFKC", text)),
    ):
        if row:
            found.setdefault(_as_composed(row), row)
    decomposed = words(unicodedata.normalize("NFD", text))
    if decomposed and not any(map(is_unspaced, decomposed)):
        found.setdefault(_as_composed(decomposed), decomposed)
    return list(found.values())


def _as_composed(row: list[str]) -> tuple[str, ...]:
    """The same for words that `is_part` takes for the same."""
    return tuple(_forms(word)[0] if is_unspaced(word) else word for word in row)


@lru_cache(maxsize=1024)
def _forms(word: str) -> tuple[str, ...]:
    """A word of Hangul composed and decomposed; any other as it is."""
    if _HANGUL.search(word) is None:
        return (word,)
    forms = [unicodedata.normalize(form, word) for form in ("NFC", "NFD")]
    if len(forms[0]) > _LONGEST_TWICE:
        return (word,)
    return tuple(form for form in forms if words(form) == [form]) or (word,)


def is_unspaced(word: str) -> bool:
    """True for a word of a query that means every word that it is a part of.

    Args:
        word: One of `words`.
    """
    return not word.isascii() and len(word) <= _LONGEST_PART and _UNSPACED.search(word) is not None


def is_part(sought: str, word: str) -> bool:
    """True when a word has another in it.

    Not looked into are words that begin with more than sixteen Latin letters, or more than four letters
    and digits: identifiers, which are most of the words of a log, and would be most of the work.

    Args:
        sought: A word of a query.
        word: A word of a text.
    """
    for form in _forms(sought):
        place = word.find(form)
        if place == 0 or (place > 0 and _HEAD.match(word[:place]) is not None):
            return True
    return False


def part_pattern(sought: str) -> str:
    """A regular expression (`logboom.query.regexp`) over the words that a word is a part of."""
    forms = _forms(sought)
    meant = sought if len(forms) == 1 else f"({'|'.join(forms)})"
    return f"{_BEFORE}{meant}.*"
