"""How do the words of a command line become one query?

Words that begin with a minus belong to the query (`-service:cart`), so unknown options are not refused
by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import typer

from logboom.errors import UsageError


def query_of(words: Sequence[str] | None, context: typer.Context) -> str:
    """The query that the words of a command make.

    Args:
        words: As they came.
        context: Knows the options of the command.

    Raises:
        UsageError: One of them looks like an option, and is none.
    """
    for word in words or ():
        if word.startswith("--"):
            raise UsageError(
                f"there is no option {word.partition('=')[0]}", mend=_mend(word, context)
            )
    return " ".join(words or ())


def _mend(word: str, context: typer.Context) -> str:
    options = [name for one in context.command.params for name in one.opts]
    near = get_close_matches(word.partition("=")[0], options, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else "see --help; quote a query that begins with --"
