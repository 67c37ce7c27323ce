"""The embedded broker: a SQLite file that the processes of one machine share.

One row per compressed batch, one partition, fsync before the ack. A producer's sequence numbers are
kept in the same transaction as its batches, so a batch that is sent again is recognised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from logboom.broker.local_log import EventLog, PackedBatch, StoredBatch
from logboom.broker.local_seats import Seat
from logboom.broker.local_sqlite import for_os_error
from logboom.broker.local_status import StatusBoard
from logboom.broker.packing import Packer, Unpackable, Unpacker
from logboom.broker.port import ConsumedBatch, OutgoingBatch, PartitionLag, Unreadable
from logboom.config import LocalBrokerSection
from logboom.errors import AlreadyRunning, BrokerUnavailable
from logboom.own_thread import OwnThread

log = logging.getLogger("logboom.broker")

PARTITION = 0
_LOOK_S = 0.02
_FULL_LOOK_S = 0.25


class LocalPublisher:
    """A producer's way into the embedded broker.

    Raises:
        AlreadyRunning: Another process publishes under this name.
    """

    def __init__(
        self, folder: Path, section: LocalBrokerSection, producer: str, member: int
    ) -> None:
        self._producer = producer
        self._max_bytes = section.max_bytes
        self._seat = Seat(folder, "producer", f"{producer}/{member}" if member else producer)
        if not self._seat.take():
            self._seat.close()
            raise AlreadyRunning(
                "another process publishes under the same name",
                where=producer,
                mend="stop it first",
            )
        self._packing = OwnThread("broker-pack", Packer, lambda _: None, closed=BrokerUnavailable)
        self._log = _log_thread("broker-publish", folder)
        self._turn = asyncio.Lock()
        self._closed = False
        self._is_full = False

    @property
    def waiting_for(self) -> str | None:
        """See `Publisher.waiting_for`."""
        if not self._is_full:
            return None
        return f"the embedded broker is full: {self._max_bytes} bytes wait to be processed"

    async def publish(self, batch: OutgoingBatch) -> None:
        """See `Publisher.publish`. A batch that was acknowledged before is not stored again."""
        if not batch.messages:
            return
        packing = self._packing.do(lambda packer: packer.pack(batch.messages))
        async with self._turn:  # taken in the order of the calls: nothing was awaited before
            packed = await packing
            row = PackedBatch(batch.sequence, len(batch.messages), batch.identity, packed)
            await self._append(row)

    async def _append(self, row: PackedBatch) -> None:
        try:
            while not await self._log.do(
                lambda events: events.append(self._producer, row, self._max_bytes)
            ):
                if not self._is_full:
                    self._is_full = True
                    log.warning("%s", self.waiting_for)
                await asyncio.sleep(_FULL_LOOK_S)
        finally:
            self._is_full = False

    async def close(self) -> None:
        """See `Publisher.close`."""
        if self._closed:
            return
        self._closed = True
        await self._packing.close()
        await self._log.close()
        self._seat.close()


class LocalSubscription:
    """A consumer of the embedded broker.

    There is one partition, so one member of a group gets all messages, and the others wait for its
    end: they go on where it committed last.
    """

    def __init__(self, folder: Path, group: str) -> None:
        self._group = group
        self._seat = Seat(folder, "group", group)
        self._log = _log_thread("broker-consume", folder)
        self._unpacker = Unpacker()
        self._position: int | None = None
        self._is_drained = False
        self._closed = False
        self.rebalances = 0

    @property
    def partitions(self) -> frozenset[int]:
        """See `Subscription.partitions`."""
        return frozenset([PARTITION]) if self._seat.is_held else frozenset()

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        """See `Subscription.receive`."""
        clock = asyncio.get_running_loop().time
        due = clock() + timeout_s
        while True:
            batches = await self._next(max_messages)
            left_s = due - clock()
            if batches or left_s <= 0:
                return batches
            await asyncio.sleep(min(_LOOK_S, left_s))

    async def _next(self, max_messages: int) -> Sequence[ConsumedBatch]:
        """What is there now. The position moves only with a result that is really handed over."""
        if not self._is_ours():
            return []
        position, was_drained = self._position, self._is_drained
        self._is_drained = False
        batches = await self._log.do(
            lambda events: self._read(events, position, max_messages, only_news=was_drained)
        )
        self._is_drained = not batches
        if batches:
            self._position = batches[-1].next_offset
        return batches

    def _is_ours(self) -> bool:
        if self._closed:
            raise BrokerUnavailable("the subscription is closed", where=self._group)
        return self._seat.take()

    def _read(
        self, events: EventLog, position: int | None, max_messages: int, *, only_news: bool
    ) -> list[ConsumedBatch]:
        news = events.has_news()  # before reading: what comes meanwhile is news again
        if only_news and not news:
            return []
        if position is None:
            position = events.committed(self._group)
        rows = events.read(position, max_messages)
        return [self._batch(events, row, max(position, row.first)) for row in rows]

    def _batch(self, events: EventLog, row: StoredBatch, first: int) -> ConsumedBatch:
        """What a row has from one offset on; what cannot be unpacked holds up nothing behind it."""
        try:
            messages = self._unpacker.unpack(row.packed, row.count)[first - row.first :]
        except Unpackable as error:
            last = max(first, events.behind(row.first) - 1)
            unreadable = Unreadable("local", PARTITION, first, last, str(error), row.packed)
            return ConsumedBatch(PARTITION, (), (), unreadable)
        return ConsumedBatch(PARTITION, range(first, row.first + row.count), messages)

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        position = positions.get(PARTITION)
        if position is not None and self._is_ours():
            await self._log.do(lambda events: events.commit(self._group, position))

    async def close(self) -> None:
        """See `Subscription.close`."""
        if self._closed:
            return
        self._closed = True
        await self._log.close()
        self._seat.close()


class LocalBroker:
    """The embedded broker as one process sees it.

    Args:
        folder: Where its files are; made, with them, at the first use.
        section: Its settings.
    """

    def __init__(self, folder: Path, section: LocalBrokerSection) -> None:
        self._folder = folder
        self._section = section
        self._log = _log_thread("broker-look", folder)
        self._board = OwnThread(
            "broker-status", lambda: _open_board(folder), StatusBoard.close,
            closed=BrokerUnavailable,
        )  # fmt: skip

    @property
    def address(self) -> str:
        """See `Broker.address`."""
        return f"local ({self._folder})"

    async def publisher(self, *, producer: str, member: int = 0) -> LocalPublisher:
        """See `Broker.publisher`.

        Raises:
            AlreadyRunning: Another process publishes under this name.
        """
        await self.check()
        return LocalPublisher(self._folder, self._section, producer, member)

    async def subscription(self, *, group: str) -> LocalSubscription:
        """See `Broker.subscription`."""
        await self._log.do(lambda events: events.join(group))
        return LocalSubscription(self._folder, group)

    async def lag(self, *, group: str) -> Sequence[PartitionLag]:
        """See `Broker.lag`."""
        committed, end = await self._log.do(lambda events: (events.committed(group), events.end()))
        return [PartitionLag(PARTITION, committed, end)]

    async def post_status(self, entries: Mapping[str, bytes | None]) -> None:
        """See `Broker.post_status`."""
        await self._board.do(lambda board: board.post(entries))

    async def read_status(self) -> Mapping[str, bytes]:
        """See `Broker.read_status`."""
        return await self._board.do(StatusBoard.read)

    async def check(self) -> None:
        """See `Broker.check`."""
        await self._log.do(EventLog.end)

    async def close(self) -> None:
        """See `Broker.close`."""
        await self._log.close()
        await self._board.close()


def _log_thread(name: str, folder: Path) -> OwnThread[EventLog]:
    return OwnThread(name, lambda: _open_log(folder), EventLog.close, closed=BrokerUnavailable)


def _open_log(folder: Path) -> EventLog:
    _make(folder)
    return EventLog(folder)


def _open_board(folder: Path) -> StatusBoard:
    _make(folder)
    return StatusBoard(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise for_os_error(error, folder) from error
