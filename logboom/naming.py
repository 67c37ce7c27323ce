r"""How are names of fields written where they stand alone: in parameters, and behind options?

As in a query, a backslash takes away the meaning of the sign behind it: ``my\ key`` and ``my key`` are
one name, ``a\,b`` has a comma in it. Before a letter or a digit it is a character of the name.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"(?:[^,\\]|\\.|\\)+", re.DOTALL)
_ESCAPE = re.compile(r"\\([^a-zA-Z0-9])", re.DOTALL)
_END = re.compile(r"(\\*)\Z")


def names_in(text: str) -> list[str]:
    r"""Cuts a list of names at its commas, and trims them.

    Args:
        text: For example ``level, my\ key``.

    Returns:
        The names as they are written, without empty ones; `plain_name` takes their backslashes off.
    """
    return [name for piece in _PIECE.findall(text) if (name := _trimmed(piece))]


def plain_name(written: str) -> str:
    """A name without the backslashes that it was written with."""
    return _ESCAPE.sub(r"\1", written) if "\\" in written else written


def _trimmed(piece: str) -> str:
    """Without white space around it; what a backslash stands before belongs to the name."""
    trimmed = piece.strip()
    ends = _END.search(trimmed)
    is_open = ends is not None and len(ends[1]) % 2 == 1
    begin = len(piece) - len(piece.lstrip())
    return piece[begin : begin + len(trimmed) + is_open]
