"""How are fetched messages taken from Kafka's client batch by batch, without an object for each?

The client hands messages out one by one, each as an object of eleven fields. What it has fetched it
keeps by partition as an iterator over messages; in its place an iterator over whole batches is put, so
that everything else (what is fetched when, positions, rebalances, errors) stays the client's own.

A batch that cannot be read holds up nothing behind it: it is handed out as what it is. One whose checksum
is right will never be read; one whose checksum is wrong is fetched again first, since it may have been
spoilt on its way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

from logboom.broker.port import Unreadable
from logboom.broker.runs import Taken

_FETCHES = 6
"""Of a batch whose checksum is wrong, before it is given up."""


@dataclass(slots=True)
class Drained:
    """Messages of one partition that follow each other.

    Attributes:
        offsets: Of each.
        keys: Of each; None where there was none.
        values: The same.
        unreadable: Stands in place of messages that cannot be read; then there are no others.
    """

    offsets: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    unreadable: Unreadable | None = None

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
        self._spoilt: dict[TopicPartition, tuple[int, int]] = {}
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

    def is_given_up(self, place: TopicPartition, offset: int) -> bool:
        """Whether a batch with a wrong checksum was fetched often enough; called once for each fetch."""
        before, fetches = self._spoilt.get(place, (offset, 0))
        fetches = fetches + 1 if before == offset else 1
        self._spoilt[place] = offset, fetches
        return fetches >= _FETCHES

    def end_of(self, place: TopicPartition) -> int | None:
        """The offset that the next message of a partition will get, as far as the client knows."""
        end: int | None = self._consumer.highwater(place)
        return end


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
        self._ahead: Any = None
        self._unreadable: Unreadable | None = None
        self.next_fetch_offset: int = records.next_fetch_offset
        # An iterator that is never begun holds what it was made by: as a ring, all that was fetched
        # would wait for the collector.
        records._records_iterator = None  # noqa: SLF001

    def __iter__(self) -> _Batches:
        return self

    def __next__(self) -> Drained:
        found = Drained()
        try:
            while self._unreadable is None and len(found.offsets) < self._drain.room:
                batch = self._next_batch()
                if batch is None:
                    break
                self._unreadable = self._take(batch, found)
        except (CorruptRecordException, MemoryError):  # nothing may be passed over
            self._batches = _NOTHING  # this batch and the rest are fetched again
            if not found.offsets:
                raise
        if found.offsets:
            return found
        if self._unreadable is not None:
            return self._passed_over(self._unreadable)
        raise StopIteration

    def _next_batch(self) -> Any:  # noqa: ANN401 - as above
        """None when there is none."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return ahead
        return self._batches.next_batch() if self._batches.has_next() else None

    def _take(self, batch: Any, found: Drained) -> Unreadable | None:  # noqa: ANN401 - as above
        """Takes what can be read; gives what cannot."""
        if not batch.validate_crc():
            if not self._drain.is_given_up(self._place, batch.base_offset):
                raise CorruptRecordException(f"Invalid CRC - {self._place}")
            end = self._end_of_spoilt(batch)
            return self._unreadable_part(self.next_fetch_offset, end, "its checksum is wrong")
        if batch.is_control_batch:
            self.next_fetch_offset = batch.next_offset
            return None
        records, fault = _records_in(batch)
        end = batch.next_offset if fault is None else _behind(records, batch.base_offset)
        self._add(records, found)
        self.next_fetch_offset = max(self.next_fetch_offset, end)
        if fault is None:
            return None
        return self._unreadable_part(self.next_fetch_offset, batch.next_offset, fault)

    def _add(self, records: list[Any], found: Drained) -> None:
        if (
            records and records[0].offset < self.next_fetch_offset
        ):  # the middle of a batch was asked for
            records = [record for record in records if record.offset >= self.next_fetch_offset]
        found.offsets += [record.offset for record in records]
        found.keys += [record.key for record in records]
        found.values += [record.value for record in records]

    def _unreadable_part(self, first: int, end: int, fault: str) -> Unreadable:
        """The messages from one offset to before another; where none is left, the last is named."""
        topic, partition = self._place
        return Unreadable(topic, partition, min(first, end - 1), end - 1, fault)

    def _passed_over(self, unreadable: Unreadable) -> Drained:
        self._unreadable = None
        self.next_fetch_offset = max(self.next_fetch_offset, unreadable.last + 1)
        return Drained(unreadable=unreadable)

    def _end_of_spoilt(self, batch: Any) -> int:  # noqa: ANN401 - as above
        """Where a batch ends that may say anything of itself: where the next one begins, if it is known.

        Otherwise where its records end, if they can be read: then it is its head that is spoilt.
        """
        end: int = batch.next_offset
        known = self._drain.end_of(self._place)
        if known is not None:
            end = min(end, known)
        try:
            self._ahead = self._next_batch()
        except CorruptRecordException:
            self._batches = _NOTHING
        if self._ahead is not None and self._ahead.validate_crc():
            end = self._ahead.base_offset
        else:  # what is taken for its end too early is given up again; too late, good messages would be
            records, fault = _records_in(batch)
            if fault is None:
                end = min(end, _behind(records, batch.base_offset))
        return max(end, self.next_fetch_offset + 1)


def _records_in(batch: Any) -> tuple[list[Any], str | None]:  # noqa: ANN401 - as above
    """The records of a batch up to the first that cannot be read, and why it cannot."""
    records: list[Any] = []
    try:
        records.extend(batch)  # keeps those before an error
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the client's decoders raise what they please
        return records, str(error) or type(error).__name__
    return records, None


def _behind(records: list[Any], first: int) -> int:
    """The offset behind the last record."""
    return records[-1].offset + 1 if records else first


class _Nothing:
    """No batches."""

    def has_next(self) -> bool:
        return False


_NOTHING = _Nothing()
