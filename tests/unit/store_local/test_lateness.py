"""What takes too long is answered with what was found by then, the newest days first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tantivy import Query

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.query.model import MatchAll
from logboom.store import Count, TimeRange, open_store
from logboom.store.local.counting import Interval, count, count_all, histogram
from logboom.store.local.days import Days, View
from logboom.store.local.facets import facets
from logboom.store.local.fields import fields
from logboom.store.local.folders import StoreFolder
from logboom.store.local.translate import Translator
from tests.contract.stores import at, document

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
    asked = {"prefix": "service", "size": 10}
    found = fields(view, Translator(), MatchAll(), TimeRange(), **asked, is_late=late_after(30))  # type: ignore[arg-type]
    assert [(one.name, one.events) for one in found.rows] == [("service.name", 4)]
    hurried = fields(view, Translator(), MatchAll(), TimeRange(), **asked, is_late=late_after(0))  # type: ignore[arg-type]
    assert hurried.rows == []
