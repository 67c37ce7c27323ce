"""What did a parser find in the texts of a buffer, with a name for each value or without?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from shipper.parsers.port import Fields, Parser, Row, Rows, rows_of

FieldsOf = Callable[[int, str], Fields | None]
"""What was found in an event, by its number and its text."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was found, by the number of the event.

    Attributes:
        kind: What the rows are; None when there are none.
        found: A row, or fields, or None where the text is not of the format.
    """

    kind: Rows | None
    found: Sequence[Row | Fields | None]

    @classmethod
    def of(cls, parser: Parser, texts: Sequence[str]) -> Parsed:
        """Asks a parser, in the order of the texts."""
        kind = rows_of(parser)
        return cls(kind, list(map(parser.parse if kind is None else kind.read, texts)))

    def fields(self, number: int, _text: str = "") -> Fields | None:
        """What was found in an event, by its names."""
        found = self.found[number]
        if isinstance(found, tuple):
            return None if self.kind is None else self.kind.named(found)
        return found

    def rows(self, *, but: Collection[int]) -> dict[int, Row]:
        """The rows, by the number of the event.

        Args:
            but: Numbers of events whose rows are left out.
        """
        return {
            number: found
            for number, found in enumerate(self.found)
            if type(found) is tuple and number not in but
        }
