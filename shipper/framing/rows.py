"""Which lines make up one row of a table, where a cell in quotes may have line breaks?

Source: RFC 4180. A quote opens a cell only at its begin; within it two quotes stand for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from shipper.framing.rules import Rule, Walker, split_by
from shipper.parsers.columns import header_delimiter
from shipper.parsers.postgresql import is_row

_FEWEST = 2
"""Delimiters in a header."""
_MOST_LINES = 1000
"""Of a row. A quote that nobody closes takes no more with it."""


_LONGEST_HEADER = 4096


def table_of(first_line: bytes) -> RowRule | None:
    """The rule of a source whose first line names its columns, or is a row that tells by itself."""
    if first_line.count(b",") < _FEWEST and first_line.count(b"\t") < _FEWEST:
        return None
    text = (
        first_line[:_LONGEST_HEADER].decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r")
    )
    delimiter = "," if is_row(text) else header_delimiter(text)
    return None if delimiter is None else RowRule(delimiter.encode())


class RowRule:
    """A row ends with the first line break that is in no quotes.

    Args:
        delimiter: Between the cells; one byte.
    """

    def __init__(self, delimiter: bytes) -> None:
        between = re.escape(delimiter)
        rest = rb"[^%s]*+(?:%s(?: *+\"(?:[^\"]|\"\")*+\"(?!\")[^%s]*+|(?! *+\")[^%s]*+))*+\Z" % (
            between, between, between, between,
        )  # fmt: skip
        first = rb"(?: *+\"(?:[^\"]|\"\")*+\"(?!\")|(?! *+\"))"
        self.ends = re.compile(first + rest).match
        self.ends_within = re.compile(rb"(?:[^\"]|\"\")*+\"(?!\")" + rest).match

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        return split_by(self.walker(), text) if b'"' in text else text.split(b"\n")

    def are_objects(self, text: bytes, breaks: int) -> bool:  # noqa: ARG002 - as in Rule
        """See `Rule.are_objects`."""
        return False

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        return RowWalker(self)

    def is_complete(self, event: bytes) -> bool:
        """See `Rule.is_complete`."""
        walker = RowWalker(self)
        first, *others = event.split(b"\n")
        walker.begin(first)
        for line in others:
            walker.follows(line)
        return not walker.is_open

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`."""

    def fork(self) -> Rule:
        """See `Rule.fork`."""
        return self


class RowWalker:
    """Line by line; `is_open`: a cell in quotes has begun and not ended."""

    def __init__(self, rule: RowRule) -> None:
        self._rule = rule
        self._lines = 0
        self.is_open = False

    def begin(self, line: bytes) -> None:
        """See `Walker.begin`."""
        self._lines = 1
        self.is_open = b'"' in line and self._rule.ends(line) is None

    def follows(self, line: bytes) -> bool:
        """See `Walker.follows`."""
        if not self.is_open:
            return False
        self._lines += 1
        self.is_open = self._lines < _MOST_LINES and self._rule.ends_within(line) is None
        return True
