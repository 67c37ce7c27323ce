"""What does one pattern find in a text, and is it safe to look?"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from logboom.errors import ConfigError
from shipper.parsers.grok.classes import SyntaxTrouble
from shipper.parsers.grok.effort import Effort, effort_of
from shipper.parsers.grok.expression import write_expression
from shipper.parsers.grok.filling import make_filling
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.library import PatternLibrary
from shipper.parsers.grok.literals import literal_worth, required_literals
from shipper.parsers.grok.references import Wanted, expand, readable
from shipper.parsers.grok.syntax import read_expression
from shipper.parsers.grok.tree import DOT, Assertion, Capture, Kind, Node, Repeat, Series
from shipper.parsers.grok.watch import TIMED_OUT, Find, TimedOut, process_watch, ticks_of
from shipper.parsers.port import Fields, Row

log = logging.getLogger(__name__)

_LONG = 2000
"""Characters from which on a pattern that can begin anywhere is searched for in the careful way."""
_STEPS_PER_S = 50_000_000  # of `re`, on the safe side: one takes 5 to 20 ns
_STRIKES = 3
_QUICK_ONES = 100
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
        safe_length: Characters up to which no text can take longer than the budget.
        expression: What `re` is given.
        literal: A text without it does not match.
        names: What its groups are, where each of them is a field of its own as it is; else none.
        optional: The groups, from 0, that can be absent.
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
        self._match: Find = compiled.match
        self._begins = False  # the last text matched from its beginning: likely the next one does
        self._find: Find = compiled.match if self.is_anchored else compiled.search
        self._find_in_long: Find | None = compiled.match if self.is_anchored else None
        self._watch, self._ticks = process_watch(), ticks_of(budget_s)
        captures = [expanded.capture(name) for name in written.names]
        self._fill = make_filling(captures, written.optional)
        self.names = _names(captures)
        self.optional = written.optional
        self.literal, self._others = self._required(tree)
        self._budget_s = budget_s
        self.safe_length = self.effort.longest(budget_s * _STEPS_PER_S)
        self._quick_length = min(self.safe_length, _LONG)
        self._strikes = self._rest = self._quick = 0

    def _required(self, tree: Node) -> tuple[str, Sequence[str]]:
        """The text that must be there; where each place may be tried, more of them in their order."""
        literals = required_literals(tree)
        best = max(literals, key=literal_worth, default="")
        return best, () if self.is_anchored or len(literals) == 1 else literals

    def _compiled(self, expression: str) -> re.Pattern[str]:
        try:
            return re.compile(expression, re.DOTALL)
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigError(f"{self.source!r} is not a grok pattern: {error}") from error

    def match(self, text: str) -> Fields | TimedOut | None:
        """What it captures; None where it does not match."""
        return self.match_likely(text) if self.literal in text else None

    def row(self, text: str) -> Row | None:
        """The groups of a text that has `literal` and is not long; else None.

        None also where it does not match.
        """
        if len(text) > self._quick_length:
            return None
        found = self._match(text) if self._begins else None
        if found is None:
            if self._others and not self._has_others(text):
                self._begins = False
                return None
            found = self._find(text)
            self._begins = found is not None and found.start() == 0
        return None if found is None else found.groups()

    def fill(self, row: Row) -> Fields:
        """The fields of a row."""
        return self._fill(row)

    def match_likely(self, text: str) -> Fields | TimedOut | None:
        """The same for a text that has `literal`."""
        if self._others and not self._has_others(text):
            return None
        if len(text) <= self._quick_length:
            found = self._find(text)
        else:
            watched = self._find_watched(text)
            if isinstance(watched, TimedOut):
                return watched
            found = watched
        return None if found is None else self._fill(found.groups())

    def _find_watched(self, text: str) -> re.Match[str] | TimedOut | None:
        if self._rest and len(text) > self.safe_length:
            self._rest -= 1
            return TIMED_OUT
        find = self._find if len(text) < _LONG else self._long_find()
        found = self._watch.find(find, text, self._ticks)
        if isinstance(found, TimedOut):
            self._strike()
        elif self._strikes:
            self._forgive()
        return found

    def _has_others(self, text: str) -> bool:
        place = 0
        for literal in self._others:
            place = text.find(literal, place)
            if place < 0:
                return False
            place += len(literal)
        return True

    def _long_find(self) -> Find:
        if self._find_in_long is None:
            self._find_in_long = self._compiled(f".*?(?:{self.expression})").match
        return self._find_in_long

    def _strike(self) -> None:
        """After some texts that took too long, the next ones that might are not tried."""
        self._strikes += 1
        if self._strikes == _STRIKES:
            log.warning(
                "the grok pattern %r takes more than %g ms on some texts, which stay plain text;"
                " it is tried less often on the like of them from now on",
                self.source, self._budget_s * 1000,
            )  # fmt: skip
        if self._strikes >= _STRIKES:
            self._rest = min(10 * 2 ** (self._strikes - _STRIKES), _LONGEST_REST)

    def _forgive(self) -> None:
        self._quick = (self._quick + 1) % _QUICK_ONES
        if not self._quick:
            self._strikes -= 1


def _names(captures: Sequence[Wanted | None]) -> Sequence[str]:
    fields = [c.field for c in captures if c is not None and c.convert is None]
    return fields if len(set(fields)) == len(captures) else ()


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
