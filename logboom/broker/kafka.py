"""Apache Kafka as the broker.

An idempotent producer that waits for all replicas, batches built by partition, and consumers that
commit by hand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner

from logboom.broker.kafka_settings import client_settings, translated
from logboom.broker.kafka_status import KafkaStatus
from logboom.broker.port import ConsumedBatch, Message, OutgoingBatch, PartitionLag
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable

log = logging.getLogger("logboom.broker")

MAX_MESSAGE_BYTES = 1_000_000
"""Below Kafka's usual `message.max.bytes` of 1 MiB, with room for a batch's own bytes."""

_CLOSE_S = 10.0
_MOST_COPIES = 3
_NOT_OURS = (CommitFailedError, IllegalGenerationError, IllegalStateError, UnknownMemberIdError)


class KafkaPublisher:
    """A producer's way into the topic. After a failure it begins anew with a fresh producer."""

    def __init__(self, section: KafkaSection) -> None:
        self._section = section
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self._closed = False
        self._partitioner = DefaultPartitioner()

    @property
    def waiting_for(self) -> str | None:
        """See `Publisher.waiting_for`."""
        return None

    async def publish(self, batch: OutgoingBatch) -> None:
        """See `Publisher.publish`."""
        producer = await self._started()
        try:
            async with asyncio.timeout(2 * self._section.request_timeout.total_seconds()):
                partitions = sorted(await producer.partitions_for(self._section.topic))
                answers = await self._send(producer, batch, partitions)
                await asyncio.gather(*answers)
        except (KafkaError, TimeoutError) as error:
            await self._give_up(producer)
            raise translated(error, self._section) from error

    async def _send(
        self, producer: AIOKafkaProducer, batch: OutgoingBatch, partitions: Sequence[int]
    ) -> list[asyncio.Future[object]]:
        by_partition: dict[int, list[Message]] = {}
        partition_of: dict[bytes, int] = {}
        for message in batch.messages:
            partition = partition_of.get(message.key)
            if partition is None:
                partition = self._partitioner(message.key, partitions, partitions)
                partition_of[message.key] = partition
            by_partition.setdefault(partition, []).append(message)
        answers: list[asyncio.Future[object]] = []
        for partition, messages in by_partition.items():
            answers += [
                await producer.send_batch(built, self._section.topic, partition=partition)
                for built in self._built(producer, messages)
            ]
        return answers

    def _built(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> list[object]:
        builders = [producer.create_batch()]
        for message in messages:
            add = builders[-1].append
            if add(key=message.key, value=message.value, timestamp=None) is None:
                builders.append(producer.create_batch())  # which takes any first message
                builders[-1].append(key=message.key, value=message.value, timestamp=None)
        return builders

    async def _started(self) -> AIOKafkaProducer:
        async with self._turn:
            if self._closed:
                raise BrokerUnavailable("the publisher is closed", where=self._section.topic)
            if self._producer is None:
                timeout_ms = int(self._section.request_timeout.total_seconds() * 1000)
                compression = self._section.compression
                producer = AIOKafkaProducer(
                    **client_settings(self._section),
                    acks="all",
                    enable_idempotence=True,
                    compression_type=None if compression == "none" else compression,
                    max_batch_size=MAX_MESSAGE_BYTES,
                    max_request_size=4 * MAX_MESSAGE_BYTES,
                    request_timeout_ms=timeout_ms,
                )
                await _start(producer, self._section)
                self._producer = producer
            return self._producer

    async def _give_up(self, producer: AIOKafkaProducer) -> None:
        """A producer that failed may have lost its order; the next batch gets a new one."""
        async with self._turn:
            if self._producer is producer:
                self._producer = None
                await _stop(producer)

    async def close(self) -> None:
        """See `Publisher.close`."""
        self._closed = True
        async with self._turn:
            producer, self._producer = self._producer, None
            if producer is not None:
                await _stop(producer)


class KafkaSubscription:
    """One member of a consumer group."""

    def __init__(self, section: KafkaSection, group: str) -> None:
        self._section = section
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Joins the group."""
        timeout_ms = int(self._section.request_timeout.total_seconds() * 1000)
        consumer = AIOKafkaConsumer(
            self._section.topic,
            **client_settings(self._section),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 2**20,
            fetch_max_bytes=32 * 2**20,
            request_timeout_ms=timeout_ms,
            max_poll_interval_ms=600_000,
        )
        await _start(consumer, self._section)
        self._consumer = consumer

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        """See `Subscription.receive`."""
        try:
            found = await self._joined().getmany(
                timeout_ms=int(timeout_s * 1000), max_records=max_messages
            )
        except ConsumerStoppedError as error:
            raise self._is_closed() from error
        except KafkaError as error:
            raise translated(error, self._section) from error
        if not found:
            self._joined()  # which is how closing ends the wait
        return [
            ConsumedBatch(
                place.partition, [r.offset for r in records], [_message(r) for r in records]
            )
            for place, records in found.items()
            if records
        ]

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        consumer = self._joined()
        owned = consumer.assignment()
        offsets = {
            place: position
            for partition, position in positions.items()
            if (place := TopicPartition(self._section.topic, partition)) in owned
        }
        if not offsets:
            return
        try:
            await consumer.commit(offsets)
        except (*_NOT_OURS, RebalanceInProgressError) as error:
            log.info(
                "positions were not committed, another member reads on from the last ones: %s",
                error,
            )
        except KafkaError as error:
            raise translated(error, self._section) from error

    def _joined(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise self._is_closed()
        return self._consumer

    def _is_closed(self) -> BrokerUnavailable:
        return BrokerUnavailable("the subscription is closed", where=self._section.topic)

    async def close(self) -> None:
        """See `Subscription.close`."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _stop(consumer)


class KafkaBroker:
    """A Kafka cluster.

    Args:
        section: Where it is, and how to log in.
    """

    def __init__(self, section: KafkaSection) -> None:
        self._section = section
        self._admin: AIOKafkaAdminClient | None = None
        self._looker: AIOKafkaConsumer | None = None
        self._status = KafkaStatus(section)
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """See `Broker.address`."""
        return f"kafka://{','.join(self._section.bootstrap)}"

    async def publisher(self, *, producer: str) -> KafkaPublisher:  # noqa: ARG002 - Kafka numbers producers itself
        """See `Broker.publisher`."""
        await self._create_topics()
        return KafkaPublisher(self._section)

    async def subscription(self, *, group: str) -> KafkaSubscription:
        """See `Broker.subscription`."""
        await self._create_topics()
        subscription = KafkaSubscription(self._section, group)
        await subscription.start()
        return subscription

    async def lag(self, *, group: str) -> Sequence[PartitionLag]:
        """See `Broker.lag`."""
        topic = self._section.topic
        async with self._turn:
            try:
                admin = await self._administrator()
                committed = await admin.list_consumer_group_offsets(group)
                looker = await self._consumer()
                (described,) = await admin.describe_topics([topic])
                partitions = sorted(entry["partition"] for entry in described["partitions"])
                places = [TopicPartition(topic, partition) for partition in partitions]
                ends = await looker.end_offsets(places) if places else {}
            except (KafkaError, TimeoutError) as error:
                await self._drop_clients()
                raise translated(error, self._section) from error
        return [
            PartitionLag(p.partition, max(0, committed[p].offset) if p in committed else 0, ends[p])
            for p in places
        ]

    async def post_status(self, entries: Mapping[str, bytes]) -> None:
        """See `Broker.post_status`."""
        await self._create_topics_once()
        await self._status.post(entries)

    async def read_status(self) -> Mapping[str, bytes]:
        """See `Broker.read_status`."""
        await self._create_topics_once()
        return await self._status.read()

    async def check(self) -> None:
        """See `Broker.check`."""
        async with self._turn:
            try:
                await (await self._administrator()).describe_cluster()
            except (KafkaError, TimeoutError) as error:
                await self._drop_clients()
                raise translated(error, self._section) from error

    async def close(self) -> None:
        """See `Broker.close`."""
        await self._status.close()
        async with self._turn:
            await self._drop_clients()

    async def _create_topics_once(self) -> None:
        if not self._status.topic_is_known:
            await self._create_topics()
            self._status.topic_is_known = True

    async def _create_topics(self) -> None:
        async with self._turn:
            try:
                admin = await self._administrator()
                present = set(await admin.list_topics())
                missing = [t for t in await self._wanted_topics(admin) if t.name not in present]
                if missing:
                    answer = await admin.create_topics(missing)
                    _raise_for_topics(answer.topic_errors)
            except TopicAlreadyExistsError:
                return
            except (KafkaError, TimeoutError) as error:
                await self._drop_clients()
                raise translated(error, self._section) from error

    async def _wanted_topics(self, admin: AIOKafkaAdminClient) -> list[NewTopic]:
        section = self._section
        copies = section.replication
        if copies < 1:
            copies = min(_MOST_COPIES, len((await admin.describe_cluster())["brokers"]))
        compact = {"cleanup.policy": "compact", "segment.ms": "600000"}
        return [
            NewTopic(section.topic, section.partitions, copies),
            NewTopic(section.status_topic, 1, copies, topic_configs=compact),
        ]

    async def _administrator(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            timeout_ms = int(self._section.request_timeout.total_seconds() * 1000)
            admin = AIOKafkaAdminClient(
                **client_settings(self._section), request_timeout_ms=timeout_ms
            )
            try:
                await admin.start()
            except BaseException:
                await admin.close()
                raise
            self._admin = admin
        return self._admin

    async def _consumer(self) -> AIOKafkaConsumer:
        if self._looker is None:
            looker = AIOKafkaConsumer(**client_settings(self._section), group_id=None)
            await _start(looker, self._section)
            self._looker = looker
        return self._looker

    async def _drop_clients(self) -> None:
        admin, self._admin = self._admin, None
        looker, self._looker = self._looker, None
        if admin is not None:
            await admin.close()
        if looker is not None:
            await _stop(looker)


def _message(record: ConsumerRecord) -> Message:
    return Message(record.key or b"", record.value or b"")


def _raise_for_topics(errors: Sequence[tuple[object, ...]]) -> None:
    for entry in errors:
        code = entry[1]
        kind = for_code(code)
        if code and kind is not TopicAlreadyExistsError:
            raise kind(str(entry[2] if len(entry) > 2 else entry[0]))


async def _start(client: AIOKafkaProducer | AIOKafkaConsumer, section: KafkaSection) -> None:
    try:
        await client.start()
    except (KafkaError, TimeoutError) as error:
        await _stop(client)
        raise translated(error, section) from error
    except BaseException:
        await _stop(client)
        raise


async def _stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stopping waits for answers that may never come; then the connections are simply dropped."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await client.stop()
    except (KafkaError, TimeoutError) as error:
        log.info("a connection to Kafka did not end in order: %s", error)
