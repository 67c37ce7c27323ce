"""What does a member of a group say while Kafka is away, and does it go on when Kafka is back?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from logboom.broker import Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable
from tests.polling import soon
from tests.services.process import JvmService

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize(
    ("begin", "end"),
    [(JvmService.kill, JvmService.start), (JvmService.pause, JvmService.resume)],
    ids=["killed", "paused"],
)
async def test_a_commit_that_nobody_answers_is_told_and_works_when_kafka_is_back(
    own_kafka: JvmService, unique: str, begin: Callable[[JvmService], None],
    end: Callable[[JvmService], None],
) -> None:  # fmt: skip
    section = KafkaSection(
        bootstrap=[own_kafka.address], topic=unique, status_topic=f"{unique}-s", partitions=1,
        request_timeout="3s",
    )  # fmt: skip
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    await publisher.publish(OutgoingBatch(1, [Message(b"k", b"v")]))
    subscription = await broker.subscription(group="g")
    positions: dict[int, int] = {}

    async def received() -> bool:
        batches = await subscription.receive(max_messages=1, timeout_s=0.2)
        positions.update({batch.partition: batch.next_offset for batch in batches})
        return bool(positions)

    async def committed() -> bool:
        try:
            await received()
            await subscription.commit(positions)
            lags = await broker.lag(group="g")
        except BrokerUnavailable:
            return False
        return [lag.messages for lag in lags] == [0]

    await soon(received, timeout_s=60, what="there is something to commit")
    await asyncio.to_thread(begin, own_kafka)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(BrokerUnavailable):
                await subscription.commit(positions)
    finally:
        await asyncio.to_thread(end, own_kafka)
    await soon(committed, timeout_s=120, what="the position is committed")
    for part in (subscription, publisher, broker):
        await part.close()
