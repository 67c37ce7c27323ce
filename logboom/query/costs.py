"""How much may a query have of what is compared with each word, or each value, that a store knows?

Nothing can stop a store between two of them, so they are bounded together.
"""

from __future__ import annotations

from logboom.errors import QueryError

MAX_FUZZY_WORD = 100
"""Characters of a word with ``~``."""
MAX_FUZZY = 1_000
"""Characters of all words with ``~``."""
MAX_PATTERNS = 100
"""Regular expressions, and patterns that begin with ``*`` or ``?``."""


class Costs:
    """Counts them for one query."""

    def __init__(self) -> None:
        self._fuzzy = 0
        self._patterns = 0

    def add_fuzzy(self, text: str, *, at: int) -> None:
        """A word with ``~``.

        Raises:
            QueryError: It is too long, or all of them are.
        """
        if len(text) > MAX_FUZZY_WORD:
            raise QueryError(
                f"the word before ~ has {len(text)} characters; {MAX_FUZZY_WORD} is the limit",
                position=at,
                suggestion="leave the ~ out, or write the begin of the word and a *",
            )
        self._fuzzy += len(text)
        if self._fuzzy > MAX_FUZZY:
            raise QueryError(
                f"the words with ~ have more than {MAX_FUZZY} characters together, "
                "which is the limit",
                position=at,
                suggestion="leave the ~ out where words are spelt as they are known",
            )

    def add_pattern(self, *, at: int) -> None:
        """A regular expression, or a pattern whose begin is open.

        Raises:
            QueryError: They are too many.
        """
        self._patterns += 1
        if self._patterns > MAX_PATTERNS:
            raise QueryError(
                f"more than {MAX_PATTERNS} regular expressions and patterns that begin with * or ? "
                "are in the query, which is the limit",
                position=at,
                suggestion="write whole values or their begins, or search in several steps",
            )
