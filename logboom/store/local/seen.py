"""Which documents of a write does a day hold already?

The ids of one source's run ascend. So the highest offset per run answers for nearly every document
that it is new; only one at or below it, or one with a foreign id, is looked up in the index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from tantivy import FieldType, Occur, Query, Searcher

from logboom.store.local.asking import every
from logboom.store.local.schema import FOREIGN_ID, OFFSET, PRESENT, SCHEMA, SOURCE

Identity = tuple[str, int] | str
"""What makes two documents the same: the run of a source and an offset in it, or a foreign id."""

_RUNS_AT_ONCE = 50_000
_RUN_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_OFFSETS_AT_ONCE = 5_000


class Stretch(NamedTuple):
    """Documents side by side of which only the ends need be looked at.

    Attributes:
        length: How many they are.
        run: The run of a source that all of them are of, at ascending offsets; None for a single
            one with a foreign id.
        lowest: The offset of the first.
        highest: The offset of the last.
    """

    length: int
    run: str | None
    lowest: int
    highest: int


class Sifted(NamedTuple):
    """Which documents of a write are new?

    Attributes:
        new: Indices of those that are for certain, ascending.
        doubtful: Indices of those that have to be looked up, ascending.
    """

    new: list[int]
    doubtful: list[int]


class Watermarks:
    """The highest offset of every run that a day holds."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}

    def raise_to(self, run: str, offset: int) -> None:
        """Takes note that a document at this offset is held."""
        if offset > self._highest.get(run, -1):
            self._highest[run] = offset

    def load(self, searcher: Searcher) -> None:
        """Takes note of everything that an index holds."""
        for bucket in run_buckets(
            searcher, Query.all_query(), {"highest": {"max": {"field": OFFSET}}}
        ):
            value = bucket["highest"]["value"]
            self.raise_to(str(bucket["key"]), -1 if value is None else int(value))

    def are_new(self, stretches: Iterable[Stretch]) -> bool:
        """True when all documents are new for certain."""
        staged: dict[str, int] = {}
        for _, run, lowest, highest in stretches:
            if run is None or lowest <= staged.get(run, self._highest.get(run, -1)):
                return False
            staged[run] = highest
        return True

    def sift(self, identities: Sequence[Identity]) -> Sifted:
        """Tells which documents are new for certain."""
        new: list[int] = []
        doubtful: list[int] = []
        staged: dict[str, int] = {}
        highest = self._highest
        for index, identity in enumerate(identities):
            if type(identity) is tuple:
                run, offset = identity
                mark = staged.get(run)
                if mark is None:
                    mark = highest.get(run, -1)
                if offset > mark:
                    staged[run] = offset
                    new.append(index)
                    continue
            doubtful.append(index)
        return Sifted(new, doubtful)

    def rise(self, stretches: Iterable[Stretch]) -> None:
        """Takes note that these documents are held."""
        for stretch in stretches:
            if stretch.run is not None:
                self.raise_to(stretch.run, stretch.highest)


def held(searcher: Searcher, identities: Iterable[Identity]) -> set[Identity]:
    """Those of the identities that an index holds."""
    by_run = defaultdict[str, list[int]](list)
    found: set[Identity] = set()
    for identity in identities:
        if isinstance(identity, str):
            if searcher.doc_freq(FOREIGN_ID, identity):
                found.add(identity)
        else:
            by_run[identity[0]].append(identity[1])
    for run, offsets in by_run.items():
        offsets.sort()
        for start in range(0, len(offsets), _OFFSETS_AT_ONCE):
            some = offsets[start : start + _OFFSETS_AT_ONCE]
            found |= {
                (run, offset) for offset in _offsets_between(searcher, run, some[0], some[-1])
            }
    return found


def run_buckets(
    searcher: Searcher, query: Query, each: dict[str, Any], prefix: str = ""
) -> Iterator[dict[str, Any]]:
    """One bucket per value of `log.source`, however many there are.

    Args:
        query: Which documents to look at.
        each: What to aggregate in every bucket.
        prefix: Only values that begin so. Of those that `source_run` did not make, one answer of
            tantivy's must hold all that share a prefix.
    """
    found, is_all = _buckets(searcher, query, each, f"{prefix}.*")
    if is_all:
        yield from found
        return
    for following in _RUN_ALPHABET:
        yield from run_buckets(searcher, query, each, prefix + following)
    others, _ = _buckets(searcher, query, each, f"{prefix}([^{_RUN_ALPHABET}].*)?")
    yield from others


def _buckets(
    searcher: Searcher, query: Query, each: dict[str, Any], pattern: str
) -> tuple[list[dict[str, Any]], bool]:
    """The buckets of the values that match a pattern, and whether these are all."""
    terms = {"field": SOURCE, "size": _RUNS_AT_ONCE, "include": pattern}
    found = searcher.aggregate(query, {"runs": {"terms": terms, "aggs": each}})["runs"]
    return found["buckets"], not found["sum_other_doc_count"]


def position_query(run: str, lowest: int, highest: int) -> Query:
    """Documents of a run from one offset to another, both included, whose ids follow from that."""
    offsets = Query.range_query(SCHEMA, OFFSET, FieldType.Integer, lowest, highest)
    foreign = Query.term_query(SCHEMA, PRESENT, FOREIGN_ID)
    return Query.boolean_query(
        [(Occur.Must, _of_run(run)), (Occur.Must, offsets), (Occur.MustNot, foreign)]
    )


def _offsets_between(searcher: Searcher, run: str, lowest: int, highest: int) -> Iterable[int]:
    hits = every(searcher, position_query(run, lowest, highest), by=OFFSET)
    return (offset for offset, _ in hits)


def _of_run(run: str) -> Query:
    return Query.term_query(SCHEMA, SOURCE, run)
