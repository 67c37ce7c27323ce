"""Are thousands of events of one instant all found, each once, in order?"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.event import epoch_us, event_id, source_run
from logboom.query.model import MatchAll
from logboom.store import Document, SearchRequest, SortOrder
from logboom.store.local import LocalStore
from tests.unit.store_local.samples import DAY, document
from tests.unit.store_local.stores import EVERYTHING, opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    one = opened(tmp_path)
    yield one
    await one.close()


@pytest.mark.parametrize("order", SortOrder)
async def test_thousands_of_events_of_one_instant_are_paged_through_in_the_order_of_ids(
    store: LocalStore, order: SortOrder
) -> None:
    runs = [source_run("instant", number) for number in range(5)]
    time = f"{DAY}T12:00:00Z"
    some = [at_instant(runs[n % 5], 1000 * n, time) for n in range(3000)]
    some += [at_instant(runs[0], 10_000_000 + n, time, foreign=f"{n}-x") for n in range(20)]
    some += [at_instant(runs[1], 20_000_000 + n, time, foreign=runs[1] + "5" * n) for n in range(9)]
    some += [at_instant(runs[2], 30_000_000, f"{DAY}T11:59:59.999Z")]
    some += [at_instant(runs[2], 40_000_000, f"{DAY}T12:00:00.001Z")]
    random.Random(5).shuffle(some)
    writer = await store.writer()
    await writer.write(some)
    await store.refresh()
    ids: list[str] = []
    cursor: str | None = None
    while True:
        request = SearchRequest(MatchAll(), EVERYTHING, 270, order, cursor)
        page = await store.search(request)
        ids += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            break
    ranked = sorted(some, key=lambda one: (epoch_us(one.event["@timestamp"]), one.id))
    expected = [one.id for one in ranked]
    assert ids == (expected if order is SortOrder.ASC else expected[::-1])
    await writer.close()


def at_instant(run: str, offset: int, time: str, *, foreign: str | None = None) -> Document:
    one = document(offset)
    identity = foreign or event_id(run, offset)
    log = {"source": run, "offset": offset}
    event = {**one.event, "@timestamp": time, "event": {"id": identity}, "log": log}
    return Document.of(identity, DAY, event)
