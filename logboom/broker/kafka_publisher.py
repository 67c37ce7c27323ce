"""How does a batch get into Kafka, whatever its size limits are?

An idempotent producer that waits for all replicas, with batches built by partition. A topic's limit
counts for what is sent at once, compressed: so batches stay below it uncompressed, and a single
message above it is sent alone, since it may be small enough when compressed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)

from logboom.broker.kafka_batches import Built, Part, Sorter, build
from logboom.broker.kafka_probing import why_not
from logboom.broker.kafka_settings import client_settings, place_of, translated
from logboom.broker.kafka_turns import Turn, Turns
from logboom.broker.port import OutgoingBatch
from logboom.clock import Clock
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable, EventsTooLarge

log = logging.getLogger("logboom.broker")

MAX_BATCH_BYTES = 1_000_000
"""Below Kafka's usual `message.max.bytes` of 1 MiB, with room for a batch's own bytes."""

_OVERHEAD_BYTES = 512
"""What a batch's and a message's own bytes may take, names of fields and key included."""

_SMALLEST_BATCH_BYTES = 1024
_CLOSE_S = 10.0
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Messages that Kafka did not take, all of one request to one partition.

    Attributes:
        positions: Theirs in the batch.
        is_too_large: It is for their size; else they came behind such ones, and Kafka misses
            these.
    """

    positions: Sequence[int]
    is_too_large: bool


class KafkaPublisher:
    """A producer's way into the topic. After a failure it begins anew with a fresh producer.

    Args:
        section: How Kafka is reached.
        topic_limit_bytes: What the topic takes at once; None when it does not tell.
        clock: Messages bear the time at which they are sent.
    """

    def __init__(self, section: KafkaSection, topic_limit_bytes: int | None, clock: Clock) -> None:
        self._section = section
        self._clock = clock
        self._limit_bytes = topic_limit_bytes
        most = MAX_BATCH_BYTES if topic_limit_bytes is None else topic_limit_bytes - _OVERHEAD_BYTES
        self._batch_bytes = max(_SMALLEST_BATCH_BYTES, min(MAX_BATCH_BYTES, most))
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self._entrance = asyncio.Lock()
        self._turns = Turns()
        self._patience_s = 2 * section.request_timeout.total_seconds()
        self._closed = False
        self._sorter = Sorter(section)

    @property
    def waiting_for(self) -> str | None:
        """See `Publisher.waiting_for`."""
        return None

    async def publish(self, batch: OutgoingBatch) -> None:
        """See `Publisher.publish`."""
        positions: Sequence[int] = range(len(batch.messages))
        refused: list[int] = []
        while positions:
            async with self._entrance:
                producer, partitions = await self._ready()
                sorting = self._sorter.sort(batch.messages, positions, partitions)
                turns = self._turns.take(sorting)
            try:
                failed = await self._send(producer, sorting, turns)
            finally:
                for turn in turns.values():
                    turn.end()
            if failed:
                await self._give_up(producer)
                self._learn(failed)
            refused += [p.positions[0] for p in failed if p.is_too_large and len(p.positions) == 1]
            known = set(refused)
            positions = sorted(p for piece in failed for p in piece.positions if p not in known)
        if refused:
            raise EventsTooLarge(
                f"events are too large for the limits of the topic {self._section.topic}",
                positions=sorted(refused),
                limit_bytes=self._limit_bytes,
                where=place_of(self._section),
            )

    def _learn(self, failed: Sequence[_Piece]) -> None:
        """A topic that did not tell its limit, or that has another one by now, is tried out."""
        if any(piece.is_too_large and len(piece.positions) > 1 for piece in failed):
            self._batch_bytes = max(_SMALLEST_BATCH_BYTES, self._batch_bytes // 2)
            log.info(
                "Kafka refuses batches for their size: %d bytes from now on", self._batch_bytes
            )

    async def _ready(self) -> tuple[AIOKafkaProducer, list[int]]:
        """The producer, and the partitions of the topic."""
        producer = await self._started()
        try:
            async with asyncio.timeout(self._patience_s):
                return producer, sorted(await producer.partitions_for(self._section.topic))
        except (KafkaError, TimeoutError) as error:
            await self._give_up(producer)
            raise translated(error, self._section) from error

    async def _send(
        self, producer: AIOKafkaProducer, sorting: Mapping[int, Sequence[Part]],
        turns: Mapping[int, Turn],
    ) -> list[_Piece]:  # fmt: skip
        """Sends messages; gives what Kafka did not take for its size, all others are durable."""
        pieces: list[Sequence[int]] = []
        answers: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(self._patience_s):
                for partition, parts in sorting.items():
                    built = await asyncio.to_thread(self._built, parts)
                    await turns[partition].come()
                    for one in built:
                        pieces.append(one.positions)
                        answers.append(
                            await producer.send_batch(
                                one.batch, self._section.topic, partition=partition
                            )
                        )
                    turns[partition].end()
                results = await asyncio.gather(*answers, return_exceptions=True)
        except (KafkaError, TimeoutError) as error:
            await self._give_up(producer)
            raise translated(error, self._section) from error
        failures = [
            (taken, result)
            for taken, result in zip(pieces, results, strict=True)
            if isinstance(result, BaseException)
        ]
        if failures and not any(isinstance(result, _TOO_LARGE) for _, result in failures):
            await self._give_up(producer)
        for _, result in failures:
            if not isinstance(result, KafkaError):
                raise result
            if not any(isinstance(other, _TOO_LARGE) for _, other in failures):
                raise translated(result, self._section) from result
        return [_Piece(taken, isinstance(result, _TOO_LARGE)) for taken, result in failures]

    def _built(self, parts: Sequence[Part]) -> list[Built]:
        return build(
            parts,
            batch_bytes=self._batch_bytes,
            timestamp_ms=self._clock.now_ns() // 1_000_000,
            compression=self._section.compression,
        )

    async def _started(self) -> AIOKafkaProducer:
        async with self._turn:
            if self._closed:
                raise BrokerUnavailable("the publisher is closed", where=self._section.topic)
            if self._producer is None:
                timeout_ms = int(self._section.request_timeout.total_seconds() * 1000)
                producer = AIOKafkaProducer(
                    **client_settings(self._section),
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=self._batch_bytes,
                    max_request_size=4 * MAX_BATCH_BYTES,
                    request_timeout_ms=timeout_ms,
                )
                await start(producer, self._section)
                self._producer = producer
            return self._producer

    async def _give_up(self, producer: AIOKafkaProducer) -> None:
        """A producer that failed may have lost its order; the next batch gets a new one."""
        async with self._turn:
            if self._producer is producer:
                self._producer = None
                await stop(producer)

    async def close(self) -> None:
        """See `Publisher.close`."""
        self._closed = True
        async with self._turn:
            producer, self._producer = self._producer, None
            if producer is not None:
                await stop(producer)


async def start(client: AIOKafkaProducer | AIOKafkaConsumer, section: KafkaSection) -> None:
    """Starts a client of Kafka.

    Raises:
        BrokerError: It could not be started, and is stopped again.
    """
    try:
        await client.start()
    except (KafkaError, TimeoutError) as error:
        await stop(client)
        raise await why_not(error, section) from error
    except BaseException:
        await stop(client)
        raise


async def stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stopping waits for answers that may never come; then the connections are simply dropped."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await client.stop()
    except (KafkaError, TimeoutError, RuntimeError) as error:  # uvloop: a closed connection
        log.info("a connection to Kafka did not end in order: %s", error)
