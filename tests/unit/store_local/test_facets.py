"""Are the values of all events those that a look at each of them finds, whatever the field is?"""

from __future__ import annotations

from pathlib import Path

import pytest
from tantivy import Query

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.event import epoch_us
from logboom.store import TimeRange
from logboom.store.local import open_local
from logboom.store.local.facets import facets
from tests.contract.stores import at, document, put

ODD = ("a.b", "c\\d", "e f", "주문", "_g", "h\u0001i", "j:k", '"l"', "m'n")
FIELDS = (
    "log.level", "service.name", "client.ip", "tags", "error.type", "http.response.status_code",
    "attributes.mixed", "attributes.truth", "attributes.none", *(f"attributes.{name}" for name in ODD),
)  # fmt: skip
MIXED = (1, "1", 2.5, True, None, ["x", 7], {"below": 1}, "2026-03-14T09:00:00Z")


@pytest.mark.parametrize(("seconds", "count"), [(None, 8), (5, 5)])
async def test_all_events_have_the_values_that_each_has(
    tmp_path: Path, seconds: int | None, count: int
) -> None:
    section = LocalStoreSection()
    store = open_local(section, Config(data=tmp_path, store=section), SystemClock())
    writer = await store.writer()
    documents = [
        document(
            100 * n,
            at(seconds=n),
            log={"level": "info"},
            client={"ip": f"10.0.0.{n}"},
            http={"response": {"status_code": 200 + n}},
            tags=["a", "b"][: n % 3],
            attributes={"mixed": mixed, "truth": n % 2 == 0, **dict.fromkeys(ODD[: n + 1], "v")},
        )
        for n, mixed in enumerate(MIXED)
    ]
    await put(store, writer, [*documents, document(10_000)])
    times = TimeRange(None, None if seconds is None else epoch_us(at(seconds=seconds)))
    days = store._days.view().days
    for field in FIELDS:
        found = facets(days, None, times, [field], 10, lambda: False)
        assert found == facets(days, Query.all_query(), times, [field], 10, lambda: False), field
    found = facets(days, None, times, ["http.response.status_code", "tags"], 10, lambda: False)
    assert len(found.values["http.response.status_code"]) == count
    assert [one.value for one in found.values["tags"]] == ["a", "b"]
    await writer.close()
    await store.close()
