"""Which format has this source? Found by trying, kept while it fits, given up when it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shipper.parsers.port import (
    Fields,
    HeadedParser,
    Parser,
    Row,
    Rows,
    gives_objects,
    rows_of,
)

_HEAD = 4096
_PATIENCE = 8
_EARLY = 64
_RAREST = 256
_CHALLENGES = 3
GENERIC_RANK = 30
"""From this rank on, a format says so little that a better one is looked for again and again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that may be it, and what can be seen of it at a glance.

    Attributes:
        rank: Lower ones are tried first.
        first: Characters that its entries begin with one of; empty for any.
        contains: Texts that are in the begin of each of its entries.
        make: Gives its parser; called when an entry first passes for one of this format.
    """

    name: str
    rank: int
    first: str
    contains: tuple[str, ...]
    make: Callable[[], Parser]


class Gates:
    """Candidates by the first character of an entry, so that few of them are tried.

    Args:
        candidates: In any order.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        ordered = sorted(candidates, key=lambda candidate: candidate.rank)
        self._others = tuple(c for c in ordered if not c.first)
        characters = sorted({character for c in ordered for character in c.first})
        self._by_first: Mapping[str, tuple[Candidate, ...]] = {
            character: tuple(c for c in ordered if not c.first or character in c.first)
            for character in characters
        }

    def passing(self, text: str, below: int) -> list[Candidate]:
        """The candidates that a text may be of, the most telling first.

        Args:
            text: An entry.
            below: Only candidates of a lower rank.
        """
        head = text[:_HEAD]
        found: list[Candidate] = []
        for candidate in self._by_first.get(head[:1], self._others):
            if candidate.rank >= below:
                break
            for part in candidate.contains:
                if part not in head:
                    break
            else:
                found.append(candidate)
        return found


class AutoParser:
    """Sticks to the format that hit; looks for another after misses, or when it says too little.

    What was recognised without asking it (`shipper.events.splicing`) is not counted.

    Args:
        gates: The formats.
    """

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._parsers: dict[str, Parser] = {}
        self._current: Parser | None = None
        self._rank = GENERIC_RANK
        self._texts = 0
        self._next_look = 0
        self._hits = 0
        self._misses = 0
        self._challenger = ""
        self._challenges = 0
        self._head: Sequence[str] | None = None

    @property
    def name(self) -> str:
        """The detected format; `auto` before the first hit."""
        return "auto" if self._current is None else self._current.name

    @property
    def gives_objects(self) -> bool:
        """See `ObjectParser.gives_objects`."""
        return self._current is not None and gives_objects(self._current)

    def rows(self) -> Rows | None:
        """See `RowParser.rows`. They end when another format is found."""
        current = self._current
        if current is None or self._rank >= GENERIC_RANK:
            return None
        rows = rows_of(current)
        if rows is None:
            return None
        read = rows.read

        def read_on(text: str) -> Row | Fields | None:
            found = read(text) if self._current is current else None
            if found is None:
                return self.parse(text)
            self._hits += 1
            self._misses = 0
            return found

        return replace(rows, read=read_on)

    def learn(self, head: Sequence[str]) -> None:
        """See `HeadedParser.learn`. The file's first line also shows what format it may have."""
        if head:
            self.parse(head[0])
        self._head = head
        for parser in self._parsers.values():
            if isinstance(parser, HeadedParser):
                parser.learn(head)

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. None means that no format is known: plain text."""
        current = self._current
        if current is None:
            fields = self._search(text)
            self._head = self._head or ()
            return fields
        if self._rank >= GENERIC_RANK:
            self._texts += 1
            if self._texts >= self._next_look:
                better = self._challenge(text)
                if better is not None:
                    return better
        fields = current.parse(text)
        if fields is not None:
            self._hits += 1
            self._misses = 0
            return fields
        self._misses += 1
        return self._search(text)

    def _search(self, text: str) -> Fields | None:
        for candidate in self._gates.passing(text, 1000):
            parser = self._parser(candidate)
            if parser is not self._current:
                fields = parser.parse(text)
                if fields is not None:
                    if self._current is None or self._misses >= min(_PATIENCE, self._hits + 1):
                        self._adopt(parser, candidate.rank)
                    return fields
        return None

    def _challenge(self, text: str) -> Fields | None:
        """Is there a format that says more? It takes over after some texts in a row."""
        for candidate in self._gates.passing(text, min(self._rank, GENERIC_RANK)):
            parser = self._parser(candidate)
            fields = parser.parse(text)
            if fields is not None:
                if candidate.name != self._challenger:
                    self._challenger, self._challenges = candidate.name, 0
                self._challenges += 1
                if self._challenges >= _CHALLENGES:
                    self._adopt(parser, candidate.rank)
                return fields
        self._challenges = 0
        if self._texts >= _EARLY:
            self._next_look = self._texts + min(self._texts // 4, _RAREST)
        return None

    def _adopt(self, parser: Parser, rank: int) -> None:
        self._current, self._rank = parser, rank
        self._texts = self._next_look = self._hits = self._misses = self._challenges = 0
        self._challenger = ""

    def _parser(self, candidate: Candidate) -> Parser:
        parser = self._parsers.get(candidate.name)
        if parser is None:
            parser = self._parsers[candidate.name] = candidate.make()
            if self._head is not None and isinstance(parser, HeadedParser):
                parser.learn(self._head)
        return parser
