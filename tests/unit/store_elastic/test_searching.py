"""Pages of Elasticsearch: how much is asked for at once, and what is told of a part of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest

from logboom.elastic.client import Client
from logboom.query.model import MatchAll
from logboom.store import Count, Page, SearchRequest, SortOrder
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.searching import Searcher

WHOLE = {"timed_out": False, "_shards": {"total": 2, "failed": 0}}


class _Events:
    """A server with events of some sizes; they are sorted by their numbers.

    Args:
        sizes: Characters of each.
        about: What its answers say besides.
    """

    def __init__(self, *sizes: int, about: Mapping[str, Any] = WHOLE) -> None:
        self._hits = [
            {
                "_id": f"{number}",
                "_source": {"event": {"id": f"{number}"}, "message": "x" * size},
                "sort": [number, number, f"{number}"],
            }
            for number, size in enumerate(sizes)
        ]
        self._about = about
        self.asked: list[int] = []

    async def query_unread(
        self, _path: str, body: Mapping[str, Any], *, parameters: Mapping[str, Any]
    ) -> bytes:
        assert "preference" in parameters
        self.asked.append(body["size"])
        begin = body["search_after"][0] + 1 if "search_after" in body else 0
        found: dict[str, Any] = {"hits": self._hits[begin : begin + body["size"]]}
        if body["track_total_hits"] is not False:
            found["total"] = {"value": len(self._hits), "relation": "eq"}
        return orjson.dumps({**self._about, "hits": found})


def searcher_of(server: _Events) -> Searcher:
    return Searcher(cast("Client", server), IndexNames("logs-%Y.%m.%d"))


async def pages_of(server: _Events, *, limit: int, max_bytes: int) -> list[Page]:
    """All pages of a search for everything."""
    searcher, pages, cursor = searcher_of(server), list[Page](), None
    while cursor is not None or not pages:
        request = SearchRequest(
            MatchAll(), limit=limit, order=SortOrder.ASC, cursor=cursor, max_bytes=max_bytes
        )
        pages.append(await searcher.page(request))
        cursor = pages[-1].cursor
    return pages


def numbers_of(pages: list[Page]) -> list[list[int]]:
    return [[int(event["event"]["id"]) for event in page.events] for page in pages]


async def test_large_pages_are_asked_for_in_parts() -> None:
    server = _Events(*[1] * 2_500)
    (page,) = await pages_of(server, limit=10_000, max_bytes=10**6)
    assert len(page.events) == 2_500
    assert (page.total, page.cursor, page.partial) == (Count(2_500), None, False)
    assert server.asked == [1_001, 1_001, 1_001]


async def test_a_page_ends_before_its_events_are_too_large() -> None:
    server = _Events(*[400] * 5, 2_000, *[400] * 4)
    pages = await pages_of(server, limit=4, max_bytes=1_500)
    assert numbers_of(pages) == [[0, 1, 2], [3, 4], [5], [6, 7, 8], [9]]
    assert {page.total for page in pages} == {Count(10)}
    assert numbers_of(await pages_of(server, limit=4, max_bytes=1)) == [[n] for n in range(10)]


async def test_a_page_of_nothing_has_the_total_alone() -> None:
    page = await searcher_of(_Events(5, 5)).page(SearchRequest(MatchAll(), limit=0))
    assert (list(page.events), page.total, page.cursor) == ([], Count(2), None)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({**WHOLE, "timed_out": True}, "took too long and was stopped"),
        (
            {
                **WHOLE,
                "_shards": {"total": 2, "failed": 1, "failures": [{"reason": {"reason": "lost"}}]},
            },
            "1 of 2 shards did not answer: more events may match (lost)",
        ),
    ],
)
async def test_a_part_of_an_answer_is_told(about: dict[str, Any], told: str) -> None:
    (page,) = await pages_of(_Events(5, 5, about=about), limit=10, max_bytes=10**6)
    assert (len(page.events), page.partial) == (2, True)
    (warning,) = page.warnings
    assert told in warning
    assert page.lost == page.warnings


async def test_what_is_not_read_is_not_asked_for() -> None:
    asked: list[dict[str, str]] = []

    class _Noting:
        async def query_unread(
            self, _path: str, _body: object, *, parameters: dict[str, str]
        ) -> bytes:
            asked.append(parameters)
            return b"{}"

    searcher = Searcher(cast("Client", _Noting()), IndexNames("logs-%Y.%m.%d"))
    await searcher.ask_unread({})
    await searcher.ask_unread({}, shown="timed_out,_shards")
    assert asked[1] == {**asked[0], "filter_path": "timed_out,_shards"}
