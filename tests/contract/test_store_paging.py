"""Events come in order, on pages, within times, with totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from logboom.errors import QueryError
from logboom.event import encode_event, epoch_us
from logboom.query.model import MatchAll, Term
from logboom.store import Count, Document, SearchRequest, SortOrder, Store, StoreWriter, TimeRange
from tests.contract.stores import DAY, RUN, at, document, found, ids, put, read_all, tied


def in_order(documents: Sequence[Document], order: SortOrder) -> list[str]:
    ranked = sorted(documents, key=lambda one: (one.event["@timestamp"], one.id))
    return ids(ranked if order is SortOrder.ASC else ranked[::-1])


LIMITS = (1, 4, 7, 59, 60, 1000)


@pytest.mark.parametrize("order", SortOrder)
async def test_pages_follow_each_other_without_loss_or_double(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    await put(store, writer, documents[::-1])
    everything = TimeRange()
    some = Term("log.source", RUN)
    wanted = [one for one in documents if one.event["log"]["source"] == RUN]
    for limit in LIMITS:
        seen = await read_all(store, MatchAll(), limit=limit, order=order, times=everything)
        assert seen == in_order(documents, order)
        seen = await read_all(store, some, limit=limit, order=order, times=everything)
        assert seen == in_order(wanted, order)


@pytest.mark.parametrize("order", SortOrder)
async def test_a_page_ends_before_it_is_too_large(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    strays = [document(50_000 + n, at(days=2), day=DAY) for n in range(3)]
    await put(store, writer, [*documents, *strays])
    sizes = {one.id: len(encode_event(one.event)) for one in (*documents, *strays)}
    most = 3 * max(sizes.values())
    seen: list[str] = []
    cursor: str | None = None
    while True:
        request = SearchRequest(MatchAll(), TimeRange(), 1000, order, cursor, max_bytes=most)
        page = await store.search(request)
        some = [event["event"]["id"] for event in page.events]
        assert sum(sizes[one] for one in some) <= most + 3 * max(sizes.values())  # strays, too
        assert (page.total, page.partial) == (Count(63), False)
        seen += some
        cursor = page.cursor
        if cursor is None:
            break
        assert some
    assert seen == in_order([*documents, *strays], order)
    tiny = SearchRequest(MatchAll(), TimeRange(), 1000, order, max_bytes=1)
    page = await store.search(tiny)
    assert [event["event"]["id"] for event in page.events] == seen[:1]
    assert page.cursor is not None


@pytest.mark.parametrize("order", SortOrder)
async def test_pages_stay_stable_while_events_arrive(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    await put(store, writer, documents)
    seen: list[str] = []
    cursor: str | None = None
    for arrival in range(60):
        page = await store.search(SearchRequest(MatchAll(), TimeRange(), 7, order, cursor))
        seen += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            break
        new = document(10_000 + arrival, at(days=arrival % 5, milliseconds=arrival % 3))
        await put(store, writer, [new])
    assert len(seen) == len(set(seen))
    old = set(ids(documents))
    assert [one for one in seen if one in old] == in_order(documents, order)


@pytest.mark.parametrize("order", SortOrder)
async def test_a_range_of_times_begins_with_its_start_and_ends_before_its_end(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    await put(store, writer, documents)
    times = sorted({one.event["@timestamp"] for one in documents})
    for start in (None, times[0], times[3], times[-1]):
        for end in (None, times[0], times[5], times[-1]):
            wanted = [
                one
                for one in documents
                if (start is None or start <= one.event["@timestamp"])
                and (end is None or one.event["@timestamp"] < end)
            ]
            asked = TimeRange(
                None if start is None else epoch_us(start), None if end is None else epoch_us(end)
            )
            assert await found(store, MatchAll(), order=order, times=asked) == in_order(
                wanted, order
            )
            assert await store.count(MatchAll(), asked) == Count(len(wanted))


@pytest.mark.parametrize("order", SortOrder)
async def test_an_event_that_is_indexed_under_another_day_is_found_at_its_own_time(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = [
        *tied(),
        document(50_000, "2031-01-01T00:00:00.000Z", day=DAY),
        document(50_100, "1999-12-31T23:59:59.999Z", day=DAY),
        document(50_200, at(days=2, seconds=5), day=DAY),
        document(50_300, at(days=2, seconds=5), day=DAY + timedelta(days=4)),
    ]
    await put(store, writer, documents)
    seen = await read_all(store, MatchAll(), limit=5, order=order, times=TimeRange())
    assert seen == in_order(documents, order)
    old = TimeRange(end_us=epoch_us("2000-01-01T00:00:00Z"))
    assert await found(store, MatchAll(), times=old) == [documents[-3].id]
    assert await store.count(MatchAll(), old) == Count(1)


async def test_totals_are_exact_up_to_the_limit_asked_for(
    store: Store, writer: StoreWriter
) -> None:
    documents = tied()
    await put(store, writer, documents)
    for limit in (0, 3, 100):
        request = SearchRequest(MatchAll(), limit=limit, count_limit=60)
        assert (await store.search(request)).total == Count(60)
    page = await store.search(SearchRequest(MatchAll(), limit=2, count_limit=59))
    assert page.total.exact is False
    assert 59 <= page.total.value <= 60
    assert page.cursor is not None
    following = SearchRequest(MatchAll(), limit=2, count_limit=59, cursor=page.cursor)
    assert (await store.search(following)).total.value >= 59


async def test_a_limit_of_zero_gives_the_total_alone(store: Store, writer: StoreWriter) -> None:
    await put(store, writer, tied())
    page = await store.search(SearchRequest(MatchAll(), limit=0))
    assert (list(page.events), page.total, page.cursor) == ([], Count(60), None)


async def test_a_cursor_that_is_none_of_ours_is_refused(store: Store, writer: StoreWriter) -> None:
    await put(store, writer, tied())
    for cursor in ("", "x", "!!", "bnVsbA", "WzEsMl0", "e30"):
        with pytest.raises(QueryError, match="cursor"):
            await store.search(SearchRequest(MatchAll(), cursor=cursor))
