"""What are the words of a text, and which of them does a word of a query mean?

The one definition that every store's analyser is held to.

A word is a longest run of characters that are Unicode letters (the property Alphabetic, so vowel
signs of Indic and Thai scripts belong to their word) or digits (the categories Nd, Nl and No),
lower-cased character by character. An emoji or dingbat (`SIGNS`) is a word by itself; those that are
made of several, such as flags and colours of skin, are as many words in a row. Everything else, the
underscore included, lies between words: `user-id` is `user` `id`, `a.b.C` is `a` `b` `c`.

Unicode can write one character in several ways: é as one sign or as e with an accent behind it, A in
full width. And a few letters have no lower case of one character, or two of them: İ, Σ. Before it is cut,
a text of an event or of a query is `folded`, so that all of them are one.

A word of a query means the same word of a text. Scripts that are written without spaces, or that put
endings to words, would hardly ever be found so: a word that has a character of them means every word
that it is a part of (`is_part`). Stores ask for those by `part_pattern`.
"""

from __future__ import annotations

import re
from itertools import groupby
from unicodedata import combining, is_normalized, normalize

import regex

SIGNS = (
    "\u231a\u231b\u23e9-\u23fa\u25b6\u25c0\u2600-\u2775\u2794-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f000-\U0001f0ff\U0001f18a-\U0001faff"
)
"""Ranges of the signs that are words by themselves: what is logged to be seen, such as 🚀 ✓ ⚠. Not
those that draw lines, bars and arrows. None of them is a letter or a digit, or is folded."""

WORD_PATTERN = rf"[\p{{Alphabetic}}\p{{N}}]+|[{SIGNS}]"
"""A word before it is lower-cased, for every engine that knows Unicode's properties."""

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = regex.compile(WORD_PATTERN)
_SIGN = re.compile(f"[{SIGNS}]")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)
_FOLDED = regex.compile(
    r"[[\p{Alphabetic}\p{N}\p{M}]--[\u3130-\u318F\uFFA0-\uFFDC]]+", regex.VERSION1
)
"""Runs that are folded. What is no letter keeps standing between words: `Core™` is `core`. Single
letters of Hangul stay so: `ㅎㅏ` is no syllable, and `[ㄱ-ㅎㅏ-ㅣ]` all of them."""

_DOTTED = re.compile("(?:İ|i\u0307)\u0307*")
"""An i as a capital one with a dot is lowered to; any more dots fall with the first."""

_MANY_MARKS = regex.compile(r"[\p{M}\uFF9E\uFF9F]{32,}+")
"""More than any script puts on a letter. Normalising brings marks into their order one place at a time,
so that the time would grow with the square of their number."""

LONGEST_PART = 64
"""Characters of a word of a query that are looked for in longer ones. Stores follow a pattern through a
bounded number of states; so many never take more of them than the embedded store has."""

_LONGEST_HEAD = 16
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
    return [word.lower() for word in _WORD.findall(folded(text).replace("Σ", "σ"))]


def is_sign(character: str) -> bool:
    """True for a character that is a word by itself wherever it stands."""
    return _SIGN.fullmatch(character) is not None


def folded(text: str) -> str:
    """A text with each of its characters in the usual one of the ways in which Unicode can write it.

    Letters and digits, with the accents on them, are brought into the form NFKC: composed, and
    without the widths and other forms of signs. The Greek sigma that ends a word is any other, and the
    capital I with a dot is an i. Folding what is folded changes nothing.
    """
    if text.isascii():
        return text
    while True:
        found = text if is_normalized("NFKC", text) else _FOLDED.sub(_normalized, text)
        text = _DOTTED.sub("i", found).replace("ς", "σ")
        if text == found:
            return found


def _normalized(run: regex.Match[str]) -> str:
    return normalize("NFKC", _MANY_MARKS.sub(_in_order, run[0]))


def _in_order(run: regex.Match[str]) -> str:
    """Marks in the canonical order (Unicode, D109), which normalising leaves as it is."""
    marks = "".join(normalize("NFKD", mark) for mark in run[0])
    return "".join("".join(sorted(some, key=combining)) for _, some in groupby(marks, key=_moves))


def _moves(mark: str) -> bool:
    return combining(mark) != 0


def is_unspaced(word: str) -> bool:
    """True for a word of a query that means every word that it is a part of.

    One that begins with more than sixteen characters of other scripts means just itself.

    Args:
        word: One of `words`.
    """
    return not word.isascii() and _UNSPACED.search(word, 0, _LONGEST_HEAD + 1) is not None


def is_part(sought: str, word: str) -> bool:
    """True when a word has another in it.

    Not looked into are words that begin with more than sixteen Latin letters, or more than four letters
    and digits: identifiers, which are most of the words of a log, and would be most of the work.

    Args:
        sought: A word of a query, of which the first `LONGEST_PART` characters count.
        word: A word of a text.
    """
    place = word.find(sought[:LONGEST_PART])
    return place == 0 or (place > 0 and _HEAD.match(word[:place]) is not None)


def part_pattern(sought: str) -> str:
    """A regular expression (`logboom.query.regexp`) over the words that a word is a part of."""
    return f"{_BEFORE}{sought[:LONGEST_PART]}.*"
