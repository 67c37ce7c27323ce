"""Are pages and totals the same, through however much time each search looks?"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tantivy import Query as IndexQuery

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.event import encode_event
from logboom.query.model import MatchAll, Query, Term
from logboom.store import Count, Document, SearchRequest, SortOrder, TimeRange
from logboom.store.local import LocalStore, looking, open_local, paging
from logboom.store.local.days import View
from logboom.store.local.looking import search_page
from tests.contract.stores import at, document, ids, put, read_all

SIZES = (1, 2, 31, 32, 33, 34, 60, 3)
"""Of the instants: around the number of hits that a search asks for beyond those it needs."""


def documents() -> list[Document]:
    """Events of two days that share instants, some of them rare."""
    made: list[Document] = []
    dice = random.Random(1)
    for day in range(2):
        for number, size in enumerate(SIZES):
            moment = at(days=day, seconds=number * 100)
            for _ in range(size):
                level = "error" if dice.random() < 0.1 else "info"
                made.append(document(100 * len(made), moment, log={"level": level}))
    return made


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    section = LocalStoreSection()
    opened = open_local(section, Config(data=tmp_path, store=section), SystemClock())
    writer = await opened.writer()
    await put(opened, writer, documents())
    yield opened
    await writer.close()
    await opened.close()


def wanted(query: Query) -> list[Document]:
    if isinstance(query, MatchAll):
        return documents()
    return [one for one in documents() if one.event["log"]["level"] == "error"]


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("events_at_once", [1, 20, 65_536])
async def test_pages_are_the_same_through_windows_of_any_length(
    store: LocalStore, order: SortOrder, events_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_first_events", lambda *_, **__: events_at_once)
    for query in (MatchAll(), Term("log.level", "error")):
        ranked = sorted(wanted(query), key=lambda one: (one.event["@timestamp"], one.id))
        expected = ids(ranked if order is SortOrder.ASC else ranked[::-1])
        for limit in (1, 2, 35, 100, 1000):
            seen = await read_all(store, query, limit=limit, order=order, times=TimeRange())
            assert seen == expected


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("loaded_at_once", [1, 7, 256])
async def test_pages_of_few_bytes_lead_to_every_event(
    store: LocalStore, order: SortOrder, loaded_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "_LOADED_AT_ONCE", loaded_at_once)
    for query in (MatchAll(), Term("log.level", "error")):
        ranked = sorted(wanted(query), key=lambda one: (one.event["@timestamp"], one.id))
        expected = ids(ranked if order is SortOrder.ASC else ranked[::-1])
        for most in (5_000, 40_000):
            seen: list[str] = []
            cursor: str | None = None
            while cursor is not None or not seen:
                request = SearchRequest(query, TimeRange(), 90, order, cursor, max_bytes=most)
                page = await store.search(request)
                assert 0 < sum(len(encode_event(one)) for one in page.events) <= most
                seen += [one["event"]["id"] for one in page.events]
                cursor = page.cursor
            assert seen == expected


@pytest.mark.parametrize("events_at_once", [1, 20, 65_536])
async def test_totals_are_the_same_through_windows_of_any_length(
    store: LocalStore, events_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_first_events", lambda *_, **__: events_at_once)
    for query in (MatchAll(), Term("log.level", "error")):
        total = len(wanted(query))
        for most in (1, 7, total - 1, total, total + 1):
            request = SearchRequest(query, TimeRange(), limit=3, count_limit=most)
            found = await store.search(request)
            assert found.total == Count(min(most, total), exact=total <= most)


async def test_a_search_that_finds_nothing_goes_through_years_of_days(tmp_path: Path) -> None:
    section = LocalStoreSection()
    store = open_local(section, Config(data=tmp_path, store=section), SystemClock())
    writer = await store.writer()
    await put(store, writer, [document(n, at(days=n)) for n in range(2)])
    view = store._days.view()
    years = View(view.days * 200, view.warnings)
    page = search_page(
        years, IndexQuery.empty_query(), SearchRequest(Term("log.level", "none")), lambda: False
    )
    assert (page.events, page.total) == ([], Count(0))
    await writer.close()
    await store.close()
