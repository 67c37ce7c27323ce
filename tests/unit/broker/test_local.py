"""What the embedded broker does with its files when they are damaged, foreign, or somebody else's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.broker import ConsumedBatch, Message, OutgoingBatch
from logboom.broker.local import LocalBroker
from logboom.config import LocalBrokerSection
from logboom.errors import BrokerRefused
from tests.polling import soon


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[LocalBroker]:
    opened = LocalBroker(tmp_path, LocalBrokerSection(max_bytes=100))
    yield opened
    await opened.close()


def batch(sequence: int) -> OutgoingBatch:
    return OutgoingBatch(sequence, [Message(b"k", b"%d-%d" % (sequence, n)) for n in range(30)])


async def test_a_damaged_file_is_set_aside_and_an_empty_one_begun(
    broker: LocalBroker, tmp_path: Path
) -> None:
    (tmp_path / "events.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(BrokerRefused, match=r"set aside as events\.db\.damaged-1"):
        await broker.check()
    assert (tmp_path / "events.db.damaged-1").read_bytes().startswith(b"no database")
    publisher = await broker.publisher(producer="p")
    await publisher.publish(batch(1))
    await publisher.close()


async def test_a_damaged_file_that_others_have_open_stays_where_it_is(
    broker: LocalBroker, tmp_path: Path
) -> None:
    await broker.check()
    for name in ("events.db", "events.db-wal"):
        (tmp_path / name).write_bytes(b"no database at all" * 10_000)
    other = LocalBroker(tmp_path, LocalBrokerSection())
    with pytest.raises(BrokerRefused, match="other processes have it open"):
        await other.check()
    await other.close()
    assert not (tmp_path / "events.db.damaged-1").exists()


async def test_a_file_of_another_version_is_refused(broker: LocalBroker, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "events.db") as database:
        database.execute("CREATE TABLE something (id)")
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(BrokerRefused, match="has format 99"):
        await broker.check()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("packed = x'00'", "it cannot be unpacked"),
        ("count = count + 5", "it has 30 messages, its row says 35"),
        ("count = 2", "it has 30 messages, its row says 2"),
    ],
)
async def test_a_damaged_batch_is_named_and_holds_up_nothing_behind_it(
    tmp_path: Path, change: str, reason: str
) -> None:
    broker = LocalBroker(tmp_path, LocalBrokerSection())
    publisher = await broker.publisher(producer="p")
    await publisher.publish(batch(1))
    await publisher.publish(batch(2))
    await publisher.close()
    with sqlite3.connect(tmp_path / "events.db") as database:
        database.execute(f"UPDATE batches SET {change} WHERE first = 0")
    database.close()
    subscription = await broker.subscription(group="g")
    found: list[ConsumedBatch] = []
    while not found or found[-1].next_offset < 60:
        found += await subscription.receive(max_messages=1, timeout_s=10)
    damaged, behind = found
    assert damaged.unreadable is not None
    assert (damaged.unreadable.first, damaged.unreadable.last) == (0, 29)
    assert reason in damaged.unreadable.reason
    assert damaged.unreadable.content
    assert behind.messages == batch(2).messages
    await subscription.commit({0: behind.next_offset})
    assert [lag.messages for lag in await broker.lag(group="g")] == [0]
    await subscription.close()
    await broker.close()


async def test_the_second_member_of_a_group_waits_for_the_end_of_the_first(
    broker: LocalBroker,
) -> None:
    publisher = await broker.publisher(producer="p")
    await publisher.publish(batch(1))
    first = await broker.subscription(group="g")
    second = await broker.subscription(group="g")
    (received,) = await first.receive(max_messages=30, timeout_s=10)
    assert await second.receive(max_messages=30, timeout_s=0.1) == []
    await first.close()
    (again,) = await second.receive(max_messages=30, timeout_s=10)
    assert again.messages == received.messages
    for part in (second, publisher):
        await part.close()


async def test_a_batch_is_known_whichever_member_of_a_producer_sends_it_again(
    tmp_path: Path,
) -> None:
    broker = LocalBroker(tmp_path, LocalBrokerSection())
    members = [await broker.publisher(producer="p", member=number) for number in range(3)]
    await members[1].publish(batch(1))
    await members[2].publish(batch(2))
    await members[0].publish(batch(1))
    subscription = await broker.subscription(group="g")
    received = await subscription.receive(max_messages=1000, timeout_s=0)
    assert [message.value for one in received for message in one.messages] == [
        message.value for number in (1, 2) for message in batch(number).messages
    ]
    await subscription.close()
    for member in members:
        await member.close()
    await broker.close()


async def test_a_full_broker_says_what_it_waits_for(broker: LocalBroker) -> None:
    publisher = await broker.publisher(producer="p")
    assert publisher.waiting_for is None
    subscription = await broker.subscription(group="g")
    await publisher.publish(batch(1))
    blocked = asyncio.create_task(publisher.publish(batch(2)))

    async def says_so() -> bool:
        return publisher.waiting_for is not None

    await soon(says_so, timeout_s=10, what="the publisher waits")
    assert "full: 100 bytes" in str(publisher.waiting_for)
    await subscription.commit({0: 30})
    await asyncio.wait_for(blocked, 10)
    assert publisher.waiting_for is None
    for part in (subscription, publisher):
        await part.close()
