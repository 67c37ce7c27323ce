"""What does one pattern find in a text, and is it safe to look?"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from logboom.errors import ConfigError
from shipper.parsers.grok.alarm import TIMED_OUT, Find, TimedOut, find_within
from shipper.parsers.grok.classes import SyntaxTrouble
from shipper.parsers.grok.effort import Effort, effort_of
from shipper.parsers.grok.expression import write_expression
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.library import PatternLibrary
from shipper.parsers.grok.literals import required_literals
from shipper.parsers.grok.references import Wanted, expand, readable
from shipper.parsers.grok.syntax import read_expression
from shipper.parsers.grok.tree import DOT, Assertion, Capture, Kind, Node, Repeat, Series
from shipper.parsers.port import Fields

log = logging.getLogger(__name__)

STEPS_PER_S = 50_000_000
"""Steps of `re` in a second, on the safe side: a step takes 5 to 20 ns."""
_STRIKES = 3
_LONGEST_REST = 1000


class Pattern:
    """One compiled pattern.

    Args:
        source: In Logstash's syntax.
        library: What its names mean.
        budget_s: CPU seconds that a text may take.

    Raises:
        ConfigError: When it cannot be used.

    Attributes:
        effort: How many steps it may take.
        expression: What `re` is given.
    """

    def __init__(self, source: str, library: PatternLibrary, budget_s: float) -> None:
        self.source = source
        expanded = expand(source, library)
        tree = _read(source, expanded.text)
        self.is_anchored = is_anchored(tree)
        self.effort: Effort = effort_of(tree, is_anchored=self.is_anchored)
        written = write_expression(tree)
        self.expression = written.text
        compiled = self._compiled(written.text)
        self._find: Find = compiled.match if self.is_anchored else compiled.search
        self._careful: Find | None = compiled.match if self.is_anchored else None
        captures = [expanded.capture(name) if name else None for name in written.names]
        self._filling = _Filling(captures)
        self.literals = required_literals(tree)
        self.safe_length = self.effort.longest(budget_s * STEPS_PER_S)
        self._budget_s = budget_s
        self._strikes = self._rest = 0

    def _compiled(self, expression: str) -> re.Pattern[str]:
        try:
            return re.compile(expression, re.DOTALL)
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigError(f"{self.source!r} is not a grok pattern: {error}") from error

    def match(self, text: str) -> Fields | TimedOut | None:
        """What it captures; None where it does not match."""
        place = 0
        for literal in self.literals:
            place = text.find(literal, place)
            if place < 0:
                return None
            place += len(literal)
        if len(text) > self.safe_length:
            return self._match_carefully(text)
        found = self._find(text)
        return None if found is None else self._filling.fill(found.groups())

    def _match_carefully(self, text: str) -> Fields | TimedOut | None:
        if self._rest:
            self._rest -= 1
            return TIMED_OUT
        if self._careful is None:
            self._careful = self._compiled(f".*?(?:{self.expression})").match
        found = find_within(self._careful, text, self._budget_s)
        if isinstance(found, TimedOut):
            self._strike()
            return found
        self._strikes = 0
        return None if found is None else self._filling.fill(found.groups())

    def _strike(self) -> None:
        """After some texts in a row that took too long, the next ones like them are not tried."""
        self._strikes += 1
        if self._strikes == _STRIKES:
            log.warning(
                "the grok pattern %r takes more than %g ms on some texts, which stay plain text;"
                " it is tried less often on the like of them from now on",
                self.source, self._budget_s * 1000,
            )  # fmt: skip
        if self._strikes >= _STRIKES:
            self._rest = min(10 * 2 ** (self._strikes - _STRIKES), _LONGEST_REST)


class _Filling:
    """From the groups of a match to fields; an absent group never takes the place of a present one."""

    def __init__(self, captures: Sequence[Wanted | None]) -> None:
        self._captures = tuple(
            (number, capture) for number, capture in enumerate(captures) if capture is not None
        )
        self._names = tuple(capture.field for _, capture in self._captures)
        self._typed = tuple(
            (capture.field, capture.convert) for _, capture in self._captures if capture.convert
        )
        self._is_plain = len(set(self._names)) == len(captures)

    def fill(self, groups: Sequence[str | None]) -> Fields:
        """The fields, in the order of the pattern."""
        if not self._is_plain:
            return self._fill_carefully(groups)
        found: Fields = dict(zip(self._names, groups, strict=False))
        if None in groups:
            found = {name: value for name, value in found.items() if value is not None}
        for name, convert in self._typed:
            if name in found:
                found[name] = convert(found[name])
        return found

    def _fill_carefully(self, groups: Sequence[str | None]) -> Fields:
        found: Fields = {}
        for number, capture in self._captures:
            value = groups[number]
            if value is not None and capture.field not in found:
                found[capture.field] = capture.convert(value) if capture.convert else value
        return found


def _read(source: str, expanded: str) -> Node:
    try:
        return improve(read_expression(expanded))
    except SyntaxTrouble as error:
        near = readable(expanded[max(0, error.position - 15) : error.position + 15])
        raise ConfigError(
            f"{source!r} is not a grok pattern: {error.what}",
            where=f"near {near!r}",
            mend="the parts between %{…} are regular expressions in Oniguruma's syntax",
        ) from error


def is_anchored(tree: Node) -> bool:
    """Whether a match can begin at the text's beginning alone, or if anywhere then there, too."""
    node: Node = tree
    while isinstance(node, Series | Capture):
        if isinstance(node, Capture):
            node = node.body
        elif node.items:
            node = node.items[0]
        else:
            return False
    if isinstance(node, Repeat):
        return (
            node.body == DOT and node.low == 0 and node.high is None and node.kind is not Kind.LAZY
        )
    return isinstance(node, Assertion) and node.source in {"^", r"\A"}
