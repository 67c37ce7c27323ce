"""Apache Kafka as the broker.

Topics are made where they are missing. The producer's side is in `kafka_publisher.py`, the consumer's
in `kafka_subscription.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from logboom.broker.kafka_limits import topic_limit
from logboom.broker.kafka_probing import why_not
from logboom.broker.kafka_publisher import KafkaPublisher, start, stop
from logboom.broker.kafka_settings import client_settings, translated
from logboom.broker.kafka_status import KafkaStatus
from logboom.broker.kafka_subscription import KafkaSubscription
from logboom.broker.port import PartitionLag
from logboom.clock import SystemClock
from logboom.config import KafkaSection

_MOST_COPIES = 3


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
        self._topic_was_seen = False

    @property
    def address(self) -> str:
        """See `Broker.address`."""
        return f"kafka://{','.join(self._section.bootstrap)}"

    async def publisher(self, *, producer: str, member: int = 0) -> KafkaPublisher:  # noqa: ARG002 - Kafka numbers producers itself
        """See `Broker.publisher`."""
        await self._create_topics()
        async with self._turn:
            limit = await topic_limit(await self._administrator(), self._section.topic)
        return KafkaPublisher(self._section, limit, SystemClock())

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
                if not await self._topic_is_there(admin):
                    return []
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

    async def _topic_is_there(self, admin: AIOKafkaAdminClient) -> bool:
        """Asking for a topic by its name may make it, with other partitions than are wanted."""
        if not self._topic_was_seen:
            self._topic_was_seen = self._section.topic in await admin.list_topics()
        return self._topic_was_seen

    async def post_status(self, entries: Mapping[str, bytes | None]) -> None:
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
            except (KafkaError, TimeoutError) as error:
                await admin.close()
                raise await why_not(error, self._section) from error
            except BaseException:
                await admin.close()
                raise
            self._admin = admin
        return self._admin

    async def _consumer(self) -> AIOKafkaConsumer:
        if self._looker is None:
            looker = AIOKafkaConsumer(**client_settings(self._section), group_id=None)
            await start(looker, self._section)
            self._looker = looker
        return self._looker

    async def _drop_clients(self) -> None:
        admin, self._admin = self._admin, None
        looker, self._looker = self._looker, None
        if admin is not None:
            await admin.close()
        if looker is not None:
            await stop(looker)


def _raise_for_topics(errors: Sequence[tuple[object, ...]]) -> None:
    for entry in errors:
        code = entry[1]
        kind = for_code(code)
        if code and kind is not TopicAlreadyExistsError:
            raise kind(str(entry[2] if len(entry) > 2 else entry[0]))
