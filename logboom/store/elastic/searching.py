"""Which events are on a page, and where does the next one begin?"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from logboom.event import Event
from logboom.store.elastic.client import Client
from logboom.store.elastic.cursors import Cursor, read_cursor
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.spelling import without_spelling
from logboom.store.elastic.times import NANOS, TIME
from logboom.store.elastic.translate import asked
from logboom.store.values import Count, Page, SearchRequest, SortOrder

ANY_INDEX: Mapping[str, str] = {"ignore_unavailable": "true", "allow_no_indices": "true"}
"""No index, or a closed one, is no error."""

PATIENCE = "30s"
"""After so long Elasticsearch answers with what it has found so far, when no user waits for it."""

_AT_ONCE = 2_000  # events in one answer: more could be too large to hold
_ID = "event.id"


class Searcher:
    """Asks Elasticsearch for events.

    Args:
        client: The way to it.
        names: Of the day indices.
        patience: After so long it answers with what it has found so far, in Elasticsearch's words.
    """

    def __init__(self, client: Client, names: IndexNames, patience: str = PATIENCE) -> None:
        self.patience = patience
        # The same copies of all shards each time: what was seen once is seen again (docs/adr/0020).
        self.parameters = {**ANY_INDEX, "preference": f"logboom-{secrets.token_hex(4)}"}
        self._client = client
        self._path = f"/{names.path}/_search"

    async def page(self, request: SearchRequest) -> Page:
        """One page of an answer; see `Store.search`.

        Raises:
            QueryError: The query or the cursor cannot be used.
            StoreUnavailable: Ask again later.
        """
        cursor = read_cursor(request)
        body: dict[str, Any] = {
            "query": asked(request.query, request.times),
            "sort": _sort(request.order),
            "timeout": self.patience,
        }
        after = None if cursor is None else cursor.after
        total = None if cursor is None else cursor.total
        hits: list[dict[str, Any]] = []
        warnings: list[str] = []
        while True:
            wanted = request.limit + 1 - len(hits)  # one more tells whether there is another page
            body |= {
                "size": min(wanted, _AT_ONCE),
                "track_total_hits": max(1, request.count_limit) if total is None else False,
            }
            if after is not None:
                body["search_after"] = after
            answer = await self.ask(body)
            warnings += [one for one in warnings_of(answer) if one not in warnings]
            total = _total(answer, request) if total is None else total
            found = answer["hits"]["hits"]
            hits += found
            if len(found) < body["size"] or len(hits) > request.limit:
                break
            after = hits[-1]["sort"]
        return _page(request, hits, total, warnings)

    async def get(self, event_id: str) -> Event | None:
        """One event by its id, of the latest day that has it, or None."""
        body = {
            "query": {"ids": {"values": [event_id]}},
            "sort": _sort(SortOrder.DESC),
            "size": 1,
            "track_total_hits": False,
        }
        hits = (await self.ask(body))["hits"]["hits"]
        return without_spelling(hits[0]["_source"]) if hits else None

    async def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """One search over all day indices.

        Raises:
            QueryError: Elasticsearch cannot use the query.
            StoreUnavailable: Ask again later.
        """
        answer: dict[str, Any] = await self._client.query(
            self._path, body, parameters=self.parameters
        )
        return answer


def warnings_of(answer: Mapping[str, Any]) -> list[str]:
    """What is missing from an answer, one sentence each; empty when it is whole."""
    warnings: list[str] = []
    if answer.get("timed_out"):
        warnings.append("the search took too long and was stopped: there may be more matches")
    shards = answer["_shards"]
    if shards["failed"]:
        reasons = {
            str(one.get("reason", {}).get("reason", "no reason given"))
            for one in shards.get("failures", ())
        }
        warnings.append(
            f"{shards['failed']} of {shards['total']} shards did not answer: more events may match"
            f" ({'; '.join(sorted(reasons))})"
        )
    return warnings


def label_of(bucket: Mapping[str, Any]) -> str:
    """The value that the events of a bucket share, as text."""
    return str(bucket.get("key_as_string", bucket["key"]))


def _sort(order: SortOrder) -> list[dict[str, Any]]:
    types = ((TIME, "date"), (NANOS, "date_nanos"), (_ID, "keyword"))
    return [{name: {"order": order.value, "unmapped_type": kind}} for name, kind in types]


def _total(answer: Mapping[str, Any], request: SearchRequest) -> Count:
    total = answer["hits"]["total"]
    exact = total["relation"] == "eq" and total["value"] <= request.count_limit
    return Count(total["value"]) if exact else Count(request.count_limit, exact=False)


def _page(
    request: SearchRequest, hits: Sequence[dict[str, Any]], total: Count, warnings: Sequence[str]
) -> Page:
    shown = hits[: request.limit]
    more = len(hits) > request.limit and shown
    return Page(
        events=[without_spelling(hit["_source"]) for hit in shown],
        total=total,
        cursor=Cursor(shown[-1]["sort"], total).text(request) if more else None,
        partial=bool(warnings),
        warnings=tuple(warnings),
        lost=tuple(warnings),  # each part may have left out any of its events
    )
