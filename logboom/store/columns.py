"""How are counts over time laid out: a column for all of them, and one for each value?"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from operator import add
from typing import Final

from logboom.errors import QueryError

MOST_STRETCHES: Final = 20_000


def check_stretches(number: int) -> None:
    """Refuses more stretches than anybody can look at.

    Raises:
        QueryError: There would be too many.
    """
    if number > MOST_STRETCHES:
        raise QueryError(
            f"there would be more than {MOST_STRETCHES} buckets",
            suggestion="choose a longer interval or a shorter range of time",
        )


def no_counts(number: int) -> array[int]:
    """A column of so many stretches in which nothing happened."""
    empty = array("Q")
    return array("Q", bytes(empty.itemsize * number))


def counts_column(counts: Iterable[tuple[int, int]], starts_us: range) -> array[int]:
    """A column in which some stretches have a count.

    Args:
        counts: Where a stretch begins, µs since the epoch, and its count.
        starts_us: Where all of them do.
    """
    column = no_counts(len(starts_us))
    for start_us, count in counts:
        column[(start_us - starts_us.start) // starts_us.step] = count
    return column


def added(one: array[int], other: array[int]) -> array[int]:
    """The counts of two columns of the same stretches, together."""
    return array("Q", map(add, one, other))


def most_frequent(by: Mapping[str, array[int]], size: int) -> Mapping[str, array[int]]:
    """The values with the most counts in all, those first; of equal ones the first by the alphabet."""
    totals = {value: sum(counts) for value, counts in by.items()}
    ranked = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    return {value: by[value] for value, _ in ranked[:size]}
