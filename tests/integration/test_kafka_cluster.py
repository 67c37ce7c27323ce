"""Brokers of a cluster die under load, partitions change their leader: nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pytest

from logboom.broker import Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.config import KafkaSection
from logboom.errors import BrokerError, DiskFull
from logboom.retrying import Backoff
from tests.polling import soon
from tests.services.errors import ServiceMissing
from tests.services.kafka_cluster import start_kafka_cluster
from tests.services.process import JvmService
from tests.services.sources import missing

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

BATCH = 200
BEFORE, DURING, AFTER = 20, 120, 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[JvmService]]:
    try:
        started = start_kafka_cluster()
    except ServiceMissing as error:
        missing(error)
    yield started
    for service in started:
        service.remove()


async def test_a_broker_dies_under_load_and_everything_arrives(
    cluster: list[JvmService], unique: str
) -> None:
    section = KafkaSection(
        bootstrap=[service.address for service in cluster], topic=unique,
        status_topic=f"{unique}-s", partitions=6, request_timeout="5s",
    )  # fmt: skip
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    acked = 0

    async def publish(number: int) -> None:
        """As the shipper does: again and again, until it is acknowledged."""
        nonlocal acked
        first = number * BATCH
        messages = [Message(b"key-%d" % (n % 12), b"%d" % n) for n in range(first, first + BATCH)]
        backoff = Backoff()
        while True:
            try:
                await publisher.publish(OutgoingBatch(number + 1, messages))
                break
            except (BrokerError, DiskFull):
                await backoff.wait()
        acked += 1

    for number in range(BEFORE):
        await publish(number)
    publishing = asyncio.create_task(_all(publish, range(BEFORE, BEFORE + DURING)))
    await soon(_over(lambda: acked, BEFORE + 5), timeout_s=120, what="the load runs")
    await asyncio.to_thread(cluster[1].kill)
    await asyncio.wait_for(publishing, 60)
    await asyncio.to_thread(cluster[1].start)
    for number in range(BEFORE + DURING, BEFORE + DURING + AFTER):
        await publish(number)
    found = await _received(broker, (BEFORE + DURING + AFTER) * BATCH)
    assert set(found) == set(range((BEFORE + DURING + AFTER) * BATCH))
    await publisher.close()
    await broker.close()


async def _all(publish: Callable[[int], Awaitable[None]], numbers: Iterable[int]) -> None:
    places = asyncio.Semaphore(4)

    async def one(number: int) -> None:
        async with places:
            await publish(number)

    async with asyncio.TaskGroup() as tasks:
        for number in numbers:
            tasks.create_task(one(number))


def _over(count: Callable[[], int], limit: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return bool(count() >= limit)

    return check


async def _received(broker: KafkaBroker, distinct: int) -> Counter[int]:
    subscription = await broker.subscription(group="g")
    found: Counter[int] = Counter()

    async def all_there() -> bool:
        for batch in await subscription.receive(max_messages=10_000, timeout_s=0.5):
            found.update(int(one.value) for one in batch.messages)
        return len(found) >= distinct

    await soon(all_there, timeout_s=120, what="everything arrives")
    await subscription.close()
    return found
