"""A day that was dropped, or set aside, and came again is not read from the files it had before."""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.query.model import MatchAll, Term
from logboom.store import Count, SearchRequest, Store
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import EVERYTHING, all_ids, opened


async def found(store: Store, service: str) -> list[str]:
    page = await store.search(SearchRequest(Term("service.name", service), limit=1000))
    assert not page.warnings
    return [event["message"] for event in page.events]


@pytest.mark.parametrize("count", [10, 300])
async def test_a_reader_that_asked_nothing_meanwhile_sees_the_new_events(
    tmp_path: Path, count: int
) -> None:
    store, reader = opened(tmp_path), opened(tmp_path)
    writer = await store.writer()
    await writer.write(documents(300))
    await store.refresh()
    assert len(await all_ids(reader)) == 300
    await store.drop_day(DAY)
    new = [document(5_000 + n, message=f"new {n}", service={"name": "late"}) for n in range(count)]
    await writer.write(new)
    await store.refresh()
    assert sorted(await found(reader, "late")) == sorted(f"new {n}" for n in range(count))
    assert await reader.count(MatchAll(), EVERYTHING) == Count(count)
    assert await reader.get(new[0].id) == new[0].event
    await writer.close()
    await store.close()
    await reader.close()


async def test_what_arrives_in_a_day_that_was_restored_is_followed(tmp_path: Path) -> None:
    """Its first bytes are the same, as its events come back in the same order."""
    store, reader = opened(tmp_path), opened(tmp_path)
    writer = await store.writer()
    some = documents(300)
    await writer.write(some)
    place = await reader.arrivals.end()
    await store.drop_day(DAY)
    await writer.write(some)
    await writer.write([document(5_000)])
    arrived = await reader.arrivals.after(place, most=1000, most_waiting=1000)
    assert [one.id for one in arrived.arrivals] == [document(5_000).id]
    await writer.close()
    await store.close()
    await reader.close()
