"""Which numbers does an evaluation look at, and how does it find them?

A `Need` names events and how they are measured; a `Stretch` is the time for which. Whoever fetches
makes one question of all that are the same; what it finds becomes `Data`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from logboom.query.model import Query
from logboom.store.cells import Cell, Numbers, numbers_together

Values = tuple[str, ...]
"""The values that make a series, in the order of the fields."""


@dataclass(frozen=True, slots=True)
class Need:
    """What is measured of which events.

    Attributes:
        query: Which events.
        by: Stored names of fields: a series for each of their values.
        of: Stored name of a field of numbers, or None.
        percentiles: Whether percentiles of these numbers are wanted.
    """

    query: Query
    by: Values = ()
    of: str | None = None
    percentiles: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of event times, cut into pieces of one width; µs since the epoch."""

    start_us: int
    end_us: int
    width_us: int


@dataclass(frozen=True, slots=True)
class Window:
    """What one series has in one window."""

    count: int
    numbers: Numbers | None


_EMPTY = Window(0, None)


class Table:
    """What was measured for one need, in pieces of one width.

    Args:
        width_us: Of the pieces.
    """

    def __init__(self, width_us: int) -> None:
        self._width_us = width_us
        self._cells: defaultdict[Values, dict[int, Cell]] = defaultdict(dict)
        self._below: defaultdict[Values, set[Values]] = defaultdict(set)

    def add(self, cells: Iterable[Cell]) -> None:
        """Takes cells in; what is measured again replaces what was there."""
        for cell in cells:
            self._cells[cell.values][cell.start_us] = cell
            self._below[cell.values[:-1]].add(cell.values)

    def series(self, start_us: int, end_us: int) -> Iterator[Values]:
        """The series that have events in a window."""
        for values in self._cells:
            if next(self._found(values, start_us, end_us), None) is not None:
                yield values

    def below(self, values: Values, start_us: int, end_us: int) -> int:
        """How many series that begin with these values and have one more have events in a window."""
        return sum(
            next(self._found(longer, start_us, end_us), None) is not None
            for longer in self._below.get(values, ())
        )

    def window(self, values: Values, start_us: int, end_us: int) -> Window:
        """All that a series has from a begin (included) to an end (excluded)."""
        cells = list(self._found(values, start_us, end_us))
        if not cells:
            return _EMPTY
        count = sum(cell.count for cell in cells)
        return Window(count, numbers_together(cell.numbers for cell in cells))

    def has_any(self, start_us: int, end_us: int) -> bool:
        """True when any series has events in a window."""
        return next(self.series(start_us, end_us), None) is not None

    def _found(self, values: Values, start_us: int, end_us: int) -> Iterator[Cell]:
        cells = self._cells.get(values)
        if cells is None:
            return
        for place in range(start_us, end_us, self._width_us):
            cell = cells.get(place)
            if cell is not None:
                yield cell


@dataclass(slots=True)
class Data:
    """What was found, by need and width.

    Attributes:
        first_seen: When groups of errors were seen first, µs since the epoch, by fingerprint.
    """

    tables: dict[tuple[Need, int], Table] = field(default_factory=dict)
    first_seen: Mapping[str, int] = field(default_factory=dict)

    def add(self, need: Need, width_us: int, cells: Sequence[Cell]) -> None:
        """Takes in what was found for a need."""
        self.table(need, width_us).add(cells)

    def table(self, need: Need, width_us: int) -> Table:
        """What is known for a need; empty when nothing was found."""
        found = self.tables.get((need, width_us))
        if found is None:
            found = self.tables[need, width_us] = Table(width_us)
        return found
