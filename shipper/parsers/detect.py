"""Which format has this source? Found by trying, kept while it fits, given up when it does not."""

from __future__ import annotations

from collections.abc import Sequence

from shipper.parsers.port import Fields, Parser

_PATIENCE = 8


class AutoParser:
    """Sticks to the format that hit last; after some misses in a row it looks for another.

    What was recognised without asking it (`shipper.splicing`) is not counted.

    Args:
        candidates: The formats, the most telling first.
    """

    def __init__(self, candidates: Sequence[Parser]) -> None:
        self._candidates = candidates
        self._current: Parser | None = None
        self._misses = 0

    @property
    def name(self) -> str:
        """The detected format; `auto` before the first hit."""
        return "auto" if self._current is None else self._current.name

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. None means that no format is known: plain text."""
        current = self._current
        if current is not None:
            fields = current.parse(text)
            if fields is not None:
                self._misses = 0
                return fields
            self._misses += 1
        return self._search(text)

    def _search(self, text: str) -> Fields | None:
        for candidate in self._candidates:
            if candidate is not self._current:
                fields = candidate.parse(text)
                if fields is not None:
                    self._adopt(candidate)
                    return fields
        return None

    def _adopt(self, candidate: Parser) -> None:
        if self._current is None or self._misses >= _PATIENCE:
            self._current, self._misses = candidate, 0
