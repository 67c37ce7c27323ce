"""What is a word of a text? The one definition that both stores and the evaluator in memory share.

A word is a maximal run of letters and digits (Unicode's general categories L and N; the underscore
is neither), in lower case. Characters of scripts that are written without spaces (Han, Hiragana,
Katakana) are words of their own, so that any part of such a text is found as a phrase.
`user-id` is two words, `a.b.C` three (`a`, `b`, `c`), a UUID five, `주문번호 42` two, `検索` two.
Words of more than `LONGEST_WORD` bytes (UTF-8) are not indexed; they keep their place in a phrase.
"""

from __future__ import annotations

import re

LONGEST_WORD = 255

UNSPACED = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0002fa1f\U00030000-\U000323af"
)
"""Characters that are words of their own, as the inside of a regular expression's class."""

_WORD = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Splits a text into its words, in their order, repeated ones repeated.

    Returns:
        Lower-case words of at most `LONGEST_WORD` characters.
    """
    return [word for word in _WORD.findall(text.lower()) if len(word) <= LONGEST_WORD]


def spaced_words(text: str) -> str:
    """All words of a text, the longest included, joined by spaces.

    A tokenizer that knows nothing but runs of letters and digits finds the same words in it as
    `words` does in the text.
    """
    return " ".join(_WORD.findall(text.lower()))
