r"""What does a regular expression of a query mean?

Read are the parts of Lucene's dialect that all engines behind a query share: ``. [ ] ( ) | ? * +
{n,m}`` and escapes, with ``\d \w \s`` as ASCII classes. An expression always matches the whole
word or the whole value. Everything that Lucene alone knows (``~ & @ # < > "``), or that other
dialects read differently (anchors, lazy quantifiers, ``(?…)``), is an error that says what to
write, because one of the engines would quietly take it for something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from logboom.errors import QueryError

MAX_LENGTH = 1_000
"""Characters of one expression."""
MAX_DEPTH = 50
"""Groups in groups."""
MAX_REPEAT = 1_000
"""The largest number in ``{n,m}``."""

LAST_CHARACTER = 0x10FFFF
_SPECIAL = frozenset('.?+*|{}[]()"\\#@&<>~^$/-')
_ONLY_LUCENE = frozenset('~&@#<>"')
_DIGIT = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = ((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20))
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_BOUNDS = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Characters:
    """One character: of these ranges of code points, or of none of them when `negated`."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def contains(self, code: int) -> bool:
        """True when a character of this code point is meant."""
        return any(first <= code <= last for first, last in self.ranges) != self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; none for the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` times; None for no end."""

    part: Node
    least: int
    most: int | None


Node = Characters | Sequence | Choice | Repeat


def parse_regexp(pattern: str) -> Node:
    """Reads an expression.

    Args:
        pattern: Without the slashes around it.

    Returns:
        Its syntax tree.

    Raises:
        QueryError: With the position in the pattern, and what to write instead.
    """
    if len(pattern) > MAX_LENGTH:
        raise QueryError(
            f"the regular expression has {len(pattern)} characters; {MAX_LENGTH} is the limit",
            position=0,
            suggestion="shorten it, or search for words instead",
        )
    _refuse_anchors(pattern)
    return _Reader(pattern).read()


def print_regexp(node: Node, *, lower_case: bool = False) -> str:
    """Writes an expression in the one form that every engine reads alike.

    Args:
        lower_case: Write every letter in lower case, for fields whose words are.
    """
    match node:
        case Characters():
            return _print_characters(_lowered(node) if lower_case else node)
        case Sequence(parts):
            return "".join(_grouped(part, Choice, lower_case=lower_case) for part in parts)
        case Choice(parts):
            return "|".join(print_regexp(part, lower_case=lower_case) for part in parts)
        case Repeat(part, least, most):
            inner = print_regexp(part, lower_case=lower_case)
            return (inner if isinstance(part, Characters) else f"({inner})") + _times(least, most)


def _grouped(node: Node, kind: type[Node], *, lower_case: bool) -> str:
    text = print_regexp(node, lower_case=lower_case)
    return f"({text})" if isinstance(node, kind) else text


def _times(least: int, most: int | None) -> str:
    usual = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get((least, most))
    if usual is not None:
        return usual
    if least == most:
        return f"{{{least}}}"
    return f"{{{least},{'' if most is None else most}}}"


def _print_characters(node: Characters) -> str:
    if not node.ranges:
        return "."
    if len(node.ranges) == 1 and not node.negated and node.ranges[0][0] == node.ranges[0][1]:
        return _escaped(node.ranges[0][0])
    inside = "".join(_print_range(first, last) for first, last in node.ranges)
    return f"[{'^' if node.negated else ''}{inside}]"


def _print_range(first: int, last: int) -> str:
    if first == last:
        return _escaped(first)
    joint = "-" if last > first + 1 else ""
    return f"{_escaped(first)}{joint}{_escaped(last)}"


def _escaped(code: int) -> str:
    return f"\\{chr(code)}" if chr(code) in _SPECIAL else chr(code)


def _lowered(node: Characters) -> Characters:
    """The same class with capitals as small letters; a range that holds both keeps both."""
    ranges: list[tuple[int, int]] = []
    for first, last in node.ranges:
        if last - first > LAST_CHARACTER // 16:
            return node
        if first == last:
            small = chr(first).lower()
            ranges.append((ord(small), ord(small)) if len(small) == 1 else (first, last))
            continue
        ranges.append((first, last))
        capitals = max(first, ord("A")), min(last, ord("Z"))
        if capitals[0] <= capitals[1]:
            ranges.append((capitals[0] + 32, capitals[1] + 32))
    return Characters(merge(ranges), node.negated)


def merge(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ascending ranges without overlaps."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _refuse_anchors(pattern: str) -> None:
    """``^`` and ``$`` are plain characters to Lucene; whoever writes them means something else."""
    begins = pattern.startswith("^")
    ends = re.search(r"(?<!\\)(?:\\\\)*\$$", pattern) is not None
    if not begins and not ends:
        return
    inner = pattern[begins : len(pattern) - ends]
    anchored = inner if begins and ends else f"{inner}.*" if begins else f".*{inner}"
    raise QueryError(
        "a regular expression matches the whole word or value: ^ and $ are not needed",
        position=0 if begins else len(pattern) - 1,
        suggestion=f"write /{anchored}/",
    )


class _Reader:
    """A place in a pattern, and what is read from there."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0

    def read(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._error("this ) closes nothing", suggestion="write \\) for the character")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeated())
        if not parts:
            raise self._error(
                "there is nothing here to match", suggestion="write (…)? for what may be missing"
            )
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> Node:
        part = self._single()
        if self._peek() not in {"?", "*", "+", "{"}:
            return part
        repeat = self._quantified(part)
        if self._peek() in {"?", "*", "+", "{"}:
            raise self._error(
                "a repetition cannot be repeated; there are no lazy or possessive ones",
                suggestion="leave the second sign out, or group with ( )",
            )
        return repeat

    def _quantified(self, part: Node) -> Node:
        sign = self._peek()
        if sign != "{":
            self._at += 1
            return Repeat(part, 1 if sign == "+" else 0, 1 if sign == "?" else None)
        match = _BOUNDS.match(self._text, self._at)
        if match is None:
            raise self._error(
                "{ begins a repetition such as {2} or {1,3}", suggestion="write \\{ for the brace"
            )
        least = int(match[1])
        most = least if match[2] is None else None if match[3] is None else int(match[3])
        if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
            raise self._error(
                f"{match[0]} does not count from less to more, up to {MAX_REPEAT}",
                suggestion="write for example {1,3}",
            )
        self._at = match.end()
        return Repeat(part, least, most)

    def _single(self) -> Node:
        sign = self._peek()
        special: dict[str, Callable[[], Node]] = {
            "(": self._group,
            "[": self._class,
            ".": self._any,
            "\\": self._escape,
        }
        if sign in special:
            return special[sign]()
        if sign in {"?", "*", "+", "{"}:
            raise self._error(f"{sign} repeats nothing", suggestion=f"write \\{sign} for the sign")
        if sign in _ONLY_LUCENE or sign in {"^", "$", "]", "}"}:
            raise self._error(
                f"{sign} is no plain character in a regular expression",
                suggestion=f"write \\{sign} for the character itself",
            )
        self._at += 1
        return _one(ord(sign))

    def _any(self) -> Node:
        self._at += 1
        return Characters((), negated=True)

    def _group(self) -> Node:
        opened = self._at
        self._at += 1
        if self._peek() == "?":
            raise self._error(
                "(?…) is not known here: no look-around, flags or names",
                suggestion="write a plain group; case never matters in texts",
            )
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"groups are nested more than {MAX_DEPTH} deep")
        inner = self._choice()
        self._depth -= 1
        if self._peek() != ")":
            self._at = opened
            raise self._error("this ( is never closed", suggestion="add a ), or write \\(")
        self._at += 1
        return inner

    def _escape(self) -> Node:
        ranges, negated = self._escaped_ranges()
        return Characters(ranges, negated)

    def _escaped_ranges(self) -> tuple[tuple[tuple[int, int], ...], bool]:
        sign = self._text[self._at + 1 : self._at + 2]
        if not sign:
            raise self._error("the \\ at the end escapes nothing", suggestion="write \\\\")
        if sign.lower() in _CLASSES:
            self._at += 2
            return _CLASSES[sign.lower()], sign.isupper()
        if sign.isascii() and sign.isalnum():
            raise self._error(
                f"\\{sign} is not known; there are \\d \\w \\s and escaped punctuation",
                suggestion=f"write {sign} for the letter, \\\\{sign} for a backslash before it",
            )
        self._at += 2
        return ((ord(sign), ord(sign)),), False

    def _class(self) -> Node:
        opened = self._at
        self._at += 1
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        while self._peek() not in {"]", ""}:
            ranges.extend(self._class_part())
        if not self._peek():
            self._at = opened
            raise self._error("this [ is never closed", suggestion="add a ], or write \\[")
        if not ranges:
            raise self._error("the class is empty", suggestion="write \\] for the bracket in it")
        self._at += 1
        return Characters(merge(ranges), negated)

    def _class_part(self) -> list[tuple[int, int]]:
        begin = self._at
        ranges, negated = self._class_character()
        if negated:
            self._at = begin
            raise self._error(
                "the opposite of a class cannot stand in a class", suggestion="write [^…]"
            )
        following = self._text[self._at + 1 : self._at + 2]
        if self._peek() != "-" or following in {"]", ""}:
            return list(ranges)
        self._at += 1
        others, negated = self._class_character()
        first, last = ranges[0][0], others[0][0]
        single = len(ranges) == len(others) == 1 and ranges[0][0] == ranges[0][1] and not negated
        if not single or others[0][0] != others[0][1] or first > last:
            text, self._at = self._text[begin : self._at], begin
            raise self._error(f"{text} is no range", suggestion="write for example a-z")
        return [(first, last)]

    def _class_character(self) -> tuple[tuple[tuple[int, int], ...], bool]:
        if self._peek() == "\\":
            return self._escaped_ranges()
        code = ord(self._peek())
        self._at += 1
        return ((code, code),), False

    def _error(self, what: str, *, suggestion: str | None = None) -> QueryError:
        return QueryError(what, position=self._at, suggestion=suggestion)


def _one(code: int) -> Characters:
    return Characters(((code, code),))
