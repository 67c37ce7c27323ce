"""Does Kafka find in its batches what was given, each in its partition and in order?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from logboom.broker import Message
from logboom.broker.kafka_batches import Built, Sorter, build
from logboom.broker.kafka_records import Compression, RecordBatch, records_of, records_of_run
from logboom.broker.runs import Run, Runs
from logboom.config import KafkaSection
from logboom.native.library import native_library

COMPRESSIONS: tuple[Compression, ...] = ("none", "gzip", "lz4", "zstd")
PARTITIONS = [0, 1, 2]
TIME_MS = 1_795_242_268_566
KEYED = st.tuples(st.sampled_from([b"a", b"b", b"c" * 70]), st.binary(max_size=300))


def section(key: str = "source") -> KafkaSection:
    return KafkaSection(bootstrap=["127.0.0.1:9092"], key=key)


def read(batch: RecordBatch) -> list[Message]:
    """What Kafka's own reader finds, once the checksum is right."""
    batch._set_producer_state(7, 1, 42)
    data = batch._build()
    assert len(data) == batch.size()
    found = MemoryRecords(data).next_batch()
    assert found is not None
    assert found.validate_crc()
    assert (found.producer_id, found.producer_epoch, found.base_sequence) == (7, 1, 42)
    records = list(found)
    assert [record.offset for record in records] == list(range(batch.record_count()))
    assert {record.timestamp for record in records} <= {TIME_MS}
    return [Message(record.key or b"", record.value or b"") for record in records]


def built(
    messages: Sequence[Message], *, batch_bytes: int = 1_000_000, key: str = "source",
    compression: Compression = "none", positions: Sequence[int] | None = None,
) -> dict[int, list[Built]]:  # fmt: skip
    wanted = range(len(messages)) if positions is None else positions
    parts = Sorter(section(key)).sort(messages, wanted, PARTITIONS)
    return {
        partition: build(
            its, batch_bytes=batch_bytes, timestamp_ms=TIME_MS, compression=compression
        )
        for partition, its in parts.items()
    }


@given(st.lists(KEYED, max_size=40), st.integers(200, 3000), st.booleans())
def test_every_message_is_in_its_partition_in_order(
    keyed: list[tuple[bytes, bytes]], batch_bytes: int, as_runs: bool
) -> None:
    messages = [Message(key, value) for key, value in keyed]
    given = Runs(Run.of(key, [value]) for key, value in messages) if as_runs else messages
    seen: list[int] = []
    keys: dict[bytes, int] = {}
    for partition, batches in built(given, batch_bytes=batch_bytes).items():
        at = [position for one in batches for position in one.positions]
        assert at == sorted(at)
        seen += at
        for one in batches:
            assert read(one.batch) == [messages[position] for position in one.positions]
            assert one.batch.size() <= batch_bytes or len(one.positions) == 1
        for position in at:
            assert keys.setdefault(messages[position].key, partition) == partition
    assert sorted(seen) == list(range(len(messages)))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_batches_are_compressed(compression: Compression) -> None:
    runs = Runs([Run.of(b"key", [b"an event that comes again"] * 1000)])
    (batches,) = built(runs, compression=compression).values()
    (one,) = batches
    assert read(one.batch) == list(runs)
    assert (one.batch.size() < 10_000) == (compression != "none")


def test_what_compression_makes_larger_is_sent_as_it_is() -> None:
    runs = Runs([Run.of(b"key", [b"x"])])
    ((one,),) = built(runs, compression="lz4").values()
    assert read(one.batch) == [Message(b"key", b"x")]


def test_only_the_wanted_ones_are_sent_again() -> None:
    runs = Runs([Run.of(b"a", [b"0", b"1"]), Run.of(b"b", [b"2", b"3"])])
    found = built(runs, positions=[1, 2])
    assert sorted(p for batches in found.values() for one in batches for p in one.positions) == [
        1, 2,
    ]  # fmt: skip


def test_the_key_can_be_the_service() -> None:
    value = b'{"service":{"name":"shop"}}'
    ((one,),) = built([Message(b"source", value)], key="service").values()
    assert read(one.batch) == [Message(b"shop", value)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=80), st.integers(0, 9000), st.data())
def test_the_compiled_part_writes_the_same_records(
    values: list[bytes], first: int, data: st.DataObject
) -> None:
    if native_library() is None:
        pytest.skip("there is no compiled part")
    run = Run.of(b"key", values)
    begin = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(begin, len(values)))
    messages = [Message(b"key", value) for value in values[begin:stop]]
    assert records_of_run(run, begin, stop, first=first) == records_of(messages, first=first)
