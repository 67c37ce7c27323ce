"""A node dies under load: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence

import httpx
import pytest

from logboom.event import epoch_us
from logboom.query.model import MatchAll
from logboom.rollups import Tier
from logboom.store import Document, Outcome, Store, TimeRange
from tests.integration.elastic import DAY, Opener, document, insist, stored_ids
from tests.polling import soon
from tests.rollups import in_order, truth
from tests.services.elasticsearch_cluster import start_elasticsearch_cluster
from tests.services.errors import ServiceMissing
from tests.services.process import JvmService
from tests.services.sources import missing

pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow]

BATCHES = 12
BATCH = 500
KILLED_AFTER = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[JvmService]]:
    try:
        nodes = start_elasticsearch_cluster()
    except ServiceMissing as error:
        missing(error)
    yield nodes
    for node in nodes:
        node.remove()


async def test_a_node_dies_under_load(
    cluster: list[JvmService], open_elastic: Opener, unique: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    urls = [node.address for node in cluster]
    store = await open_elastic(
        urls, unique, shards=2, replicas=1, bulk_bytes="64KiB", bulk_concurrency=4
    )
    writer = await store.writer()
    async with httpx.AsyncClient(base_url=urls[0], timeout=60) as client:

        async def all_copies() -> bool:
            await insist(writer, [document(0)])
            health = (await client.get(f"/_cluster/health/{unique}*")).json()
            return bool(health["status"] == "green" and health["number_of_data_nodes"] == 2)

        await soon(all_copies, timeout_s=60, what="both nodes hold every shard")
        shards = (await client.get("/_cat/shards?format=json&h=index,prirep,node")).json()
        ours = [one for one in shards if one["index"].startswith(unique)]
        assert {one["node"] for one in ours if one["prirep"] == "p"} == {"test-0", "test-1"}
    batches = [[document(n * BATCH + i) for i in range(BATCH)] for n in range(BATCHES)]
    answers: set[object] = set()
    for number, batch in enumerate(batches):
        writing = asyncio.create_task(insist(writer, batch))
        if number == KILLED_AFTER:
            await asyncio.to_thread(cluster[1].kill)
        answers |= await writing
    assert answers <= {Outcome.STORED, Outcome.DUPLICATE}
    await store.refresh()
    expected = [one.id for batch in batches for one in batch]
    assert await stored_ids(store) == expected
    assert (await store.count(MatchAll(), TimeRange())).value == len(expected)
    await _rates_are_counted_truth(store, [one for batch in batches for one in batch])


async def _rates_are_counted_truth(store: Store, documents: Sequence[Document]) -> None:
    """Worked out of what the cluster has left, and kept there."""
    begin_us = epoch_us(f"{DAY}T00:00:00.000Z")
    end_us = begin_us + 24 * 3600 * 1_000_000
    rows = await store.rollups.summarise(begin_us, end_us)
    assert in_order(rows) == truth(documents)
    await store.rollups.keep(Tier.MINUTE, rows)
    assert in_order(await store.rollups.rows(Tier.MINUTE, begin_us, end_us)) == truth(documents)
