"""Which messages go to which partition of Kafka, and into which of its batches?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka.partitioner import DefaultPartitioner

from logboom.broker.kafka_keys import key_of, source_key
from logboom.broker.kafka_records import (
    HEAD,
    RECORD_BYTES,
    Compression,
    RecordBatch,
    records_of,
    records_of_run,
)
from logboom.broker.port import Message
from logboom.broker.runs import Run, Runs
from logboom.config import KafkaSection


@dataclass(frozen=True, slots=True)
class Built:
    """One of Kafka's batches.

    Attributes:
        batch: As the client sends it.
        positions: Where its messages stand among those that were given.
    """

    batch: RecordBatch
    positions: Sequence[int]


class Part(Protocol):
    """Messages of one partition, in order."""

    @property
    def positions(self) -> Sequence[int]:
        """Where they stand among those that were given."""
        ...

    def stop(self, begin: int, room: int) -> int:
        """One past the last one that fits into so many bytes, from one on."""
        ...

    def records(self, begin: int, stop: int, first: int) -> bytes:
        """Some of them as records; `first` is the place of the first one in its batch."""
        ...


@dataclass(frozen=True, slots=True)
class _RunPart:
    """A whole run."""

    run: Run
    positions: range

    def stop(self, begin: int, room: int) -> int:
        """See `Part.stop`."""
        run, each = self.run, RECORD_BYTES + len(self.run.key)
        start = run.begin(begin)

        def size(stop: int) -> int:
            return run.ends[stop - 1] - start + (stop - begin) * each

        return begin + bisect_right(range(begin + 1, len(run) + 1), room, key=size)

    def records(self, begin: int, stop: int, first: int) -> bytes:
        """See `Part.records`."""
        return records_of_run(self.run, begin, stop, first=first)


@dataclass(frozen=True, slots=True)
class _MessagesPart:
    """Single messages, by the keys that they have in Kafka."""

    messages: list[Message] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def stop(self, begin: int, room: int) -> int:
        """See `Part.stop`."""
        for number in range(begin, len(self.messages)):
            message = self.messages[number]
            room -= len(message.key) + len(message.value) + RECORD_BYTES
            if room < 0:
                return number
        return len(self.messages)

    def records(self, begin: int, stop: int, first: int) -> bytes:
        """See `Part.records`."""
        return records_of(self.messages[begin:stop], first=first)


class Sorter:
    """Sorts messages by partition.

    Args:
        section: Says what the key of a message is.
    """

    def __init__(self, section: KafkaSection) -> None:
        self._key = key_of(section)
        self._partitioner = DefaultPartitioner()

    def sort(
        self, messages: Sequence[Message], positions: Sequence[int], partitions: Sequence[int]
    ) -> Mapping[int, Sequence[Part]]:
        """Parts by partition.

        Args:
            messages: All that there are.
            positions: Of those that are to be sorted, ascending.
            partitions: The topic's.
        """
        is_whole = len(positions) == len(messages)
        if is_whole and isinstance(messages, Runs) and self._key is source_key:
            return self._sort_runs(messages, partitions)
        return self._sort_messages(messages, positions, partitions)

    def _sort_runs(self, messages: Runs, partitions: Sequence[int]) -> dict[int, list[_RunPart]]:
        sorted_parts: dict[int, list[_RunPart]] = {}
        begin = 0
        for run in messages.runs:
            partition = self._partitioner(run.key, partitions, partitions)
            part = _RunPart(run, range(begin, begin + len(run)))
            sorted_parts.setdefault(partition, []).append(part)
            begin += len(run)
        return sorted_parts

    def _sort_messages(
        self, messages: Sequence[Message], positions: Sequence[int], partitions: Sequence[int]
    ) -> dict[int, list[_MessagesPart]]:
        sorted_parts: dict[int, list[_MessagesPart]] = {}
        part_of: dict[bytes, _MessagesPart] = {}
        key_of: Callable[[Message], bytes] = self._key
        for position in positions:
            message = messages[position]
            key = key_of(message)
            part = part_of.get(key)
            if part is None:
                partition = self._partitioner(key, partitions, partitions)
                part = sorted_parts.setdefault(partition, [_MessagesPart()])[0]
                part_of[key] = part
            part.messages.append(message if key == message.key else Message(key, message.value))
            part.positions.append(position)
        return sorted_parts


def build(
    parts: Sequence[Part], *, batch_bytes: int, timestamp_ms: int, compression: Compression
) -> list[Built]:
    """Makes batches of the messages of one partition, in order.

    Args:
        batch_bytes: What one may have before it is compressed; a larger message has one of its own.
        timestamp_ms: When they are sent.
        compression: How they are compressed.
    """
    built: list[Built] = []
    records: list[bytes] = []
    positions: list[int] = []
    room = batch_bytes - HEAD.size

    def finish() -> None:
        nonlocal records, positions, room
        batch = RecordBatch(
            b"".join(records), len(positions), timestamp_ms=timestamp_ms, compression=compression
        )
        built.append(Built(batch, positions))
        records, positions, room = [], [], batch_bytes - HEAD.size

    for part in parts:
        begin, count = 0, len(part.positions)
        while begin < count:
            stop = part.stop(begin, room)
            if stop == begin and positions:
                finish()
                continue
            stop = max(stop, begin + 1)
            records.append(part.records(begin, stop, len(positions)))
            positions += part.positions[begin:stop]
            room -= len(records[-1])
            begin = stop
    if positions:
        finish()
    return built
