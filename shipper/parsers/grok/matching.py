"""What do several patterns, tried in order, make of a text?

A pattern is searched for anywhere in the text, as Logstash does. `.` crosses line breaks: the text
is a whole event, and the rest of a joined stack trace belongs to its last field. ``^`` and ``$`` are
the text's beginning and end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shipper.parsers.grok.library import PatternLibrary
from shipper.parsers.grok.pattern import Pattern
from shipper.parsers.grok.watch import TimedOut
from shipper.parsers.port import MESSAGE, Fields, Row, Rows, can_be_rows, ecs_names, to_ecs

MAX_TEXT = 32_768
GROK_TIMEOUT = "grok_timeout"
BUDGET_S = 0.1


class Grok:
    """Several patterns, tried in order.

    Args:
        patterns: In Logstash's syntax; at least one.
        library: What `%{NAME}` refers to.
        budget_s: CPU seconds that a pattern may take on a text.

    Raises:
        ConfigError: When a pattern cannot be used.

    Attributes:
        patterns: The compiled patterns.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        library: PatternLibrary,
        *,
        budget_s: float = BUDGET_S,
    ) -> None:
        self.patterns = [Pattern(source, library, budget_s) for source in patterns]
        self._tries = tuple((pattern.literal, pattern.match_likely) for pattern in self.patterns)

    def match(self, text: str) -> Fields | TimedOut | None:
        """What the first fitting pattern captures; None where none fits.

        Values are texts, except where the pattern names a type. Texts longer than `MAX_TEXT`
        characters are matched by their beginning, and the rest goes to the last field. When a
        pattern takes too long, those behind it are not tried.
        """
        for literal, match in self._tries:
            if literal in text:
                head = text if len(text) <= MAX_TEXT else text[:MAX_TEXT]
                found = match(head)
                if found is None:
                    continue
                if head is text or isinstance(found, TimedOut):
                    return found
                return _with_rest(found, head, text)
        return None


def _with_rest(found: Fields, head: str, text: str) -> Fields:
    if found:
        last = next(reversed(found))
        if isinstance(found[last], str) and head.endswith(found[last]):
            found[last] += text[MAX_TEXT:]
    return found


class GrokParser:
    """Parses by grok patterns; the usual short names become ECS fields.

    Args:
        grok: The compiled patterns.
        name: The format's name.
    """

    def __init__(self, grok: Grok, name: str = "grok") -> None:
        self._grok = grok
        self.name = name
        self._rows = _rows_of(grok.patterns[0], self.parse)

    def rows(self) -> Rows | None:
        """See `RowParser.rows`. They are of the first pattern."""
        return self._rows

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A text that takes too long is plain text with a tag."""
        found = self._grok.match(text)
        if found is None:
            return None
        if isinstance(found, TimedOut):
            return {"message": text, "tags": [GROK_TIMEOUT]}
        return to_ecs(found, text)


def _rows_of(pattern: Pattern, parse: Callable[[str], Fields | None]) -> Rows | None:
    names = ecs_names(pattern.names)
    if not can_be_rows(names) or names.index(MESSAGE) in pattern.optional:
        return None
    literal, row = pattern.literal, pattern.row

    def read(text: str) -> Row | Fields | None:
        found = row(text) if literal in text else None
        return parse(text) if found is None else found

    def named(found: Row) -> Fields:
        return to_ecs(pattern.fill(found), "")

    return Rows(tuple(names), read, named, frozenset([None]), {})
