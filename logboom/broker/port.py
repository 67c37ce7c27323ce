"""What the services may ask of a broker, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One event on its way. A tuple, because making a frozen dataclass takes half as long again.

    Attributes:
        key: Messages of one key stay in order (same partition).
        value: The event as UTF-8 JSON. Its `event.id` makes a replay recognisable.
    """

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class OutgoingBatch:
    """Messages that a producer hands over together.

    Attributes:
        sequence: Grows by one with every new batch of one producer. A batch that is sent again
            after a crash carries its old number and the same events, so that a broker that
            remembers the last numbers it took can tell.
        messages: In the order in which they are to be read.
        identity: Says which events these are, however they are written: equal for a batch that is
            sent again, and another one for a batch that has its number by mistake. 64 bits.
    """

    sequence: int
    messages: Sequence[Message]
    identity: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Messages that the broker has, and that cannot be read out of its bytes, however often.

    Attributes:
        topic: Where they are.
        partition: Number of the partition, from 0.
        first: Offset of the first of them.
        last: Offset of the last of them.
        reason: What is wrong with the bytes.
        content: The bytes; empty where only the broker has them.
    """

    topic: str
    partition: int
    first: int
    last: int
    reason: str
    content: bytes = b""

    @property
    def count(self) -> int:
        """How many messages they may be."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class ConsumedBatch:
    """Messages of one partition, in order.

    Attributes:
        partition: Number of the partition, from 0.
        offsets: The offset of each message, ascending, as long as `messages`.
        messages: At least one, or none where there are unreadable ones.
        unreadable: Messages that stand here and cannot be read.
    """

    partition: int
    offsets: Sequence[int]
    messages: Sequence[Message]
    unreadable: Unreadable | None = None

    @property
    def first_offset(self) -> int:
        """Where it begins."""
        return self.offsets[0] if self.unreadable is None else self.unreadable.first

    @property
    def next_offset(self) -> int:
        """The position to commit once everything in this batch is durable downstream."""
        return (self.offsets[-1] if self.unreadable is None else self.unreadable.last) + 1


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How far a consumer group is behind in one partition.

    Attributes:
        committed: Next offset that the group will read after a restart; 0 when it never committed.
        end: Offset that the next published message will get.
    """

    partition: int
    committed: int
    end: int

    @property
    def messages(self) -> int:
        """Messages published and not yet committed."""
        return max(0, self.end - self.committed)


class Publisher(Protocol):
    """One producer's way into one topic."""

    @property
    def waiting_for(self) -> str | None:
        """What keeps `publish` from returning, in words for people; None when nothing does."""
        ...

    async def publish(self, batch: OutgoingBatch) -> None:
        """Returns when every message of the batch is durable.

        Several calls may be under way at once; each is answered on its own. Batches that are
        started in order arrive in order within a partition as long as none fails. A batch whose
        sequence this producer has had acknowledged before may be stored again (Kafka) or
        recognised and dropped (local).

        Raises:
            BrokerUnavailable: The batch may or may not have arrived; publish it again. Or this
                publisher is closed; then the text says so.
            EventsTooLarge: Single messages are refused for their size; all others are durable.
                Publish smaller ones in place of these under the same number.
            BrokerRefused: The broker will never take this batch.
            DiskFull: The embedded broker has no room; publish it again later.
        """
        ...

    async def close(self) -> None:
        """Waits until no batch is on its way, and lets go of all resources. Idempotent.

        A `publish` that has not begun to send by then raises `BrokerUnavailable`, as later ones do.
        """
        ...


class Subscription(Protocol):
    """One member of a consumer group reading one topic, from the group's committed positions."""

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that this member reads now; others may come and go at any time."""
        ...

    @property
    def rebalances(self) -> int:
        """How often this member was given its partitions; the embedded broker does not count."""
        ...

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        """Waits for messages.

        What stands behind messages that cannot be read is read all the same.

        Args:
            max_messages: Give back about this many at most; a batch is never cut for it, except
                that at least one batch is given when there is any.
            timeout_s: Return empty-handed after this long.

        Raises:
            BrokerUnavailable: Ask again later. Or this subscription is closed; then the text says
                so.
            BrokerRefused: It will never work.
        """
        ...

    async def commit(self, positions: Mapping[int, int]) -> None:
        """Makes the group's positions durable: partition → next offset to read.

        Positions of partitions that this member no longer owns are passed over: their new owner
        reads those messages again, and the store recognises them.

        Raises:
            BrokerUnavailable: Commit again later. Or this subscription is closed; then the text
                says so.
        """
        ...

    async def close(self) -> None:
        """Leaves the group, so that others take over at once. Idempotent.

        A `receive` that is under way raises `BrokerUnavailable`, as later ones do.
        """
        ...


class Broker(Protocol):
    """A Kafka cluster, or the embedded broker."""

    @property
    def address(self) -> str:
        """Where it is, for messages to people; without secrets."""
        ...

    async def publisher(self, *, producer: str, member: int = 0) -> Publisher:
        """Opens a way into the events' topic, creating the topic where it is missing.

        Args:
            producer: Stable name of the producer, the same after a restart. No two batches of one
                name have the same number, whichever of its members publishes them.
            member: Which of the producer's processes this is. At most one process publishes as one
                member at a time.

        Raises:
            BrokerUnavailable: Try again later.
            BrokerRefused: Credentials, rights or the address are wrong.
        """
        ...

    async def subscription(self, *, group: str) -> Subscription:
        """Joins a consumer group on the events' topic; a new group starts at the oldest message.

        Raises:
            BrokerUnavailable: Try again later.
            BrokerRefused: Credentials, rights or the address are wrong.
        """
        ...

    async def lag(self, *, group: str) -> Sequence[PartitionLag]:
        """How far the group is behind, by partition in ascending order; empty without the topic.

        Raises:
            BrokerUnavailable: Ask again later.
        """
        ...

    async def post_status(self, entries: Mapping[str, bytes | None]) -> None:
        """Puts entries onto the status stream; the last one of each key counts, and None forgets it.

        Raises:
            BrokerUnavailable: Post again later.
        """
        ...

    async def read_status(self) -> Mapping[str, bytes]:
        """The last entry of every key of the status stream.

        Raises:
            BrokerUnavailable: Ask again later.
        """
        ...

    async def check(self) -> None:
        """Returns when the broker answers.

        Raises:
            BrokerUnavailable: It does not.
            BrokerRefused: It does, and refuses us.
        """
        ...

    async def close(self) -> None:
        """Lets go of all connections that are not owned by a publisher or a subscription."""
        ...
