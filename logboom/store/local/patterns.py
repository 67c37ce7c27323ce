"""How do wildcards, Lucene's regular expressions and ranges of strings read as tantivy's?

tantivy matches Rust's regular expressions against whole terms.
"""

from __future__ import annotations

from logboom.errors import QueryError
from logboom.query.model import Range

ANY = "(?s:.)"
LONGEST_PATTERN = 1000
_META = frozenset("\\.+*?()|[]{}^$#&-~")


def literal(text: str) -> str:
    """A regular expression that matches just this text."""
    return "".join("\\" + char if char in _META else char for char in text)


def from_wildcard(pattern: str) -> str:
    """`*` is any run of characters, `?` any one; backslash escapes.

    Raises:
        QueryError: The pattern is too long.
    """
    _check_length(pattern)
    parts: list[str] = []
    chars = iter(pattern)
    for char in chars:
        if char == "\\":
            parts.append(literal(next(chars, "\\")))
        elif char == "*":
            parts.append(ANY + "*")
        elif char == "?":
            parts.append(ANY)
        else:
            parts.append(literal(char))
    return "".join(parts)


def _check_length(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise QueryError(f"a pattern has at most {LONGEST_PATTERN} characters")


def from_lucene(pattern: str) -> str:
    """Lucene's dialect: no anchors, whole terms; `@ & ~ # <n-m>` are refused unless escaped.

    Raises:
        QueryError: The pattern uses an operator that is not supported, or is not well-formed.
    """
    _check_length(pattern)
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            if at + 1 == len(pattern):
                raise QueryError("the regular expression ends in a backslash")
            parts.append(_escaped(pattern[at + 1]))
            at += 2
        elif char == "[":
            text, at = _char_class(pattern, at)
            parts.append(text)
        elif char == '"':
            end = pattern.find('"', at + 1)
            if end < 0:
                raise QueryError("a quotation mark in the regular expression is not closed")
            parts.append(literal(pattern[at + 1 : end]))
            at = end + 1
        else:
            parts.append(_operator(char))
            at += 1
    return "".join(parts)


_CLASSES = {
    "d": "0-9",
    "w": "a-zA-Z0-9_",
    "s": " \\t\\n\\r",
}


def _escaped(char: str) -> str:
    if char in _CLASSES:
        return f"[{_CLASSES[char]}]"
    if char.lower() in _CLASSES:
        return f"[^{_CLASSES[char.lower()]}]"
    return literal(char)


def _operator(char: str) -> str:
    if char == ".":
        return ANY
    if char in "@&~#<":
        raise QueryError(
            f"the operator {char} is not supported in regular expressions",
            suggestion=f"write \\{char} for the character itself",
        )
    return char if char in "+*?()|{}," else literal(char)


def _char_class(pattern: str, start: int) -> tuple[str, int]:
    """Reads `[…]` from `start` on; returns the class in Rust's form and the index behind it."""
    at = start + 1
    parts = ["["]
    if pattern[at : at + 1] == "^":
        parts.append("^")
        at += 1
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
            parts.append(_CLASSES.get(pattern[at], literal(pattern[at])))
        elif pattern[at] == "-" and at > first and pattern[at + 1 : at + 2] not in {"]", ""}:
            parts.append("-")
        else:
            parts.append(literal(pattern[at]))
        at += 1
    if at == len(pattern):
        raise QueryError("a bracket in the regular expression is not closed")
    return "".join(parts) + "]", at + 1


def from_ends(query: Range) -> str:
    """Strings between the two ends of a range."""
    return from_range(
        query.lower,
        query.upper,
        include_lower=query.include_lower,
        include_upper=query.include_upper,
    )


def from_range(
    lower: str | None, upper: str | None, *, include_lower: bool, include_upper: bool
) -> str:
    """Strings between two others, by code points."""
    low = "" if lower is None else lower
    include_low = include_lower or lower is None
    if upper is None:
        choices = _above(low, include=include_low)
    elif low > upper or (low == upper and not (include_low and include_upper)):
        choices = []
    elif upper.startswith(low):
        choices = _from_prefix(low, upper, include_low=include_low, include_upper=include_upper)
    else:
        choices = _between(low, upper, include_low=include_low, include_upper=include_upper)
    return "|".join(choices) if choices else "[^\\x00-\\x{10FFFF}]"


def _above(text: str, *, include: bool) -> list[str]:
    """Strings greater than a text, or equal to it."""
    choices = [literal(text) + (ANY + ("*" if include else "+"))]
    for at in range(len(text) - 1, -1, -1):
        rest = _chars(ord(text[at]) + 1, 0x10FFFF)
        if rest:
            choices.append(literal(text[:at]) + rest + ANY + "*")
    return choices


def _below(text: str, *, include: bool) -> list[str]:
    """Strings less than a text, or equal to it."""
    choices = [literal(text)] if include else []
    for at in range(len(text)):
        choices.append(literal(text[:at]))
        rest = _chars(0, ord(text[at]) - 1)
        if rest:
            choices.append(literal(text[:at]) + rest + ANY + "*")
    return choices


def _from_prefix(low: str, upper: str, *, include_low: bool, include_upper: bool) -> list[str]:
    below = _below(upper[len(low) :], include=include_upper)
    return [literal(low) + one for one in below if one or include_low]


def _between(low: str, upper: str, *, include_low: bool, include_upper: bool) -> list[str]:
    at = next(i for i, (a, b) in enumerate(zip(low, upper, strict=False)) if a != b)
    head = literal(low[:at])
    middle = _chars(ord(low[at]) + 1, ord(upper[at]) - 1)
    choices = [head + literal(low[at]) + one for one in _above(low[at + 1 :], include=include_low)]
    choices += [head + middle + ANY + "*"] if middle else []
    return choices + [
        head + literal(upper[at]) + one for one in _below(upper[at + 1 :], include=include_upper)
    ]


def _chars(first: int, last: int) -> str:
    """A class of code points, the surrogates left out; empty when there are none."""
    parts = [
        f"\\x{{{a:X}}}-\\x{{{b:X}}}"
        for a, b in ((max(first, 0), min(last, 0xD7FF)), (max(first, 0xE000), min(last, 0x10FFFF)))
        if a <= b
    ]
    return f"[{''.join(parts)}]" if parts else ""
