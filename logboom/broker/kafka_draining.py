"""How are fetched messages taken from Kafka's client batch by batch, without an object for each?

The client hands messages out one by one, each as an object of eleven fields. What it has fetched it
keeps by partition as an iterator over messages; in its place an iterator over whole batches is put, so
that everything else (what is fetched when, positions, rebalances, errors) stays the client's own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

from logboom.broker.runs import Taken


@dataclass(slots=True)
class Drained:
    """Messages of one partition that follow each other.

    Attributes:
        offsets: Of each.
        keys: Of each; None where there was none.
        values: The same.
    """

    offsets: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)

    @property
    def messages(self) -> Taken:
        """Messages with empty bytes where there was nothing."""
        return Taken([key or b"" for key in self.keys], [value or b"" for value in self.values])


class Drain:
    """Takes what a consumer has fetched.

    Args:
        consumer: It was started.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.room = 1
        fetcher = consumer._fetcher  # noqa: SLF001 - see above
        present = fetcher._records  # noqa: SLF001
        self._fetched = _Fetched(self)
        self._fetched.update(present)
        fetcher._records = self._fetched  # noqa: SLF001

    async def take(
        self, *, max_messages: int, timeout_s: float
    ) -> dict[TopicPartition, Sequence[Drained]]:
        """Whole batches of one partition, until there are so many messages; of another one next time.

        The client would go through all that was fetched of the first partition before the next one:
        compressed, that may be hundreds of thousands of messages.

        Raises:
            KafkaError: As `AIOKafkaConsumer.getmany`.
        """
        self.room = max_messages
        found: dict[TopicPartition, Sequence[Drained]] = await self._consumer.getmany(
            timeout_ms=int(timeout_s * 1000), max_records=1
        )
        for place in found:
            self._fetched.put_last(place)
        return found


class _Fetched(OrderedDict[TopicPartition, Any]):
    """What the client has fetched, by partition: results, and errors, which stay as they are."""

    def __init__(self, drain: Drain) -> None:
        super().__init__()
        self._drain = drain

    def __setitem__(self, place: TopicPartition, result: Any) -> None:  # noqa: ANN401 - the client is not typed
        if isinstance(result, FetchResult):
            result._partition_records = _Batches(  # noqa: SLF001
                place, result._partition_records, self._drain  # noqa: SLF001
            )  # fmt: skip
        super().__setitem__(place, result)

    def put_last(self, place: TopicPartition) -> None:
        """Lets all other partitions come before this one."""
        if place in self:
            self.move_to_end(place)


class _Batches:
    """Goes through fetched batches as the client goes through their messages.

    As it does with `read_uncommitted`, its default: transactions that were taken back are not left out.

    Attributes:
        next_fetch_offset: The position behind what was taken; the client reads it.
    """

    def __init__(self, place: TopicPartition, records: PartitionRecords, drain: Drain) -> None:
        self._place = place
        self._batches: Any = records._records  # noqa: SLF001
        self._drain = drain
        self.next_fetch_offset: int = records.next_fetch_offset
        # An iterator that is never begun holds what it was made by: as a ring, all that was fetched
        # would wait for the collector.
        records._records_iterator = None  # noqa: SLF001

    def __iter__(self) -> _Batches:
        return self

    def __next__(self) -> Drained:
        found = Drained()
        try:
            while len(found.offsets) < self._drain.room and self._batches.has_next():
                self._take(self._batches.next_batch(), found)
        except Exception:  # whatever it is, nothing may be passed over
            self._batches = _NOTHING  # this batch and the rest are fetched again
            if not found.offsets:
                raise
        if not found.offsets:
            raise StopIteration
        return found

    def _take(self, batch: Any, found: Drained) -> None:  # noqa: ANN401 - as above
        if not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._place}")
        if not batch.is_control_batch:
            self._add(batch, found)
        self.next_fetch_offset = batch.next_offset

    def _add(self, batch: Any, found: Drained) -> None:  # noqa: ANN401 - as above
        records = list(batch)
        if (
            records and records[0].offset < self.next_fetch_offset
        ):  # the middle of a batch was asked for
            records = [record for record in records if record.offset >= self.next_fetch_offset]
        found.offsets += [record.offset for record in records]
        found.keys += [record.key for record in records]
        found.values += [record.value for record in records]


class _Nothing:
    """No batches."""

    def has_next(self) -> bool:
        return False


_NOTHING = _Nothing()
