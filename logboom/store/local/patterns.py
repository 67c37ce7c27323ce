"""How do wildcards, regular expressions and ranges of strings read as tantivy's patterns?

tantivy matches Rust's regular expressions against whole terms. None of ours matches the mark behind a
time (`unusual.py`).
"""

from __future__ import annotations

from logboom.errors import QueryError
from logboom.query.model import Range
from logboom.query.regexp import (
    LAST_CHARACTER,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
    parse_regexp,
)
from logboom.query.wildcards import signs
from logboom.store.local.unusual import TIME_MARK

_MARK = f"\\x{{{ord(TIME_MARK):X}}}"
ANY = f"[^{_MARK}]"

LONGEST_PATTERN = 1000

_LONGEST_END = 200
"""Characters; the patterns that are made of it are nested as deep."""

_META = frozenset("\\.+*?()|[]{}^$#&-~")
_LEFT_OUT = ((0xD800, 0xDFFF), (ord(TIME_MARK), ord(TIME_MARK)))  # the surrogates, the mark


def literal(text: str) -> str:
    """A pattern that matches just this text."""
    return "".join("\\" + char if char in _META else char for char in text)


def from_wildcard(pattern: str) -> str:
    """`*` is any run of characters, `?` any one; backslash escapes.

    Raises:
        QueryError: The pattern is too long.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise QueryError(f"a pattern has at most {LONGEST_PATTERN} characters")
    wildcards = {"*": ANY + "*", "?": ANY}
    return "".join(
        wildcards[sign] if is_wildcard else literal(sign) for sign, is_wildcard in signs(pattern)
    )


def from_regexp(pattern: str) -> str:
    """A regular expression of a query (`logboom.query.regexp`).

    Raises:
        QueryError: It is not well-formed.
    """
    return _printed(parse_regexp(pattern))


def _printed(node: Node) -> str:
    match node:
        case Characters():
            return _characters(node)
        case Sequence(parts):
            return "".join(_printed(part) for part in parts)
        case Choice(parts):
            return f"(?:{'|'.join(_printed(part) for part in parts)})"
        case Repeat(part, least, most):
            return f"(?:{_printed(part)}){{{least},{'' if most is None else most}}}"


def _characters(node: Characters) -> str:
    inside = "".join(_span(first, last) for first, last in node.ranges)
    if not inside and node.negated:
        return ANY
    if not inside:
        raise QueryError("the regular expression asks for characters that no text has")
    return f"[^{inside}{_MARK}]" if node.negated else f"[{inside}]"


def from_ends(query: Range) -> str | None:
    """Strings between the two ends of a range, by code points; None when there are none.

    Raises:
        QueryError: An end is too long.
    """
    if any(len(end) > _LONGEST_END for end in (query.lower, query.upper) if end is not None):
        raise QueryError(
            f"an end of a range of texts has at most {_LONGEST_END} characters",
            suggestion="leave the last ones out",
        )
    low, high = query.lower or "", query.upper
    include_low = query.include_lower or query.lower is None
    if high is None:
        return f"{_greater(low, include=include_low)}{ANY}*"
    if low > high or (low == high and not (include_low and query.include_upper)):
        return None
    if high.startswith(low):
        return _going_on(
            low, high[len(low) :], include_head=include_low, include_all=query.include_upper
        )
    return _between(low, high, include_low=include_low, include_high=query.include_upper)


def _going_on(head: str, tail: str, *, include_head: bool, include_all: bool) -> str | None:
    """Strings from one to another that begins with it."""
    choices = [_beginnings(tail, include_empty=include_head, include_all=include_all), _less(tail)]
    if choices[1] is not None:
        choices[1] += ANY + "*"
    given = [choice for choice in choices if choice is not None]
    return f"{literal(head)}(?:{'|'.join(given)})" if given else None


def _between(low: str, high: str, *, include_low: bool, include_high: bool) -> str:
    """Strings between two that differ somewhere within both."""
    at = next(i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b)
    less = _less(high[at + 1 :])
    starts = [
        literal(low[at]) + _greater(low[at + 1 :], include=include_low),
        _one_of(ord(low[at]) + 1, ord(high[at]) - 1),
        None if less is None else literal(high[at]) + less,
    ]
    choices = [f"(?:{'|'.join(start for start in starts if start)}){ANY}*"]
    ends = _beginnings(high[at + 1 :], include_empty=True, include_all=include_high)
    if ends is not None:
        choices.append(literal(high[at]) + ends)
    return f"{literal(low[:at])}(?:{'|'.join(choices)})"


def _greater(text: str, *, include: bool) -> str:
    """How strings begin that are greater than a text, or equal to it."""
    pattern = "" if include else ANY
    for char in reversed(text):
        greater = _one_of(ord(char) + 1, LAST_CHARACTER)
        pattern = f"(?:{literal(char)}{pattern}{'|' if greater else ''}{greater})"
    return pattern


def _less(text: str) -> str | None:
    """How strings begin that are less than a text and none of its beginnings; None: there are none."""
    pattern: str | None = None
    for char in reversed(text):
        choices = [
            None if pattern is None else literal(char) + pattern,
            _one_of(0, ord(char) - 1),
        ]
        given = [choice for choice in choices if choice]
        pattern = f"(?:{'|'.join(given)})" if given else None
    return pattern


def _beginnings(text: str, *, include_empty: bool, include_all: bool) -> str | None:
    """The beginnings of a text, with or without nothing and all of it; None when there are none."""
    if not text:
        return "" if include_empty and include_all else None
    known = text if include_all else text[:-1]
    pattern = ""
    for char in reversed(known[1:]):
        pattern = f"(?:{literal(char)}{pattern})?"
    if known and not include_empty:
        return literal(known[0]) + pattern
    if known:
        return f"(?:{literal(known[0])}{pattern})?"
    return "" if include_empty else None


def _one_of(first: int, last: int) -> str:
    inside = _span(first, last)
    return f"[{inside}]" if inside else ""


def _span(first: int, last: int) -> str:
    """Code points from one to another as the inside of a class, but those that no text has."""
    parts: list[tuple[int, int]] = []
    for gap_first, gap_last in _LEFT_OUT:
        parts.append((first, min(last, gap_first - 1)))
        first = max(first, gap_last + 1)
    parts.append((first, last))
    return "".join(f"\\x{{{a:X}}}-\\x{{{b:X}}}" for a, b in parts if a <= b)
