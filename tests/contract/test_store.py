"""What every store must do besides: be empty, list its days, say how it is, be closed."""

from __future__ import annotations

from datetime import timedelta

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import event_id
from logboom.query.model import MatchAll, Term
from logboom.store import Count, SearchRequest, Store, StoreWriter, TimeRange, open_store
from tests.contract.stores import DAY, MINUTE_US, RUN, at, document, put


async def test_an_empty_store_answers(store: Store, writer: StoreWriter) -> None:
    page = await store.search(SearchRequest(MatchAll()))
    assert (list(page.events), page.total, page.cursor) == ([], Count(0), None)
    assert await store.count(Term("message", "x"), TimeRange()) == Count(0)
    assert await store.get(event_id(RUN, 0)) is None
    assert await store.get("no such id") is None
    assert list(await store.days()) == []
    assert list(await store.count_by_source()) == []
    histogram = await store.histogram(MatchAll(), TimeRange(), interval_us=MINUTE_US, by=None)
    assert list(histogram.buckets) == []


async def test_the_days_are_listed_with_what_they_hold(
    store: Store, writer: StoreWriter, unique: str
) -> None:
    await put(store, writer, [document(0), document(100, at(days=2)), document(200, at(days=2))])
    days = await store.days()
    assert [(day.day, day.name, day.documents) for day in days] == [
        (DAY, f"{unique}-2026.03.14", 1),
        (DAY + timedelta(days=2), f"{unique}-2026.03.16", 2),
    ]
    assert all(day.size_bytes > 0 for day in days)


async def test_the_store_says_how_it_is(store: Store, writer: StoreWriter) -> None:
    assert await store.check()
    await store.reach()
    assert store.kind in {"local", "elasticsearch"}
    assert store.address


async def test_closing_twice_does_no_harm(config: Config) -> None:
    store = await open_store(config, clock=SystemClock())
    writer = await store.writer()
    await writer.write([document()])
    await writer.close()
    await writer.close()
    await store.close()
    await store.close()
