"""How does a text fit into a terminal?"""

from __future__ import annotations

from datetime import timedelta

_ELLIPSIS = "…"
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def in_the_middle(text: str, width: int) -> str:
    """Shortens a text in its middle: of a path the begin and the name say most.

    Args:
        text: On one line; breaks become spaces.
        width: Columns that it may take, at least 1.
    """
    line = " ".join(text.splitlines())
    if len(line) <= width:
        return line
    head = (width - 1) // 3
    tail = width - 1 - head
    return line[:head] + _ELLIPSIS + (line[-tail:] if tail else "")


def printable(text: str) -> str:
    """A text of one line; control characters, which could steer the terminal, are spaces."""
    return "".join(c if c.isprintable() else " " for c in text)


def span_text(span: timedelta) -> str:
    """A length of time for people, in its largest whole unit: `30 days`, `36 hours`."""
    for name, seconds in _UNITS:
        count, rest = divmod(span.total_seconds(), seconds)
        if count and not rest:
            return f"{count:.0f} {name}{'' if count == 1 else 's'}"
    return f"{span.total_seconds():g} seconds"
