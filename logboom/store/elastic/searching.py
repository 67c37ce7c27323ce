"""Which events are on a page, and where does the next one begin?"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from logboom.elastic.client import Client
from logboom.errors import StoreUnavailable
from logboom.event import Event
from logboom.store.elastic.cursors import Cursor, read_cursor
from logboom.store.elastic.full_days import FullDays
from logboom.store.elastic.hits import Found, Hit, joined, read_found, read_hit
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.spelling import without_spelling
from logboom.store.elastic.times import NANOS, TIME
from logboom.store.elastic.translate import asked
from logboom.store.stored_events import StoredEvents
from logboom.store.values import Count, Page, SearchRequest, SortOrder

ANY_INDEX: Mapping[str, str] = {"ignore_unavailable": "true", "allow_no_indices": "true"}
"""No index, or a closed one, is no error."""

PATIENCE = "30s"
"""After so long Elasticsearch answers with what it has found so far, when no user waits for it."""

_AT_ONCE = 1_001
"""Events in one answer, since they may be large: a page of a thousand, and whether there is another."""

_READ_AT_ONCE_BYTES = 2 * 2**20

_ID = "event.id"

Read = TypeVar("Read")


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
        self.full_days = FullDays(client, names, self.ask)
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
        hits: Sequence[Hit] = ()
        warnings: list[str] = []
        lacking: list[str] = []
        received = 0
        while True:
            wanted = request.limit + 1 - len(hits)  # one more tells whether there is another page
            body |= {
                "size": min(wanted, _AT_ONCE),
                "track_total_hits": max(1, request.count_limit) if total is None else False,
            }
            if after is not None:
                body["search_after"] = after
            find = self._find(body)
            if total is None:
                (answer, size), lacking = await self.full_days.beside(
                    find, request.query, request.times
                )
            else:
                answer, size = await find
            received += size
            warnings += [one for one in _warnings(answer) if one not in warnings]
            if total is None:
                total = _total(answer.total, request, is_whole=not (lacking or warnings))
            hits = [*hits, *answer.hits] if hits else answer.hits
            fit = hits if received <= request.max_bytes else _that_fit(hits, request.max_bytes)
            is_last = len(answer.hits) < body["size"]
            if is_last or len(hits) > request.limit or len(fit) < len(hits):
                break
            after = hits[-1].place()
        shown = fit[: request.limit]
        more = len(hits) > len(shown)
        return _page(request, shown, total, warnings, lacking=lacking, more=more)

    async def get(self, event_id: str) -> Event | None:
        """One event by its id, of the latest day that has it, or None.

        Raises:
            StoreUnavailable: It is in none of the days that have answered, and there are others.
        """
        body = {
            "query": {"ids": {"values": [event_id]}},
            "sort": _sort(SortOrder.DESC),
            "size": 1,
            "track_total_hits": False,
        }
        answer = await self.ask(body)
        hits = answer["hits"]["hits"]
        if not hits and (missing := warnings_of(answer)):
            raise StoreUnavailable("; ".join(missing), where=self._client.address)
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

    async def ask_unread(self, body: dict[str, Any], *, shown: str | None = None) -> bytes:
        """As `ask`, with the answer as it came.

        Args:
            body: The search.
            shown: Which parts of the answer are wanted, as `filter_path` has it; None: all.
        """
        parameters = self.parameters if shown is None else {**self.parameters, "filter_path": shown}
        return await self._client.query_unread(self._path, body, parameters=parameters)

    async def _find(self, body: dict[str, Any]) -> tuple[Found, int]:
        """As `ask`; events are not looked into. Tells the bytes of the answer, too."""
        content = await self.ask_unread(body)
        found = await read_in_time(content, partial(read_found, most=body["size"]))
        return found, len(content)


async def read_in_time(content: bytes, read: Callable[[bytes], Read]) -> Read:
    """What an answer says; a large one is read in a thread, so that others are answered meanwhile."""
    if len(content) <= _READ_AT_ONCE_BYTES:
        return read(content)
    return await asyncio.to_thread(read, content)


def _warnings(answer: Found) -> list[str]:
    return warnings_of({"timed_out": answer.timed_out, "_shards": answer.shards})


def warnings_of(answer: Mapping[str, Any]) -> list[str]:
    """What is missing from an answer, one sentence each; empty when it is whole."""
    warnings: list[str] = []
    if answer.get("timed_out"):
        warnings.append("the search took too long and was stopped: there may be more matches")
    shards = answer["_shards"]
    if shards["failed"]:
        reasons = {_reason(one.get("reason", {})) for one in shards.get("failures", ())}
        warnings.append(
            f"{shards['failed']} of {shards['total']} shards did not answer: more events may match"
            f" ({'; '.join(sorted(reasons))})"
        )
    return warnings


def _reason(failure: Mapping[str, Any]) -> str:
    return str(failure.get("reason") or failure.get("type") or "no reason given")


def label_of(bucket: Mapping[str, Any]) -> str:
    """The value that the events of a bucket share, as text."""
    text = bucket.get("key_as_string")
    return str(bucket["key"] if text is None else text)


def _sort(order: SortOrder) -> list[dict[str, Any]]:
    types = ((TIME, "date"), (NANOS, "date_nanos"), (_ID, "keyword"))
    return [{name: {"order": order.value, "unmapped_type": kind}} for name, kind in types]


def _total(total: Mapping[str, Any], request: SearchRequest, *, is_whole: bool) -> Count:
    counted = total["relation"] == "eq" and total["value"] <= request.count_limit
    if counted:
        return Count(total["value"], exact=is_whole)
    return Count(request.count_limit, exact=False)


def _that_fit(hits: Sequence[Hit], max_bytes: int) -> Sequence[Hit]:
    """The first hits that are not larger together; one at least."""
    size = 0
    for number, hit in enumerate(hits):
        size += len(hit.text)
        if size > max_bytes and number:
            return hits[:number]
    return hits


def _page(
    request: SearchRequest, shown: Sequence[Hit], total: Count, warnings: Sequence[str], *,
    lacking: Sequence[str], more: bool,
) -> Page:  # fmt: skip
    lost = (*warnings, *lacking)  # each part may have left out any of its events
    return Page(
        events=StoredEvents(shown, attrgetter("text"), read_hit, joined),
        total=total,
        cursor=Cursor(shown[-1].place(), total).text(request) if more and shown else None,
        partial=bool(warnings),
        warnings=lost,
        lost=lost,
    )
