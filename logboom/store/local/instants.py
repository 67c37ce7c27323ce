"""Which events of one instant come next?

Logs whose times have whole seconds, or none of their own, have thousands of events at one instant.
Their order is that of their ids, and an id of our own is a source's run and an offset: so tantivy
finds the next ones by these, and only they are read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from tantivy import DocAddress, Occur, Order, Query

from logboom.event import MAX_OFFSET, event_id
from logboom.store.local.asking import every, first
from logboom.store.local.combine import all_of, between
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.schema import FOREIGN_ID, OFFSET, PRESENT, SCHEMA, TIME
from logboom.store.local.seen import position_query, run_buckets

FEW = 500
"""So many events are simply read and sorted."""

_FOREIGN = Query.term_query(SCHEMA, PRESENT, FOREIGN_ID)


@dataclass(frozen=True, slots=True)
class Instant:
    """The matches of one instant on one day."""

    day: Snapshot
    query: Query
    time_us: int
    descending: bool

    def next_after(self, after: str | None, limit: int) -> list[DocAddress]:
        """The documents that come next.

        Args:
            after: An id; those that come behind it are wanted. None: from the first one on.
            limit: How many at most.

        Returns:
            At least the next `limit` ones, in no order; perhaps others of the same instant too.
        """
        matching = all_of(self.query, between(self.time_us, self.time_us + 1))
        few = first(self.day.searcher, matching, FEW, by=TIME)
        if few.count <= FEW:
            return [address for _, address in few.hits]
        foreign = all_of(matching, _FOREIGN)
        found = [address for _, address in every(self.day.searcher, foreign, by=TIME)]
        own = Query.boolean_query([(Occur.Must, matching), (Occur.MustNot, _FOREIGN)])
        return found + self._own_after(own, after, limit)

    def _own_after(self, own: Query, after: str | None, limit: int) -> list[DocAddress]:
        """The next ones whose ids follow from source and offset: run by run, in the order of ids."""
        found: list[DocAddress] = []
        order = Order.Desc if self.descending else Order.Asc
        buckets = run_buckets(self.day.searcher, own, {})
        runs = sorted((str(bucket["key"]) for bucket in buckets), reverse=self.descending)
        for run in runs:
            missing = limit - len(found)
            if missing <= 0:
                break
            lowest, highest = _offsets_beyond(run, after, descending=self.descending)
            if lowest <= highest:
                of_run = all_of(own, position_query(run, lowest, highest))
                hits = first(self.day.searcher, of_run, missing, by=OFFSET, order=order).hits
                found += [address for _, address in hits]
        return found


def _offsets_beyond(run: str, after: str | None, *, descending: bool) -> tuple[int, int]:
    """The lowest and the highest offset whose ids come behind an id; crossed when there are none."""
    if after is None:
        return 0, MAX_OFFSET
    offsets = range(MAX_OFFSET + 1)

    def id_of(offset: int) -> str:
        return event_id(run, offset)

    if descending:
        return 0, bisect_left(offsets, after, key=id_of) - 1
    return bisect_right(offsets, after, key=id_of), MAX_OFFSET
