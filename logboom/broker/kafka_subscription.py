"""How does one of several consumers of Kafka take, commit and give up partitions?

A rebalance is eager in this client: every member gives up all of its partitions and gets most of them
back (docs/adr/0016). Before it does, what it handed out is stored and committed, so that the next
owner reads nothing a second time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from logboom.broker.kafka_claims import Claims
from logboom.broker.kafka_draining import Drain, Drained
from logboom.broker.kafka_publisher import start, stop
from logboom.broker.kafka_settings import client_settings, translated
from logboom.broker.port import ConsumedBatch
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable

log = logging.getLogger("logboom.broker")

_NOT_OURS = (
    CommitFailedError, IllegalGenerationError, IllegalStateError, RebalanceInProgressError,
    UnknownMemberIdError,
)  # fmt: skip
_AT_AN_END = (KafkaError, GroupAuthorizationFailedError)
"""Exactly these mean that a task of the client has ended (an unexpected answer, a right that was taken
away), which it never begins again."""
_GRACE_S = 0.2
_HEARTBEAT_S = 1.0
_SESSION_S = 10.0
"""A member of which Kafka hears nothing for so long is dead."""
_PATIENCE = 0.5
"""Part of the time for a rebalance that the last write may take; the others wait for us meanwhile."""
_LATER_S = 5.0
"""Kafka answers those who join when the slowest has joined, or is late: it must be heard then."""

_Found = tuple[int, Mapping[TopicPartition, Sequence[Drained]]]
"""What was fetched, and the generation of claims in which."""


class KafkaSubscription:
    """One member of a consumer group.

    Args:
        section: How Kafka is reached.
        group: Name of the group.
    """

    def __init__(self, section: KafkaSection, group: str) -> None:
        self._section = section
        self._group = group
        self._timeout_s = section.request_timeout.total_seconds()
        self._consumer: AIOKafkaConsumer | None = None
        self._drain: Drain | None = None
        self._claims = Claims()
        self._asking: asyncio.Task[_Found] | None = None
        self._committing = asyncio.Lock()
        self._closed = False
        self.rebalances = 0

    async def start(self) -> None:
        """Joins the group."""
        answered_within_s = max(self._timeout_s, _SESSION_S) + _LATER_S
        consumer = AIOKafkaConsumer(
            **client_settings(self._section),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 2**20,
            fetch_max_bytes=32 * 2**20,
            request_timeout_ms=int(answered_within_s * 1000),
            rebalance_timeout_ms=int(self._timeout_s * 1000),
            session_timeout_ms=int(_SESSION_S * 1000),
            heartbeat_interval_ms=int(_HEARTBEAT_S * 1000),
            max_poll_interval_ms=600_000,
            partition_assignment_strategy=(_sticky(),),  # with two of them this client joins twice
        )
        consumer.subscribe([self._section.topic], listener=_Listener(self))
        await start(consumer, self._section)
        self._drain = Drain(consumer)
        self._consumer = consumer

    @property
    def partitions(self) -> frozenset[int]:
        """See `Subscription.partitions`."""
        consumer = self._consumer
        places: Iterable[TopicPartition] = () if consumer is None else consumer.assignment()
        return frozenset(place.partition for place in places)

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        """See `Subscription.receive`.

        While the group shares the partitions anew the client's own wait has no end, and must not
        be cut off: it goes on, and the next call takes what it finds. A client that was dropped and
        joins anew is a broker that does not answer, until it has joined.
        """
        self._check_open()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(max_messages, timeout_s))
        asking = self._asking
        await asyncio.wait([asking], timeout=timeout_s + _GRACE_S)
        if not asking.done():
            self._check_open()
            if self._consumer is None:
                raise BrokerUnavailable("it joins its group anew", where=self._section.topic)
            return []
        if self._asking is asking:
            self._asking = None
        try:
            generation, found = asking.result()
        except asyncio.CancelledError as error:
            raise self._is_closed() from error
        except ConsumerStoppedError as error:
            raise self._is_closed() from error
        except KafkaError as error:
            raise translated(error, self._section) from error
        if not found:
            self._check_open()  # which is how closing ends the wait
        if generation != self._claims.generation:
            return []  # these were given up meanwhile, and are read anew by whose they are now
        return [
            self._handed_out(place.partition, drained)
            for place, pieces in found.items()
            for drained in pieces
        ]

    async def _ask(self, max_messages: int, timeout_s: float) -> _Found:
        if self._consumer is not None and _is_blind(self._consumer):
            await self._drop(self._consumer)
        if self._consumer is None:
            await self.start()
        consumer, drain = self._consumer, self._drain
        if consumer is None or drain is None:
            raise self._is_closed()
        try:
            found = await drain.take(max_messages=max_messages, timeout_s=timeout_s)
        except KafkaError as error:
            if type(error) in _AT_AN_END:
                await self._drop(consumer)
            raise
        return self._claims.generation, found

    def _handed_out(self, partition: int, drained: Drained) -> ConsumedBatch:
        batch = ConsumedBatch(partition, drained.offsets, drained.messages, drained.unreadable)
        self._claims.hand_out(partition, batch.first_offset, batch.next_offset)
        return batch

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`.

        The client's own commit has no end while nobody coordinates the group.
        """
        self._check_open()
        try:
            async with self._committing, asyncio.timeout(self._timeout_s):
                consumer = self._consumer
                ours = self._claims.committable(positions, self.partitions)
                if consumer is not None and ours:
                    topic = self._section.topic
                    await consumer.commit({TopicPartition(topic, p): o for p, o in ours.items()})
        except _NOT_OURS as error:
            log.info(
                "positions were not committed, another member reads on from the last ones: %s",
                error,
            )
        except (KafkaError, TimeoutError) as error:
            raise translated(error, self._section) from error
        self._claims.settle(positions)

    async def give_up(self) -> None:
        """Waits, with bounds, until what was handed out is committed; then nothing is ours."""
        self._claims.close_books()
        patience_s = self._timeout_s * _PATIENCE
        if not await self._claims.wait_until_settled(patience_s=patience_s):
            log.warning(
                "partitions are given up before the last write ended: another processor takes the"
                " same events, and the store recognises them"
            )
        self._claims.forget()

    def take_over(self, partitions: Iterable[int]) -> None:
        """Partitions are ours now."""
        self.rebalances += 1
        log.info("partitions of this consumer: %s", sorted(partitions))

    async def _drop(self, consumer: AIOKafkaConsumer) -> None:
        """The client is left for good; the next `receive` joins anew with another one."""
        self._claims.close_books()
        self._claims.forget()
        async with self._committing:  # a commit of a client that is stopped may never end
            self._consumer = self._drain = None
            await stop(consumer)

    def _check_open(self) -> None:
        if self._closed:
            raise self._is_closed()

    def _is_closed(self) -> BrokerUnavailable:
        return BrokerUnavailable("the subscription is closed", where=self._section.topic)

    async def close(self) -> None:
        """See `Subscription.close`."""
        self._closed = True
        consumer, self._consumer = self._consumer, None
        self._claims.forget()
        if consumer is not None:
            await stop(consumer)
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


def _is_blind(consumer: AIOKafkaConsumer) -> bool:
    """Whether a client looks for its brokers no more, and would wait for ever once they have moved.

    Its task for that ends when it writes to a connection that was closed just before: uvloop calls that
    a RuntimeError, which the client does not foresee.
    """
    looking = consumer._client._sync_task  # noqa: SLF001 - nothing else tells
    return looking is not None and looking.done()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # the client asks for its class
    """Tells the subscription what the group decided."""

    def __init__(self, subscription: KafkaSubscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        await self._subscription.give_up()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._subscription.take_over(place.partition for place in assigned)


def _sticky() -> type[StickyPartitionAssignor]:
    """A sticky assignor of one member: the client's own keeps what it had on its class."""

    class Sticky(StickyPartitionAssignor):  # type: ignore[misc] # the client is not typed
        """What one member had before."""

    return Sticky
