"""Whatever Kafka's limits are, everything that fits arrives, and what does not fit is named."""

from __future__ import annotations

import os

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from logboom.broker import Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.broker.kafka_publisher import KafkaPublisher
from logboom.clock import SystemClock
from logboom.config import KafkaSection
from logboom.errors import EventsTooLarge
from tests.polling import soon

LIMIT = 20_000


@pytest.fixture
async def section(kafka: str, unique: str) -> KafkaSection:
    """A topic of two partitions that takes 20,000 bytes at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    configs = {"max.message.bytes": str(LIMIT)}
    await admin.create_topics([NewTopic(unique, 2, 1, topic_configs=configs)])
    await admin.close()
    return KafkaSection(bootstrap=[kafka], topic=unique, status_topic=f"{unique}-s")


def message(number: int, size: int, *, key: bytes = b"k") -> Message:
    return Message(key, b"%06d" % number + os.urandom(size // 2).hex().encode())


async def received(section: KafkaSection, count: int) -> list[bytes]:
    broker = KafkaBroker(section)
    subscription = await broker.subscription(group="g")
    values: list[bytes] = []

    async def all_there() -> bool:
        for batch in await subscription.receive(max_messages=count, timeout_s=0.5):
            values.extend(one.value for one in batch.messages)
        return len(values) >= count

    await soon(all_there, timeout_s=120, what=f"{count} messages arrive")
    await subscription.close()
    await broker.close()
    return values


async def test_batches_are_built_for_the_limit_that_the_topic_tells(section: KafkaSection) -> None:
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    sent = [message(number, 3000) for number in range(100)]
    await publisher.publish(OutgoingBatch(1, sent))
    assert await received(section, 100) == [one.value for one in sent]
    await publisher.close()
    await broker.close()


async def test_a_limit_that_is_not_told_is_found_out(section: KafkaSection) -> None:
    publisher = KafkaPublisher(section, None, SystemClock())
    sent = [message(number, 3000, key=b"%d" % (number % 3)) for number in range(100)]
    await publisher.publish(OutgoingBatch(1, sent))
    values = await received(section, 100)
    assert set(values) == {one.value for one in sent}
    again = [message(number, 3000) for number in range(100, 120)]
    await publisher.publish(OutgoingBatch(2, again))
    assert set(await received(section, 120)) == {one.value for one in (*sent, *again)}
    await publisher.close()


async def test_single_messages_that_are_too_large_are_named_and_the_others_are_there(
    section: KafkaSection,
) -> None:
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    sent = [message(number, 60_000 if number in {3, 7} else 1000) for number in range(10)]
    with pytest.raises(EventsTooLarge, match="limits of the topic") as caught:
        await publisher.publish(OutgoingBatch(1, sent))
    assert (caught.value.positions, caught.value.limit_bytes) == ((3, 7), LIMIT)
    wanted = [one.value for number, one in enumerate(sent) if number not in {3, 7}]
    assert await received(section, 8) == wanted
    await publisher.close()
    await broker.close()


async def test_a_large_message_that_is_small_when_compressed_goes_through(
    section: KafkaSection,
) -> None:
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    large = Message(b"k", b"the same again " * 20_000)
    await publisher.publish(OutgoingBatch(1, [message(0, 100), large, message(2, 100)]))
    assert len((await received(section, 3))[1]) == len(large.value)
    await publisher.close()
    await broker.close()


async def test_by_service_all_events_of_one_are_in_one_partition(section: KafkaSection) -> None:
    broker = KafkaBroker(section.model_copy(update={"key": "service"}))
    publisher = await broker.publisher(producer="p")
    sent = [
        Message(b"source-%d" % n, orjson.dumps({"service": {"name": f"shop-{n % 2}"}, "n": n}))
        for n in range(40)
    ]
    strange = [Message(b"own-key", b'{"service":"shop"}'), Message(b"own-key", b"\xff no JSON")]
    await publisher.publish(OutgoingBatch(1, [*sent, *strange]))
    subscription = await broker.subscription(group="g")
    found: dict[str, list[tuple[int, int]]] = {}
    keys: list[bytes] = []

    async def all_there() -> bool:
        for batch in await subscription.receive(max_messages=100, timeout_s=0.5):
            for one in batch.messages:
                keys.append(one.key)
                if one.key != b"own-key":
                    place = (batch.partition, orjson.loads(one.value)["n"])
                    found.setdefault(one.key.decode(), []).append(place)
        return len(keys) == 42

    await soon(all_there, timeout_s=120, what="all arrive")
    assert keys.count(b"own-key") == 2
    assert found.keys() == {"shop-0", "shop-1"}
    for places in found.values():
        assert len({partition for partition, _ in places}) == 1
        assert [number for _, number in places] == sorted(number for _, number in places)
    for part in (subscription, publisher, broker):
        await part.close()
