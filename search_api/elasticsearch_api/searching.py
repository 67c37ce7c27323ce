"""How is a search answered?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from logboom.clock import Clock
from logboom.event import Event, epoch_us
from logboom.query.aside import read_aside
from logboom.query.model import MatchAll, Query
from logboom.store import Count, Page, SearchRequest, Store, TimeRange
from logboom.store.cursors import Cursor
from search_api.elasticsearch_api import indices
from search_api.elasticsearch_api.aggregations import Trees, read_aggregations
from search_api.elasticsearch_api.bodies import as_whole, check_names
from search_api.elasticsearch_api.gaps import shards
from search_api.elasticsearch_api.moments import TIME, split_times
from search_api.elasticsearch_api.ordering import Ordering, ordering_of
from search_api.elasticsearch_api.queries import QueryReader, together
from search_api.elasticsearch_api.refusals import Refused, unsupported
from search_api.elasticsearch_api.sources import Fields, Shown, fields_of, source_of

MAX_WINDOW = 10_000
"""`from` and `size` together."""

_SHAPED_AT_ONCE = 500
"""More hits are shaped in a thread: nobody else waits for that."""

_ANSWERED = frozenset(
    {
        "query", "size", "from", "sort", "search_after", "_source", "fields", "docvalue_fields",
        "track_total_hits", "aggs", "aggregations",
    }
)  # fmt: skip
_WITHOUT_EFFECT = frozenset({"highlight", "timeout", "track_scores", "stats"})
_EMPTY: Mapping[str, object] = {
    "script_fields": {},
    "runtime_mappings": {},
    "stored_fields": ["*"],
    "explain": False,
    "profile": False,
    "version": False,
    "seq_no_primary_term": False,
    "post_filter": None,
    "indices_boost": [],
}
"""What clients send although nothing is asked by it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search, understood."""

    query: Query
    times: TimeRange
    size: int
    start: int
    ordering: Ordering
    after: object
    count_limit: int
    trees: Trees


class Searches:
    """Answers searches.

    Args:
        store: Has the events.
        clock: For times such as ``now-1h``.
        pattern: Of the names of day indices.
    """

    def __init__(self, store: Store, clock: Clock, pattern: str) -> None:
        self._store = store
        self._clock = clock
        self._pattern = pattern

    async def search(
        self, expression: str, body: Mapping[str, Any], *, lenient: bool, most: int = MAX_WINDOW
    ) -> dict[str, Any]:
        """The answer to one search.

        Args:
            expression: Names of indices.
            body: Of the request.
            lenient: Indices that there are not are no error.
            most: Hits that may be asked for.

        Raises:
            Refused, QueryError: It cannot be answered.
            StoreUnavailable: Ask again later.
        """
        begun = self._clock.monotonic()
        count, of_days = await self._days(expression, lenient=lenient)
        asked = await read_aside(lambda: self._understood(body, of_days))
        if asked.size > most:
            raise Refused(
                f"the searches of one _msearch have at most {MAX_WINDOW} hits together, and "
                f"{most} are left for this one; send it by itself"
            )
        source = source_of(body.get("_source"))
        fields = fields_of(body.get("fields"), body.get("docvalue_fields"))
        page = await self._page(asked)
        trees = await asked.trees.answered(self._store, asked.query, asked.times)
        if len(page.events) > _SHAPED_AT_ONCE:
            shaped = await asyncio.to_thread(self._shaped, page, asked, source, fields)
        else:
            shaped = self._shaped(page, asked, source, fields)
        hits: dict[str, Any] = {"max_score": None, "hits": shaped}
        if body.get("track_total_hits") is not False:
            hits["total"] = _total(page.total)
        answer: dict[str, Any] = {
            "took": round((self._clock.monotonic() - begun) * 1000),
            "timed_out": page.partial or not trees.complete,
            "_shards": shards(count, trees.lacking),
            "hits": hits,
        }
        return answer | ({"aggregations": trees.answers} if asked.trees.wanted else {})

    async def count(
        self, expression: str, body: Mapping[str, Any], *, lenient: bool
    ) -> dict[str, Any]:
        """How many events match; arguments and errors as for `search`."""
        check_names(body, {"query"}, "a count")
        count, of_days = await self._days(expression, lenient=lenient)
        asked = await read_aside(lambda: self._understood(body, of_days))
        found = await self._store.count(asked.query, asked.times)
        return {"count": found.value, "_shards": shards(count)}

    async def _days(self, expression: str, *, lenient: bool) -> tuple[int, Query]:
        """How many indices are meant, and the query that leaves their days."""
        if indices.is_everything(expression, self._pattern):
            return (
                1,
                MatchAll(),
            )  # which days there are, with their sizes, takes a look at each of them
        days = await self._store.days()
        meant = indices.chosen(days, expression, lenient=lenient)
        return len(meant), indices.within(meant, days)

    def _understood(self, body: Mapping[str, Any], of_days: Query) -> _Asked:
        _check(body)
        now_ns = self._clock.now_ns()
        reader = QueryReader(now_ns)
        wanted = body.get("query")
        query = together([of_days, *([] if wanted is None else [reader.read(wanted)])])
        rest, times = split_times(query)
        size = as_whole(body.get("size", 10), "size", least=0, most=MAX_WINDOW)
        start = as_whole(body.get("from", 0), "from", least=0, most=MAX_WINDOW)
        if size + start > MAX_WINDOW:
            raise Refused(
                f"from and size are {size + start} together, and {MAX_WINDOW} is the limit; "
                "go on with search_after"
            )
        aggregations = body.get("aggs", body.get("aggregations")) or {}
        return _Asked(
            query=rest,
            times=times,
            size=size,
            start=start,
            ordering=ordering_of(body.get("sort")),
            after=body.get("search_after"),
            count_limit=_count_limit(body.get("track_total_hits", 10_000)),
            trees=read_aggregations(aggregations, reader, now_ns=now_ns),
        )

    async def _page(self, asked: _Asked) -> Page:
        request = SearchRequest(
            asked.query, asked.times, asked.start + asked.size, asked.ordering.order,
            count_limit=asked.count_limit,
        )  # fmt: skip
        if asked.after is None:
            return _whole(await self._store.search(request), request.limit)
        if asked.start:
            raise Refused("from must be 0 where search_after is given")
        total = await self._store.count(asked.query, asked.times)
        now_ns = self._clock.now_ns()
        rest, place = await read_aside(
            lambda: asked.ordering.after(asked.after, asked.times, now_ns=now_ns)
        )
        behind = SearchRequest(asked.query, rest, asked.size, asked.ordering.order)
        if place is not None:
            cursor = Cursor((place.time_us, place.event_id), total).text(behind)
            behind = SearchRequest(
                asked.query, rest, asked.size, asked.ordering.order, cursor=cursor
            )
        page = _whole(await self._store.search(behind), behind.limit)
        return Page(page.events, total, page.cursor, page.partial, page.warnings)

    def _shaped(
        self, page: Page, asked: _Asked, source: Shown, fields: Fields
    ) -> list[dict[str, Any]]:
        hits = []
        for event in page.events[asked.start :]:
            hit = self.hit(event, source)
            found = fields(event)
            if found:
                hit["fields"] = found
            if asked.ordering.keys:
                hit["sort"] = asked.ordering.values(event)
            hits.append(hit)
        return hits

    def hit(self, event: Event, source: Shown) -> dict[str, Any]:
        """An event as a hit."""
        shown = source(event)
        index = indices.name_of(epoch_us(event[TIME]), self._pattern)
        hit: dict[str, Any] = {"_index": index, "_id": event["event"]["id"], "_score": None}
        return hit if shown is None else hit | {"_source": shown}


def _whole(page: Page, wanted: int) -> Page:
    """The page, if it has all that was asked for: clients take a short one for the last.

    Raises:
        Refused: Its events are too large for that.
    """
    if len(page.events) < wanted and page.cursor is not None and not page.partial:
        raise Refused(
            f"{wanted} of these events are too large for one answer; ask for a size of"
            f" {len(page.events)} or less, and go on with search_after"
        )
    return page


def _check(body: Mapping[str, Any]) -> None:
    """Sees that all that is asked for can be done.

    Raises:
        Refused: Something cannot.
    """
    for name, value in body.items():
        if name in _ANSWERED or name in _WITHOUT_EFFECT:
            continue
        if name in _EMPTY and value == _EMPTY[name]:
            continue
        raise unsupported(f"{name!r} in a search")


def _count_limit(wanted: object) -> int:
    if wanted is True or wanted == "true":
        return 2**62
    if wanted is False or wanted == "false":
        return 0
    return as_whole(wanted, "track_total_hits", least=0, most=2**31 - 1)


def _total(total: Count) -> dict[str, Any]:
    return {"value": total.value, "relation": "eq" if total.exact else "gte"}
