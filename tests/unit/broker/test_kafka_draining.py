"""Fetched batches are taken whole, as the client's own iteration would give their messages."""

from __future__ import annotations

import gc
import struct
import weakref
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from logboom.broker.kafka_draining import Drain, Drained
from logboom.broker.kafka_records import RecordBatch, records_of
from logboom.broker.port import Message

PLACE = TopicPartition("events", 3)
CONTROL = 0x20
Codec = Literal["none", "gzip", "lz4", "zstd"]


class State:
    """What the client knows of a partition."""

    paused = False
    resume_fut = None

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


class Assignment:
    active = True

    def __init__(self, position: int) -> None:
        self.state = State(position)

    def state_value(self, _place: TopicPartition) -> State:
        return self.state


class Client:
    """As much of a consumer as is drained: what is fetched, and the client's own way to ask for it."""

    def __init__(self) -> None:
        self._fetcher: Any = Fetcher.__new__(Fetcher)
        self._fetcher._records = {}
        self._fetcher._subscriptions = self
        self._fetcher._wait_consume_future = None
        self.reassignment_in_progress = False

    def highwater(self, _place: TopicPartition) -> int:
        return 10

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Any:
        assert timeout_ms == 0
        return await self._fetcher.fetched_records((), 0, max_records=max_records)


def batch(first: int, count: int, codec: Codec = "none", *, attributes: int = 0) -> bytes:
    """A batch as Kafka sends it; message n has the value `n`."""
    messages = [Message(b"k", str(first + n).encode()) for n in range(count)]
    made = RecordBatch(records_of(messages), count, timestamp_ms=1, compression=codec)
    content = bytearray(made._build())
    struct.pack_into(">q", content, 0, first)
    content[22] |= attributes
    return bytes(content)


def fetched(content: bytes, position: int = 0) -> FetchResult:
    records = PartitionRecords(PLACE, MemoryRecords(content), [], position, None, None, True, 0)
    return FetchResult(PLACE, assignment=Assignment(position), partition_records=records, backoff=0)


def drain_of(result: Any) -> Drain:
    client = Client()
    drain = Drain(client)
    client._fetcher._records[PLACE] = result
    return drain


async def taken(drain: Drain, most: int) -> Sequence[Drained]:
    found = await drain.take(max_messages=most, timeout_s=0)
    return found.get(PLACE, [])


@pytest.mark.parametrize("codec", ["none", "gzip", "lz4", "zstd"])
async def test_batches_are_taken_until_there_are_enough_messages(codec: Codec) -> None:
    drain = drain_of(fetched(batch(0, 30, codec) + batch(30, 40, codec) + batch(70, 5, codec)))
    (first,) = await taken(drain, 31)
    assert first.offsets == list(range(70))
    assert list(first.messages) == [Message(b"k", str(n).encode()) for n in range(70)]
    (second,) = await taken(drain, 31)
    assert second.offsets == list(range(70, 75))
    assert await taken(drain, 31) == []


async def test_partitions_take_turns_however_much_of_one_was_fetched() -> None:
    noisy, quiet = TopicPartition("events", 0), TopicPartition("events", 1)
    client = Client()
    drain = Drain(client)
    records = client._fetcher._records
    records[noisy] = fetched(b"".join(batch(first, 10) for first in range(0, 500, 10)))
    records[quiet] = fetched(batch(0, 2) + batch(2, 1))
    seen = [next(iter(await drain.take(max_messages=10, timeout_s=0))) for _ in range(4)]
    assert seen == [noisy, quiet, noisy, noisy]
    records[quiet] = fetched(batch(3, 1), position=3)
    assert quiet in {*await drain.take(max_messages=10, timeout_s=0),
                     *await drain.take(max_messages=10, timeout_s=0)}  # fmt: skip


async def test_a_position_in_the_middle_of_a_batch_and_batches_without_messages_for_us() -> None:
    content = batch(0, 10) + batch(10, 1, attributes=CONTROL) + batch(20, 2)
    result = fetched(_with_crc(content), position=7)
    drain = drain_of(result)
    (found,) = await taken(drain, 100)
    assert found.offsets == [7, 8, 9, 20, 21]
    assert result._assignment.state.position == 22


async def test_what_was_fetched_before_is_taken_too() -> None:
    client = Client()
    client._fetcher._records[PLACE] = fetched(batch(0, 3))
    (found,) = await taken(Drain(client), 1)
    assert found.offsets == [0, 1, 2]


async def test_a_damaged_batch_is_told_and_fetched_again() -> None:
    content = bytearray(batch(0, 3) + batch(3, 3))
    content[-1] ^= 1
    result = fetched(bytes(content))
    drain = drain_of(result)
    (found,) = await taken(drain, 1)
    assert found.offsets == [0, 1, 2]
    with pytest.raises(CorruptRecordException):
        await taken(drain, 1)
    assert await taken(drain, 1) == []
    assert not result.has_more()
    assert result._assignment.state.position == 3


