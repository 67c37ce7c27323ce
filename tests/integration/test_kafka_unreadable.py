"""What stands behind a batch that nobody can read is read, from a real Kafka: events, and what services tell."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c

from logboom.broker import ConsumedBatch, Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.broker.kafka_records import HEAD
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable
from tests.polling import soon
from tests.services.process import JvmService

pytestmark = [pytest.mark.slow]

EACH = 50


def batch(number: int) -> OutgoingBatch:
    values = [b'{"message":"%d of %d"}' % (n, number) for n in range(EACH)]
    return OutgoingBatch(number, [Message(b"k", value) for value in values])


def spoil_second(segment: Path, *, with_sum: bool) -> None:
    """Breaks the body of the second batch, and sums it up anew or not."""
    content = bytearray(segment.read_bytes())
    begin = 12 + struct.unpack_from(">i", content, 8)[0]
    end = begin + 12 + struct.unpack_from(">i", content, begin + 8)[0]
    content[begin + HEAD.size + 8 : end] = bytes(end - begin - HEAD.size - 8)
    if with_sum:
        struct.pack_into(
            ">I", content, begin + 17, calc_crc32c(memoryview(content)[begin + 21 : end])
        )
    segment.write_bytes(content)


@pytest.mark.parametrize("with_sum", [True, False], ids=["right checksum", "wrong checksum"])
async def test_a_batch_that_cannot_be_read_holds_up_nothing_behind_it(
    own_kafka: JvmService, unique: str, with_sum: bool
) -> None:
    section = KafkaSection(
        bootstrap=[own_kafka.address], topic=unique, status_topic=f"{unique}-s", partitions=1
    )
    broker = KafkaBroker(section)
    publisher = await broker.publisher(producer="p")
    for number in range(3):
        await publisher.publish(batch(number))
    await publisher.close()
    await broker.close()
    (segment,) = own_kafka.folder.glob(f"data/{unique}-0/*.log")
    await asyncio.to_thread(own_kafka.stop)
    spoil_second(segment, with_sum=with_sum)
    await asyncio.to_thread(own_kafka.start)

    broker = KafkaBroker(section)
    subscription = await broker.subscription(group="g")
    found: list[ConsumedBatch] = []

    async def all_is_received() -> bool:
        try:
            found.extend(await subscription.receive(max_messages=1, timeout_s=0.2))
        except BrokerUnavailable:
            return False  # it is fetched again
        return bool(found) and found[-1].next_offset == 3 * EACH

    await soon(all_is_received, timeout_s=60, what="everything is received")
    before, unreadable, behind = found
    assert list(before.messages) == list(batch(0).messages)
    assert unreadable.unreadable is not None
    assert (unreadable.unreadable.first, unreadable.unreadable.last) == (EACH, 2 * EACH - 1)
    assert list(behind.messages) == list(batch(2).messages)
    await subscription.commit({0: behind.next_offset})
    assert [lag.messages for lag in await broker.lag(group="g")] == [0]
    await subscription.close()
    await broker.close()


@pytest.mark.parametrize("with_sum", [True, False], ids=["right checksum", "wrong checksum"])
async def test_what_services_tell_is_read_behind_a_batch_that_cannot_be(
    own_kafka: JvmService, unique: str, with_sum: bool, caplog: pytest.LogCaptureFixture
) -> None:
    section = KafkaSection(
        bootstrap=[own_kafka.address], topic=unique, status_topic=f"{unique}-s", partitions=1
    )
    broker = KafkaBroker(section)
    first, second, third = (bytes([letter]) * 200 for letter in b"123")
    for key, value in (("a", first), ("b", first), ("a", second), ("c", first)):
        await broker.post_status({key: value})
    await broker.close()
    (segment,) = own_kafka.folder.glob(f"data/{unique}-s-0/*.log")
    await asyncio.to_thread(own_kafka.stop)
    spoil_second(segment, with_sum=with_sum)
    await asyncio.to_thread(own_kafka.start)

    broker = KafkaBroker(section)
    found: dict[str, bytes] = {}

    async def it_is_read() -> bool:
        try:
            found.update(await broker.read_status())
        except BrokerUnavailable:
            return False
        return True

    with caplog.at_level("WARNING", "logboom.broker"):
        await soon(it_is_read, timeout_s=60, what="what services tell is read")
    assert found == {"a": second, "c": first}
    assert [one for one in caplog.messages if f"{unique}-s" in one and "offset 1" in one]
    await broker.post_status({"b": third})
    assert await broker.read_status() == {"a": second, "b": third, "c": first}
    await broker.close()
