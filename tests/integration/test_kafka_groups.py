"""Members of a group come and go: nothing that was handed out is read a second time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress

import pytest

from logboom.broker import ConsumedBatch, Message, OutgoingBatch, PartitionLag
from logboom.broker.kafka import KafkaBroker
from logboom.broker.kafka_subscription import KafkaSubscription
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable
from tests.polling import soon

pytestmark = [pytest.mark.slow]

PARTITIONS = 6
TOGETHER = 3
GROUPS = 12
REQUEST_TIMEOUT = "6s"
SETTLED_S = 22
"""Twice `request_timeout` and 10 s: what docs/scaling.md promises."""
GREEDY_MEMBER = """
import asyncio, sys
from logboom.broker.kafka import KafkaBroker
from logboom.config import KafkaSection

async def take_all_and_commit_nothing():
    bootstrap, topic, timeout = sys.argv[1:]
    names = {"topic": topic, "status_topic": f"{topic}-s"}
    section = KafkaSection(bootstrap=[bootstrap], request_timeout=timeout, **names)
    broker = KafkaBroker(section)
    member = await broker.subscription(group="g")
    while True:
        if await member.receive(max_messages=1000, timeout_s=0.1):
            print("some are taken", flush=True)

asyncio.run(take_all_and_commit_nothing())
"""


@pytest.fixture
async def broker(kafka: str, unique: str) -> AsyncIterator[KafkaBroker]:
    section = KafkaSection(
        bootstrap=[kafka], topic=unique, status_topic=f"{unique}-s", partitions=PARTITIONS,
        request_timeout=REQUEST_TIMEOUT,
    )  # fmt: skip
    opened = KafkaBroker(section)
    yield opened
    await opened.close()


async def _publish(broker: KafkaBroker, first: int, count: int) -> None:
    publisher = await broker.publisher(producer="p")
    numbers = range(first, first + count)
    messages = [Message(b"key-%d" % (n % 16), b"%d" % n) for n in numbers]
    await publisher.publish(OutgoingBatch(1, messages))
    await publisher.close()


async def _received(subscription: KafkaSubscription, count: int) -> list[ConsumedBatch]:
    batches: list[ConsumedBatch] = []

    async def enough() -> bool:
        batches.extend(await subscription.receive(max_messages=count, timeout_s=0.5))
        return sum(len(batch.messages) for batch in batches) >= count

    await soon(enough, timeout_s=120, what=f"{count} messages arrive")
    return batches


def _numbers(batches: Sequence[ConsumedBatch]) -> Counter[int]:
    return Counter(int(message.value) for batch in batches for message in batch.messages)


def _positions(batches: Sequence[ConsumedBatch]) -> dict[int, int]:
    positions: dict[int, int] = {}
    for batch in batches:
        positions[batch.partition] = max(batch.next_offset, positions.get(batch.partition, 0))
    return positions


async def test_asking_for_the_lag_does_not_make_the_topic(broker: KafkaBroker) -> None:
    assert not await broker.lag(group="g")
    publisher = await broker.publisher(producer="p")
    await publisher.close()

    async def lag() -> Sequence[PartitionLag]:
        try:
            return await broker.lag(group="g")
        except BrokerUnavailable:
            return []  # a Kafka that was just started has no coordinator of groups yet

    found = await soon(lag, timeout_s=SETTLED_S, what="Kafka tells the lag")
    assert len(found) == PARTITIONS


async def _share(members: Sequence[KafkaSubscription]) -> bool:
    """Whether every partition is read by exactly one of them, while all of them go on receiving."""
    for member in members:
        await member.receive(max_messages=1, timeout_s=0.01)
    read = Counter(partition for member in members for partition in member.partitions)
    return set(read) == set(range(PARTITIONS)) and set(read.values()) == {1}


async def test_members_that_join_at_the_same_time_settle(broker: KafkaBroker) -> None:
    async def group(name: str) -> Sequence[KafkaSubscription]:
        joining = [broker.subscription(group=name) for _ in range(TOGETHER)]
        return await asyncio.gather(*joining)

    async with asyncio.timeout(SETTLED_S):
        groups = await asyncio.gather(*(group(f"g{number}") for number in range(GROUPS)))
    for members in groups:
        await soon(lambda: _share(members), timeout_s=SETTLED_S, what="each has its part")  # noqa: B023 - called at once
        assert sum(member.rebalances for member in members) <= TOGETHER * TOGETHER
        for member in members:
            await member.close()


async def test_a_member_that_joins_waits_until_what_was_taken_is_committed(
    broker: KafkaBroker,
) -> None:
    first = await broker.subscription(group="g")
    await _publish(broker, 0, 400)
    taken = await _received(first, 400)
    joining = asyncio.create_task(broker.subscription(group="g"))
    done, _ = await asyncio.wait([joining], timeout=1)
    assert not done
    await first.commit(_positions(taken))
    second = await joining
    await _publish(broker, 400, 400)

    found = [*taken]

    async def all_there() -> bool:
        for member in (first, second):
            batches = await member.receive(max_messages=1000, timeout_s=0.2)
            await member.commit(_positions(batches))
            found.extend(batches)
        return len(_numbers(found)) == 800

    await soon(all_there, timeout_s=120, what="both together receive all")
    assert set(_numbers(found).values()) == {1}
    assert not first.partitions & second.partitions
    assert first.partitions | second.partitions == set(range(PARTITIONS))
    assert len(first.partitions) == len(second.partitions)
    assert sum(lag.messages for lag in await broker.lag(group="g")) == 0
    await first.close()
    await second.close()


async def test_a_write_that_takes_too_long_is_read_by_the_next_owner_and_its_commit_is_void(
    broker: KafkaBroker,
) -> None:
    first = await broker.subscription(group="g")
    await _publish(broker, 0, 400)
    taken = await _received(first, 400)
    second = await broker.subscription(group="g")  # after the patience: it is not committed
    assert len(second.partitions) == PARTITIONS // 2
    theirs = [b for b in taken if b.partition in second.partitions]
    again = await _received(second, sum(len(b.messages) for b in theirs))
    assert _numbers(again) == _numbers(theirs)
    await second.commit(_positions(again))
    before = {lag.partition: lag.committed for lag in await broker.lag(group="g")}
    await first.commit({batch.partition: batch.offsets[0] for batch in taken})
    after = {lag.partition: lag.committed for lag in await broker.lag(group="g")}
    assert after == before
    await first.close()
    await second.close()


@pytest.fixture
def start_greedy(kafka: str, unique: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a member in a process of its own, which commits nothing of what it takes."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", GREEDY_MEMBER, kafka, unique, REQUEST_TIMEOUT]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def test_a_member_that_is_killed_in_the_middle_of_a_rebalance_holds_nobody_up(
    broker: KafkaBroker, start_greedy: Callable[[], subprocess.Popen[bytes]]
) -> None:
    first = await broker.subscription(group="g")
    greedy = start_greedy()
    found: list[ConsumedBatch] = []

    async def receive(member: KafkaSubscription) -> None:
        batches = await member.receive(max_messages=1000, timeout_s=0.1)
        await member.commit(_positions(batches))
        found.extend(batches)

    async def they_are_two() -> bool:
        await receive(first)
        return len(first.partitions) == PARTITIONS // 2

    await soon(they_are_two, timeout_s=SETTLED_S, what="the other one has joined")
    await _publish(broker, 0, 400)
    assert greedy.stdout is not None
    assert await asyncio.to_thread(greedy.stdout.readline) == b"some are taken\n"
    joining = asyncio.create_task(broker.subscription(group="g"))

    done, _ = await asyncio.wait([joining], timeout=1.5)
    assert not done  # the one that commits nothing holds it up
    greedy.kill()

    async def third() -> KafkaSubscription | None:
        await receive(first)
        return joining.result() if joining.done() else None

    second = await soon(third, timeout_s=SETTLED_S, what="the third one joins")
    assert second is not None
    members = (first, second)

    async def all_there() -> bool:
        for member in members:
            await receive(member)
        return len(_numbers(found)) == 400

    await soon(all_there, timeout_s=SETTLED_S, what="what the killed one had is read")
    assert set(_numbers(found).values()) == {1}
    await soon(lambda: _share(members), timeout_s=SETTLED_S, what="each has its part")
    for member in members:
        await member.close()


async def test_a_member_whose_client_looks_for_its_brokers_no_more_joins_anew(
    broker: KafkaBroker,
) -> None:
    member = await broker.subscription(group="blind")
    client = member._consumer  # what ends its task is a matter of microseconds
    assert client is not None
    await soon(lambda: _share([member]), timeout_s=SETTLED_S, what="it has its part")
    client._client._sync_task.cancel()

    async def joined_anew() -> bool:
        with suppress(BrokerUnavailable):
            await member.receive(max_messages=1, timeout_s=0.01)
        return member._consumer not in {None, client}

    await soon(joined_anew, timeout_s=SETTLED_S, what="it has another client")
    await soon(lambda: _share([member]), timeout_s=SETTLED_S, what="it has its part again")
    await member.close()
