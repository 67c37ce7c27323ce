"""What takes too long is answered with what was found by then, the newest days first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tantivy import Query

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Term
from logboom.store import Count, SearchRequest, SortOrder, TimeRange, open_store
from logboom.store.divisions import Interval
from logboom.store.local import looking
from logboom.store.local.counting import count, count_all, histogram
from logboom.store.local.days import Days, View
from logboom.store.local.facets import facets
from logboom.store.local.fields import fields
from logboom.store.local.folders import StoreFolder
from logboom.store.local.looking import search_page
from logboom.store.local.translate import Translator
from tests.contract.stores import at, document, ids, put
from tests.unit.store_local.samples import DAY
from tests.unit.store_local.samples import document as sample
from tests.unit.store_local.stores import write_and_close

DAY_US = 86_400_000_000
EVERYTHING = Query.all_query()


@pytest.fixture
async def view(tmp_path: Path) -> AsyncIterator[View]:
    config = Config(data=tmp_path)
    store = await open_store(config, clock=SystemClock())
    writer = await store.writer()
    await writer.write(
        [document(n, at(days=n), service={"name": "s"}) for n in range(4) for _ in range(1)]
    )
    await store.refresh()
    days = Days(StoreFolder(tmp_path / "store", config.index))
    yield days.view()
    days.close()
    await writer.close()
    await store.close()


def nothing(_label: str) -> Query:
    return Query.empty_query()


def late_after(looks: int) -> Callable[[], bool]:
    """Says that it is late from some call on."""
    left = [looks]

    def is_late() -> bool:
        left[0] -= 1
        return left[0] < 0

    return is_late


def test_counts_say_that_there_are_at_least_so_many(view: View) -> None:
    assert count(view.days, EVERYTHING, TimeRange(), late_after(2)) == Count(2, exact=False)
    assert count(view.days, EVERYTHING, TimeRange(), late_after(4)) == Count(4)
    assert count_all(view.days, TimeRange(), late_after(0)) == Count(4)


def test_a_histogram_has_the_newest_days(view: View) -> None:
    found = histogram(
        view.days, EVERYTHING, TimeRange(), Interval(DAY_US, None, 1), late_after(2), nothing
    )
    assert (sum(one.count for one in found.buckets), found.partial) == (2, True)
    assert found.buckets[-1].start_us == view.days[-1].start_us
    whole = histogram(
        view.days, EVERYTHING, TimeRange(), Interval(DAY_US, None, 1), late_after(4), nothing
    )
    assert (sum(one.count for one in whole.buckets), whole.partial) == (4, False)
    split = Interval(DAY_US, "service.name", 1)
    found = histogram(view.days, EVERYTHING, TimeRange(), split, late_after(6), nothing)
    assert [dict(one.by) for one in found.buckets] == [{"s": 1}, {"s": 1}]


def test_facets_are_those_of_the_newest_days(view: View) -> None:
    found = facets(view.days, EVERYTHING, TimeRange(), ["service.name"], 10, late_after(3))
    assert (found.values["service.name"][0].count, found.complete) == (3, False)


def test_fields_are_told_by_the_sample(view: View) -> None:
    asked = {"prefix": "service", "size": 10, "is_half_over": late_after(4)}
    found = fields(view, Translator(), MatchAll(), TimeRange(), **asked, is_late=late_after(30))  # type: ignore[arg-type]
    assert [(one.name, one.events) for one in found.rows] == [("service.name", 4)]
    assert (found.total, found.complete) == (4, True)
    asked["is_half_over"] = late_after(2)
    half = fields(view, Translator(), MatchAll(), TimeRange(), **asked, is_late=late_after(0))  # type: ignore[arg-type]
    assert [(one.name, one.events) for one in half.rows] == [("service.name", 2)]
    assert (half.total, half.sampled, half.complete) == (2, 1, False)
    asked["is_half_over"] = late_after(0)
    hurried = fields(view, Translator(), MatchAll(), TimeRange(), **asked, is_late=late_after(0))  # type: ignore[arg-type]
    assert (hurried.rows, hurried.complete) == ([], False)


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("wanted", [range(40), (3, 17), (0,), ()])
@pytest.mark.parametrize("some_days", [False, True])
async def test_pages_that_were_stopped_lead_to_every_event(
    tmp_path: Path, order: SortOrder, wanted: Sequence[int], some_days: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(looking, "_FIRST_EVENTS", 2)
    some = [
        document(
            n, at(days=n // 10, seconds=n // 2), log={"level": "error" if n in wanted else "info"},
            day=date(2026, 3, 20) if n % 10 == 7 else None,
        )
        for n in range(40)
    ]  # fmt: skip
    store = await open_store(Config(data=tmp_path), clock=SystemClock())
    writer = await store.writer()
    await put(store, writer, some)
    days = Days(StoreFolder(tmp_path / "store", Config(data=tmp_path).index))
    query = Term("log.level", "error")
    ends = at(days=1, seconds=5), at(days=3, seconds=18)
    times = TimeRange(*map(epoch_us, ends)) if some_days else TimeRange()
    request = SearchRequest(query, times, limit=3, order=order, count_limit=1)
    seen: list[str] = []
    empty = 0
    while True:
        page = search_page(days.view(), Translator().translate(query), request, lambda: True)
        seen += [event["event"]["id"] for event in page.events]
        empty += not page.events
        assert list(page.lost) == []
        if page.cursor is None:
            break
        request = replace(request, cursor=page.cursor)
    ranked = sorted((some[n] for n in wanted), key=lambda one: (one.event["@timestamp"], one.id))
    if some_days:
        ranked = [one for one in ranked if ends[0] <= one.event["@timestamp"] < ends[1]]
    assert seen == ids(ranked if order is SortOrder.ASC else ranked[::-1])
    assert empty > 3 or len(wanted) == 40
    days.close()
    await writer.close()
    await store.close()


async def test_a_page_full_of_what_lies_behind_where_it_was_stopped_leads_on(
    tmp_path: Path,
) -> None:
    new = [sample(number, day=DAY + timedelta(days=5)) for number in range(200)]
    old: dict[str, Any] = {"message": "needle " + "x" * 500}
    strays = [
        sample(10_000 + n, **(old | {"@timestamp": f"2025-01-01T00:00:{n:02d}Z"}))
        for n in range(20)
    ]
    await write_and_close(tmp_path, new + strays)
    days = Days(StoreFolder(tmp_path / "store", "logs-%Y.%m.%d"))
    query = Term("message", "needle")
    found: list[str] = []
    request = SearchRequest(query, limit=10, max_bytes=2_000)
    for _ in range(20):
        page = search_page(days.view(), Translator().translate(query), request, lambda: True)
        found += [event["event"]["id"] for event in page.events]
        if page.cursor is None:
            break
        request = replace(request, cursor=page.cursor)
    days.close()
    assert found == [one.id for one in strays[::-1]]
