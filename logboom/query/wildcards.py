"""What does a pattern with ``*`` and ``?`` stand for?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logboom.query.analysis import folded, is_sign, words
from logboom.query.model import And, Query, Term, Wildcard

_EVERYTHING = re.compile(r"\*+")


def is_everything(pattern: str) -> bool:
    """True for a pattern that any value matches."""
    return _EVERYTHING.fullmatch(pattern) is not None


def signs(pattern: str) -> Iterator[tuple[str, bool]]:
    """The characters of a pattern, unescaped, each with whether it is a wildcard."""
    place = 0
    while place < len(pattern):
        escaped = pattern[place] == "\\" and place + 1 < len(pattern)
        place += escaped
        yield pattern[place], not escaped and pattern[place] in "*?"
        place += 1


def by_words(
    field: str | None, pattern: str, at: int | None = None
) -> tuple[Query | None, str | None]:
    """A pattern on a text, which is matched against single words.

    ``java.lang.*`` asks for the words java and lang in a row; ``conn*-refused`` for a word that
    begins with conn, and the word refused.

    Args:
        field: Stored name of a text, or None for all texts.
        pattern: As in the model.
        at: Where it stands, as in the model.

    Returns:
        The query, or None when nothing is left to look for; and a note for its writer, or None.
    """
    parts: list[Query] = []
    plain: list[str] = []
    for piece, has_wildcard in _pieces(pattern):
        if not has_wildcard:
            plain.append(piece)
            continue
        if plain:
            parts.append(Term(field, " ".join(plain)))
            plain = []
        if not is_everything(piece):
            parts.append(Wildcard(field, piece, at))
    if plain:
        parts.append(Term(field, " ".join(plain)))
    if not parts:
        return None, f"{pattern} has no letters, digits or emojis to look for: it was left out."
    if len(parts) > 1:
        return And(tuple(parts)), (
            f"{pattern} was read as several words, which need not stand next to each other; "
            f"* and ? match inside of one word, and a text in quotation marks is taken literally."
        )
    return parts[0], None


def _pieces(pattern: str) -> Iterator[tuple[str, bool]]:
    """Runs of what can stand in a word, as words are, each with whether it has wildcards."""
    piece: list[str] = []
    has_wildcard = False
    for sign, is_wildcard in signs(folded(pattern)):
        word = [sign] if is_wildcard else words(sign)
        is_whole = is_sign(sign)
        if word and not is_whole:
            piece += word
            has_wildcard |= is_wildcard
            continue
        if piece:
            yield "".join(piece), has_wildcard
            piece, has_wildcard = [], False
        if is_whole:
            yield sign, False
    if piece:
        yield "".join(piece), has_wildcard


def to_regex(pattern: str) -> str:
    """The pattern for Python's `re` with DOTALL; matches in time that grows with the text alone.

    Each stretch between two ``*`` is matched at its first place and never again.
    """
    stretches: list[str] = [""]
    for sign, is_wildcard in signs(pattern):
        if is_wildcard and sign == "*":
            stretches.append("")
        else:
            stretches[-1] += "." if is_wildcard else re.escape(sign)
    if len(stretches) == 1:
        return stretches[0]
    inner = "".join(f"(?>.*?{stretch})" for stretch in stretches[1:-1] if stretch)
    return f"{stretches[0]}{inner}.*{stretches[-1]}"
