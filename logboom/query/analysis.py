"""What are the words of a text? The one definition that every store's analyser is held to.

A word is a longest run of characters that are Unicode letters (the property Alphabetic, so vowel
signs of Indic and Thai scripts belong to their word) or digits (the categories Nd, Nl and No),
lower-cased character by character. Everything else, the underscore included, lies between words:
`user-id` is `user` `id`, `a.b.C` is `a` `b` `c`.
"""

from __future__ import annotations

import re

import regex

WORD_PATTERN = r"[\p{Alphabetic}\p{N}]+"
"""A word before it is lower-cased, for every engine that knows Unicode's properties."""

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = regex.compile(WORD_PATTERN)


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
