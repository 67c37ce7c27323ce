"""What when a format has several forms? The first parser that fits."""

from __future__ import annotations

from collections.abc import Sequence

from shipper.parsers.port import Fields, Parser


class FirstOf:
    """Parses by the first of several parsers that fits, the last one that did in front.

    Args:
        name: Of the format.
        parsers: At least one; none of them learns.
    """

    def __init__(self, name: str, parsers: Sequence[Parser]) -> None:
        self.name = name
        self._parsers = list(parsers)

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        for number, parser in enumerate(self._parsers):
            fields = parser.parse(text)
            if fields is not None:
                if number:
                    self._parsers.insert(0, self._parsers.pop(number))
                return fields
        return None
