"""Where do events begin when the user says so, in Filebeat's terms?

Source: https://www.elastic.co/docs/reference/beats/filebeat/multiline-examples
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from logboom.config import MultilineSection
from shipper.framing.rules import Rule, Walker, split_by
from shipper.framing.searching import is_linear, make_test

_Test = Callable[[bytes], bool]

_SAFE = re.compile(
    r"\^(?:\\[dw.\-\[\](){}+*?^$|/]|\[[A-Za-z0-9_ .,:/-]+\]|[A-Za-z0-9_ :,\-/\"'<>=!@#%&~;.]"
    r"|\{\d+(?:,\d*)?\}|[+*?])+"
)
"""Patterns that are anchored, and in which nothing can match a line feed."""


def make_rule(section: MultilineSection, encoding: str) -> Rule:
    """The rule that a section describes.

    Raises:
        ConfigError: When a pattern cannot be used, or could take far too long.
    """
    if section.count_lines is not None:
        count = section.count_lines
        return _UserRule(lambda: _CountWalker(count))
    if section.start is not None and section.end is not None:
        begins = _test(section.start, encoding, "start")
        ends = _test(section.end, encoding, "end")
        return _UserRule(lambda: _BlockWalker(begins, ends))
    pattern = section.pattern or ""
    found = _test(pattern, encoding, "pattern")
    belongs: _Test = (lambda line: not found(line)) if section.negate else found
    flushes: _Test = _never
    if section.flush_pattern is not None:
        flushes = _test(section.flush_pattern, encoding, "flush_pattern")
    if section.type == "while_pattern":
        return _UserRule(lambda: _WhileWalker(belongs))
    if section.match == "before":
        return _UserRule(lambda: _BeforeWalker(belongs, flushes))
    rule = _UserRule(lambda: _AfterWalker(belongs, flushes))
    is_plain = section.flush_pattern is None and _SAFE.fullmatch(pattern) is not None
    if section.negate and is_plain and is_linear(pattern):
        return _StartRule(rule, re.compile(rb"\n(?=%s)" % pattern[1:].encode(encoding)))
    return rule


def _never(line: bytes) -> bool:  # noqa: ARG001 - as _Test
    return False


def _test(pattern: str, encoding: str, name: str) -> _Test:
    return make_test(pattern, encoding, where=f"multiline.{name}")


@dataclass(frozen=True, slots=True)
class _UserRule:
    """A rule that looks at every line."""

    make_walker: Callable[[], _UserWalker]

    def split(self, text: bytes) -> list[bytes]:
        return split_by(self.make_walker(), text)

    def are_objects(self, text: bytes, breaks: int) -> bool:  # noqa: ARG002 - as in Rule
        return False

    def walker(self) -> Walker:
        return self.make_walker()

    def is_complete(self, event: bytes) -> bool:
        walker = self.make_walker()
        first, *others = event.split(b"\n")
        walker.begin(first)
        for line in others:
            walker.follows(line)
        return walker.is_over

    def learn(self, events: Sequence[bytes]) -> None:
        pass

    def fork(self) -> Rule:
        return self


@dataclass(frozen=True, slots=True)
class _StartRule:
    """The usual case, one search over all lines: a pattern that begins an event."""

    rule: _UserRule
    gap: re.Pattern[bytes]

    def split(self, text: bytes) -> list[bytes]:
        return self.gap.split(text)

    def are_objects(self, text: bytes, breaks: int) -> bool:  # noqa: ARG002 - as in Rule
        return False

    def walker(self) -> Walker:
        return self.rule.walker()

    def is_complete(self, event: bytes) -> bool:  # noqa: ARG002 - as in Rule
        return False

    def learn(self, events: Sequence[bytes]) -> None:
        pass

    def fork(self) -> Rule:
        return self


class _UserWalker(Protocol):
    """A walker; `is_over`: whatever comes next, it begins an event."""

    is_over: bool

    def begin(self, line: bytes) -> None: ...
    def follows(self, line: bytes) -> bool: ...


class _AfterWalker:
    """Lines that belong do so to those before them."""

    def __init__(self, belongs: _Test, flushes: _Test) -> None:
        self._belongs = belongs
        self._flushes = flushes
        self.is_over = False

    def begin(self, line: bytes) -> None:  # noqa: ARG002 - as in Walker
        self.is_over = False

    def follows(self, line: bytes) -> bool:
        if self.is_over:
            return False
        self.is_over = self._flushes(line)
        return self.is_over or self._belongs(line)


class _BeforeWalker:
    """Lines that belong do so to those after them."""

    def __init__(self, belongs: _Test, flushes: _Test) -> None:
        self._belongs = belongs
        self._flushes = flushes
        self.is_over = False

    def begin(self, line: bytes) -> None:
        self.is_over = not self._belongs(line)

    def follows(self, line: bytes) -> bool:
        if self.is_over:
            return False
        self.is_over = self._flushes(line) or not self._belongs(line)
        return True


class _WhileWalker:
    """Lines that belong are joined with each other; the others are events."""

    def __init__(self, belongs: _Test) -> None:
        self._belongs = belongs
        self.is_over = False

    def begin(self, line: bytes) -> None:
        self.is_over = not self._belongs(line)

    def follows(self, line: bytes) -> bool:
        return not self.is_over and self._belongs(line)


class _CountWalker:
    """So many lines are an event."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._left = 0
        self.is_over = False

    def begin(self, line: bytes) -> None:  # noqa: ARG002 - as in Walker
        self._left = self._count - 1
        self.is_over = self._left == 0

    def follows(self, line: bytes) -> bool:  # noqa: ARG002 - as in Walker
        if self.is_over:
            return False
        self._left -= 1
        self.is_over = self._left == 0
        return True


class _BlockWalker:
    """From a line that begins a block to one that ends it; what is between blocks stays as it is."""

    def __init__(self, begins: _Test, ends: _Test) -> None:
        self._begins = begins
        self._ends = ends
        self.is_over = False

    def begin(self, line: bytes) -> None:
        self.is_over = not self._begins(line) or self._ends(line)

    def follows(self, line: bytes) -> bool:
        if self.is_over or self._begins(line):
            return False
        self.is_over = self._ends(line)
        return True