async def test_what_is_taken_with_a_damaged_batch_is_kept() -> None:
    content = bytearray(batch(0, 3) + batch(3, 3) + batch(6, 3))
    content[-1] ^= 1
    result = fetched(bytes(content))
    drain = drain_of(result)
    (found,) = await taken(drain, 100)
    assert found.offsets == [0, 1, 2, 3, 4, 5]
    assert await taken(drain, 100) == []
    assert result._assignment.state.position == 6


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd", "unknown"])
async def test_a_batch_that_cannot_be_unpacked_holds_up_nothing_behind_it(codec: str) -> None:
    number = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4, "unknown": 7}[codec]
    bad = _with_crc(batch(3, 4, attributes=number))  # what is no such compression at all
    result = fetched(batch(0, 3) + bad + batch(7, 2))
    drain = drain_of(result)
    (before,) = await taken(drain, 100)
    assert before.offsets == [0, 1, 2]
    (between,) = await taken(drain, 100)
    assert not between.offsets
    assert between.unreadable is not None
    assert (between.unreadable.topic, between.unreadable.partition) == ("events", 3)
    assert (between.unreadable.first, between.unreadable.last) == (3, 6)
    assert between.unreadable.reason
    assert result._assignment.state.position == 7
    (behind,) = await taken(drain, 100)
    assert behind.offsets == [7, 8]
    assert result._assignment.state.position == 9


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
async def test_compressed_bytes_that_were_spoilt_before_they_were_summed_up(codec: Codec) -> None:
    content = bytearray(batch(0, 30, codec))
    content[-9:] = bytes(9)
    drain = drain_of(fetched(_with_crc(bytes(content)) + batch(30, 1)))
    (spoilt,) = await taken(drain, 100)
    assert spoilt.unreadable is not None
    assert (spoilt.unreadable.first, spoilt.unreadable.last) == (0, 29)
    (behind,) = await taken(drain, 100)
    assert behind.offsets == [30]


async def test_what_stands_before_a_spoilt_record_of_a_batch_is_read() -> None:
    content = bytearray(batch(0, 4))
    content[-9:] = bytes([0xFF] * 9)  # the last record
    result = fetched(_with_crc(bytes(content)) + batch(4, 1))
    drain = drain_of(result)
    (before,) = await taken(drain, 100)
    assert before.offsets == [0, 1, 2]
    (spoilt,) = await taken(drain, 100)
    assert spoilt.unreadable is not None
    assert (spoilt.unreadable.first, spoilt.unreadable.last) == (3, 3)
    (behind,) = await taken(drain, 100)
    assert behind.offsets == [4]


async def test_no_memory_is_no_fault_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_batch: object) -> None:
        raise MemoryError

    drain = drain_of(fetched(batch(0, 3)))
    monkeypatch.setattr("logboom.broker.kafka_draining._records_in", full)
    with pytest.raises(MemoryError):
        await taken(drain, 100)


async def test_a_batch_whose_checksum_stays_wrong_is_given_up_after_some_fetches() -> None:
    bad = bytearray(batch(0, 3))
    bad[-1] ^= 1
    content = bytes(bad) + batch(3, 2)
    client = Client()
    drain = Drain(client)
    for _ in range(5):
        client._fetcher._records[PLACE] = fetched(content)
        with pytest.raises(CorruptRecordException):
            await taken(drain, 100)
    client._fetcher._records[PLACE] = fetched(content)
    (spoilt,) = await taken(drain, 100)
    assert spoilt.unreadable is not None
    assert (spoilt.unreadable.first, spoilt.unreadable.last) == (0, 2)
    (behind,) = await taken(drain, 100)
    assert behind.offsets == [3, 4]


@pytest.mark.parametrize(("says", "last"), [(1000, 2), (0, 2), (-5, 2)])
async def test_a_spoilt_batch_is_not_believed_where_it_ends(says: int, last: int) -> None:
    bad = bytearray(batch(0, 3))
    struct.pack_into(">i", bad, 23, says)
    content = bytes(bad) + batch(3, 2)
    client = Client()
    drain = Drain(client)
    for _ in range(5):
        client._fetcher._records[PLACE] = fetched(content)
        with pytest.raises(CorruptRecordException):
            await taken(drain, 100)
    client._fetcher._records[PLACE] = fetched(content)
    (spoilt,) = await taken(drain, 100)
    assert spoilt.unreadable is not None
    assert (spoilt.unreadable.first, spoilt.unreadable.last) == (0, last)
    (behind,) = await taken(drain, 100)
    assert behind.offsets == [3, 4]


@pytest.mark.parametrize(("says", "last"), [(1000, 2), (1, 1), (-5, 0)])
async def test_the_last_spoilt_batch_ends_no_later_than_its_records(says: int, last: int) -> None:
    bad = bytearray(batch(0, 3))
    struct.pack_into(">i", bad, 23, says)
    client = Client()
    drain = Drain(client)
    found: Sequence[Drained] = []
    for number in range(6):
        client._fetcher._records[PLACE] = result = fetched(bytes(bad))
        if number < 5:
            with pytest.raises(CorruptRecordException):
                await taken(drain, 100)
        else:
            found = await taken(drain, 100)
    assert found[0].unreadable is not None
    assert (found[0].unreadable.first, found[0].unreadable.last) == (0, last)
    assert result._assignment.state.position == last + 1


async def test_what_was_fetched_is_given_back_without_the_collector() -> None:
    gc.disable()
    try:
        result = fetched(batch(0, 3))
        records = weakref.ref(result._partition_records)
        drain = drain_of(result)
        del result
        assert [one.offsets for one in await taken(drain, 100)] == [[0, 1, 2]]
        assert await taken(drain, 100) == []
        assert records() is None
    finally:
        gc.enable()


async def test_messages_without_key_or_value_are_empty() -> None:
    drained = Drained([1, 2], [None, b"k"], [b"v", None])
    assert drained.messages == [Message(b"", b"v"), Message(b"k", b"")]
    assert drained.messages[1:] == [Message(b"k", b"")]


def _with_crc(content: bytes) -> bytes:
    """Batches whose attributes were changed, with the checksum that goes with it."""
    made, at = bytearray(content), 0
    while at < len(made):
        end = at + 12 + struct.unpack_from(">i", made, at + 8)[0]
        struct.pack_into(">I", made, at + 17, calc_crc32c(memoryview(made)[at + 21 : end]))
        at = end
    return bytes(made)
