"""How do wildcards, regular expressions and ranges of strings read as tantivy's patterns?

tantivy matches Rust's regular expressions against whole terms.
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

ANY = "(?s:.)"

LONGEST_PATTERN = 1000

_META = frozenset("\\.+*?()|[]{}^$#&-~")
_SURROGATES = 0xD800, 0xDFFF


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
    return f"[{'^' if node.negated else ''}{inside}]"


def from_ends(query: Range) -> str | None:
    """Strings between the two ends of a range, by code points; None when there are none."""
    low, high = query.lower or "", query.upper
    include_low = query.include_lower or query.lower is None
    if high is None:
        choices = _above(low, include=include_low)
    elif low > high or (low == high and not (include_low and query.include_upper)):
        choices = []
    elif high.startswith(low):
        below = _below(high[len(low) :], include=query.include_upper)
        choices = [literal(low) + one for one in below if one or include_low]
    else:
        choices = _between(low, high, include_low=include_low, include_high=query.include_upper)
    return "|".join(choices) if choices else None


def _above(text: str, *, include: bool) -> list[str]:
    """Strings greater than a text, or equal to it."""
    choices = [literal(text) + ANY + ("*" if include else "+")]
    for at in range(len(text) - 1, -1, -1):
        greater = _one_of(ord(text[at]) + 1, LAST_CHARACTER)
        if greater:
            choices.append(f"{literal(text[:at])}{greater}{ANY}*")
    return choices


def _below(text: str, *, include: bool) -> list[str]:
    """Strings less than a text, or equal to it."""
    choices = [literal(text)] if include else []
    for at in range(len(text)):
        choices.append(literal(text[:at]))
        less = _one_of(0, ord(text[at]) - 1)
        if less:
            choices.append(f"{literal(text[:at])}{less}{ANY}*")
    return choices


def _between(low: str, high: str, *, include_low: bool, include_high: bool) -> list[str]:
    """Strings between two that differ somewhere within both."""
    at = next(i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b)
    head = literal(low[:at])
    after_low = _above(low[at + 1 :], include=include_low)
    before_high = _below(high[at + 1 :], include=include_high)
    middle = _one_of(ord(low[at]) + 1, ord(high[at]) - 1)
    return [
        *(f"{head}{literal(low[at])}{one}" for one in after_low),
        *([f"{head}{middle}{ANY}*"] if middle else []),
        *(f"{head}{literal(high[at])}{one}" for one in before_high),
    ]


def _one_of(first: int, last: int) -> str:
    inside = _span(first, last)
    return f"[{inside}]" if inside else ""


def _span(first: int, last: int) -> str:
    """Code points from one to another as the inside of a class, the surrogates left out."""
    parts = (first, min(last, _SURROGATES[0] - 1)), (max(first, _SURROGATES[1] + 1), last)
    return "".join(f"\\x{{{a:X}}}-\\x{{{b:X}}}" for a, b in parts if a <= b)
