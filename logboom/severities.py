"""Which words mean which severity of an alert?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

SEVERITIES: Final = ("critical", "high", "medium", "low")
"""The gravest first."""

OTHER_WORDS: Final[Mapping[str, str]] = {
    "page": "critical", "error": "high", "warning": "medium", "warn": "medium", "info": "low",
}  # fmt: skip
"""Usual words, and the severity that each of them means."""


def meant_by(word: str) -> str:
    """The severity that a word in small letters means; the word itself where it means none."""
    return OTHER_WORDS.get(word, word)


@lru_cache(maxsize=100)
def words_for(severity: str) -> frozenset[str]:
    """All words that mean the same as one, which is among them. All of it in small letters."""
    known = meant_by(severity)
    return frozenset({severity, known, *(w for w, meant in OTHER_WORDS.items() if meant == known)})
