"""The status stream on Kafka: a compacted topic of one partition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError

from logboom.broker.kafka_draining import Drain, Drained
from logboom.broker.kafka_settings import client_settings, translated
from logboom.config import KafkaSection

log = logging.getLogger("logboom.broker")

_POST_S = 10.0
_AT_ONCE, _LOOK_S = 1_000, 0.2


class KafkaStatus:
    """Posts entries, and keeps up with those of all others."""

    def __init__(self, section: KafkaSection) -> None:
        self._section = section
        self._place = TopicPartition(section.status_topic, 0)
        self._producer: AIOKafkaProducer | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._drain: Drain | None = None
        self._entries: dict[str, bytes] = {}
        self._turn = asyncio.Lock()
        self.topic_is_known = False

    async def post(self, entries: Mapping[str, bytes | None]) -> None:
        """See `Broker.post_status`."""
        async with self._turn:
            try:
                async with asyncio.timeout(_POST_S):
                    producer = await self._started_producer()
                    answers = [
                        await producer.send(self._place.topic, value, key=key.encode(), partition=0)
                        for key, value in entries.items()
                    ]
                    await asyncio.gather(*answers)
            except (KafkaError, TimeoutError) as error:
                await self._drop()
                raise translated(error, self._section) from error

    async def read(self) -> Mapping[str, bytes]:
        """See `Broker.read_status`."""
        async with self._turn:
            try:
                async with asyncio.timeout(_POST_S):
                    await self._catch_up(*await self._started_consumer())
            except (KafkaError, TimeoutError) as error:
                await self._drop()
                raise translated(error, self._section) from error
            return dict(self._entries)

    async def _catch_up(self, consumer: AIOKafkaConsumer, drain: Drain) -> None:
        end = (await consumer.end_offsets([self._place]))[self._place]
        while await consumer.position(self._place) < end:
            try:
                found = await drain.take(max_messages=_AT_ONCE, timeout_s=_LOOK_S)
            except CorruptRecordException:
                continue  # it is fetched again, a few times
            for drained in found.get(self._place, ()):
                self._take(drained)

    def _take(self, drained: Drained) -> None:
        if (lost := drained.unreadable) is not None:
            log.warning(
                "what services told in %s from offset %d to %d cannot be read, and is passed over: %s",
                lost.topic, lost.first, lost.last, lost.reason,
            )  # fmt: skip
        for key, value in zip(drained.keys, drained.values, strict=True):
            if key is not None and value is not None:
                self._entries[key.decode()] = value
            elif key is not None:
                self._entries.pop(key.decode(), None)

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **client_settings(self._section), acks="all", request_timeout_ms=5000
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _started_consumer(self) -> tuple[AIOKafkaConsumer, Drain]:
        if self._consumer is None or self._drain is None:
            consumer = AIOKafkaConsumer(
                **client_settings(self._section), group_id=None, auto_offset_reset="earliest"
            )
            try:
                await consumer.start()
                consumer.assign([self._place])
                await consumer.seek_to_beginning(self._place)
            except BaseException:
                await consumer.stop()
                raise
            self._consumer, self._drain = consumer, Drain(consumer)
        return self._consumer, self._drain

    async def _drop(self) -> None:
        """After a failure everything begins anew; the entries that were read stay."""
        producer, self._producer = self._producer, None
        consumer, self._consumer, self._drain = self._consumer, None, None
        for client in (producer, consumer):
            if client is not None:
                try:
                    async with asyncio.timeout(5.0):
                        await client.stop()
                except (KafkaError, TimeoutError):
                    continue

    async def close(self) -> None:
        """Lets go of all connections."""
        async with self._turn:
            await self._drop()
