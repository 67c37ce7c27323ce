"""The embedded broker: a SQLite file that the processes of one machine share.

One row per compressed batch, one partition, fsync before the ack. A producer's sequence numbers are
kept in the same transaction as its batches, so a batch that is sent again is recognised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from logboom.broker.local_files import EventLog, StatusBoard, hold_producer, release_producer
from logboom.broker.packing import pack, unpack
from logboom.broker.port import ConsumedBatch, OutgoingBatch, PartitionLag
from logboom.config import LocalBrokerSection
from logboom.errors import DiskFull

PARTITION = 0
_LOOK_S = 0.02
_FULL_LOOK_S = 0.25
_Result = TypeVar("_Result")


class _Worker:
    """One thread that owns one database."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def do(self, act: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, act)

    def close(self) -> None:
        self._pool.shutdown()


class LocalPublisher:
    """A producer's way into the embedded broker."""

    def __init__(self, folder: Path, section: LocalBrokerSection, producer: str) -> None:
        self._producer = producer
        self._max_bytes = section.max_bytes
        self._hold = hold_producer(folder, producer)
        self._worker = _Worker("broker-publish")
        self._log = EventLog(folder)
        self._closed = False

    async def publish(self, batch: OutgoingBatch) -> None:
        """See `Publisher.publish`. A batch that was acknowledged before is not stored again."""
        packed = await asyncio.to_thread(pack, batch.messages)
        count = len(batch.messages)

        def append() -> bool:
            return self._log.append(self._producer, batch.sequence, count, packed, self._max_bytes)

        while True:
            if await self._worker.do(append):
                return
            await asyncio.sleep(_FULL_LOOK_S)  # full of events that nobody consumed: push back

    async def close(self) -> None:
        """See `Publisher.close`."""
        if self._closed:
            return
        self._closed = True
        await self._worker.do(self._log.close)
        self._worker.close()
        release_producer(self._hold)


class LocalSubscription:
    """A consumer of the embedded broker.

    The members of a group do not share the work: each event is for the one member that there is.
    """

    def __init__(self, folder: Path, group: str) -> None:
        self._group = group
        self._worker = _Worker("broker-consume")
        self._log = EventLog(folder)
        self._position: int | None = None
        self._closed = False

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        """See `Subscription.receive`."""
        loop = asyncio.get_running_loop()
        due = loop.time() + timeout_s
        while True:
            batches = await self._worker.do(lambda: self._next(max_messages))
            left_s = due - loop.time()
            if batches or left_s <= 0:
                return batches
            await asyncio.sleep(min(_LOOK_S, left_s))

    def _next(self, max_messages: int) -> list[ConsumedBatch]:
        if self._position is None:
            self._position = self._log.committed(self._group)
        batches: list[ConsumedBatch] = []
        for first, count, packed in self._log.read(self._position, max_messages):
            skipped = max(0, self._position - first)
            messages = unpack(packed)[skipped:]
            offsets = range(first + skipped, first + count)
            batches.append(ConsumedBatch(PARTITION, offsets, messages))
            self._position = first + count
        return batches

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        position = positions.get(PARTITION)
        if position is not None:
            await self._worker.do(lambda: self._log.commit(self._group, position))

    async def close(self) -> None:
        """See `Subscription.close`."""
        if self._closed:
            return
        self._closed = True
        await self._worker.do(self._log.close)
        self._worker.close()


class LocalBroker:
    """The embedded broker as one process sees it.

    Args:
        folder: Where its files are; made when it is missing.
        section: Its settings.

    Raises:
        DiskFull: There is no room to make its files.
    """

    def __init__(self, folder: Path, section: LocalBrokerSection) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DiskFull(error.strerror or str(error), where=str(folder)) from error
        self._folder = folder
        self._section = section
        self._worker = _Worker("broker-look")
        self._log = EventLog(folder)
        self._board = StatusBoard(folder)
        self._closed = False

    @property
    def address(self) -> str:
        """See `Broker.address`."""
        return f"local ({self._folder})"

    async def publisher(self, *, producer: str) -> LocalPublisher:
        """See `Broker.publisher`.

        Raises:
            AlreadyRunning: Another process publishes under this name.
        """
        return LocalPublisher(self._folder, self._section, producer)

    async def subscription(self, *, group: str) -> LocalSubscription:
        """See `Broker.subscription`."""
        await self._worker.do(lambda: self._log.join(group))
        return LocalSubscription(self._folder, group)

    async def lag(self, *, group: str) -> Sequence[PartitionLag]:
        """See `Broker.lag`."""
        committed, end = await self._worker.do(
            lambda: (self._log.committed(group), self._log.end())
        )
        return [PartitionLag(PARTITION, committed, end)]

    async def post_status(self, entries: Mapping[str, bytes]) -> None:
        """See `Broker.post_status`."""
        await self._worker.do(lambda: self._board.post(entries))

    async def read_status(self) -> Mapping[str, bytes]:
        """See `Broker.read_status`."""
        return await self._worker.do(self._board.read)

    async def check(self) -> None:
        """See `Broker.check`."""
        await self._worker.do(self._log.end)

    async def close(self) -> None:
        """See `Broker.close`."""
        if self._closed:
            return
        self._closed = True
        await self._worker.do(self._log.close)
        await self._worker.do(self._board.close)
        self._worker.close()
