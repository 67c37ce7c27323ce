"""Consume, write, and commit only after every item's answer was read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from logboom.broker import Broker, ConsumedBatch, Subscription, Unreadable
from logboom.broker.runs import values_of
from logboom.clock import Clock
from logboom.config import ProcessorSection
from logboom.errors import AlreadyRunning, LogboomError
from logboom.retrying import Backoff
from logboom.store import Document, Outcome, Rejected, Store, StoreWriter
from processor.preparing import Preparer
from processor.tallying import Tally, tally

log = logging.getLogger("logboom.processor")

_RECEIVE_S = 0.25
_WRITE_BYTES = 64 * 2**20
"""Of events in one write, about: a write and its lines are held in memory as a whole."""
_EVENT_BYTES = 16 * 1024
"""Taken for the size of an event until some were seen."""
_SHARES = 16
"""Parts of a write that partitions take turns for; more of them cost more than they are worth."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Documents, what is counted of them, and the positions that they bring the group to.

    Attributes:
        unreadable: Messages between them that cannot be read.
    """

    documents: Sequence[Document]
    tally: Tally
    positions: Mapping[int, int]
    unreadable: Sequence[Unreadable] = ()

    def written(self, outcomes: Sequence[Outcome | Rejected]) -> Written:
        """What is left to be done when the store has answered.

        Args:
            outcomes: Of all documents, in their order.
        """
        rows = list(zip(self.documents, outcomes, strict=True))
        refused = [(document, answer) for document, answer in rows if isinstance(answer, Rejected)]
        if outcomes.count(Outcome.STORED) == len(outcomes):
            new = self.tally
        else:
            new = tally([document for document, answer in rows if answer is Outcome.STORED])
        return Written(self.tally, new, refused, self.positions, self.unreadable)


@dataclass(frozen=True, slots=True)
class Written:
    """A write that the store has answered, and that is not settled yet.

    Attributes:
        tally: Of all documents.
        new: Of those that the store did not have before.
        refused: Those that the store will never take, and why.
        positions: As of `Prepared`.
        unreadable: The same.
    """

    tally: Tally
    new: Tally
    refused: Sequence[tuple[Document, Rejected]]
    positions: Mapping[int, int]
    unreadable: Sequence[Unreadable] = ()


class Trouble(NamedTuple):
    """Why something that is tried again and again did not work the last time.

    Attributes:
        part: Of what it is asked.
        why: In words for people.
    """

    part: str
    why: str


@dataclass(slots=True)
class Counts:
    """Events since the start, by what became of them.

    Attributes:
        troubles: What does not work now, by its waits between the tries, the oldest first.
    """

    consumed: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    troubles: dict[Backoff, Trouble] = field(default_factory=dict)

    @property
    def waiting_for(self) -> str | None:
        """What keeps events from being stored, in words for people."""
        return next((trouble.why for trouble in self.troubles.values()), None)

    def waits_for(self, part: str) -> bool:
        """Whether anything that a part is asked for does not work now."""
        return any(trouble.part == part for trouble in self.troubles.values())


class Consumer:
    """Moves events from the broker to the store; what is written next is prepared meanwhile.

    Args:
        broker: Where from.
        store: Where to.
        section: The processor's settings.
        preparer: Makes documents of messages.
        bury: Takes documents that the store will never take, and what tells of messages that cannot be
            read; returns when they are durable.
        mark: Is told of all documents that were written, also again; returns when their rollups are
            sure to be worked out anew.
        count: Is told of those that were new to the store, once they are marked.
        clock: For lingering.

    Attributes:
        has_backlog: The last write was full before it had waited long enough: more is there than is taken.
    """

    def __init__(
        self, broker: Broker, store: Store, section: ProcessorSection, preparer: Preparer,
        bury: Callable[
            [Sequence[tuple[Document, Rejected]], Sequence[Unreadable]], Awaitable[None]
        ],
        mark: Callable[[Tally], Awaitable[None]], count: Callable[[Tally], None], clock: Clock,
    ) -> None:  # fmt: skip
        self._broker = broker
        self._store = store
        self._section = section
        self._preparer = preparer
        self._bury = bury
        self._mark = mark
        self._count = count
        self._clock = clock
        self._ready: asyncio.Queue[Prepared | None] = asyncio.Queue()
        # One is made ready beside those that are written: there is no further one in memory.
        self._ahead = asyncio.Semaphore(1)
        self._event_bytes = _EVENT_BYTES
        self.counts = Counts()
        self.has_backlog = False
        self.writer: StoreWriter | None = None
        self.subscription: Subscription | None = None

    @property
    def waits_in_vain(self) -> bool:
        """Whether a service that it needs is away, or has not answered yet at all."""
        return self.subscription is None or self.counts.waiting_for is not None

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, and then until what was taken is stored and committed."""
        self.writer = writer = await self._insist("store", self._store.writer)
        try:
            await self._move(writer, stop)
        finally:
            self.writer = None
            await writer.close()

    async def _move(self, writer: StoreWriter, stop: asyncio.Event) -> None:
        self.subscription = subscription = await self._insist(
            "broker", lambda: self._broker.subscription(group=self._section.group)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write_forever(writer, subscription))
                await self._consume(subscription, stop)
        finally:
            await subscription.close()

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._ahead.acquire()
            await self._make_ready(subscription, stop)
        self._ready.put_nowait(None)

    async def _make_ready(self, subscription: Subscription, stop: asyncio.Event) -> None:
        """What is received next, or nothing if nothing came."""
        if batches := await self._gather(subscription, stop):
            positions = {batch.partition: batch.next_offset for batch in batches}
            made = self._preparer.prepare([batch for batch in batches if batch.messages])
            unreadable = [batch.unreadable for batch in batches if batch.unreadable is not None]
            self._ready.put_nowait(Prepared(made.documents, made.tally, positions, unreadable))
        else:
            self._ahead.release()

    async def _gather(self, subscription: Subscription, stop: asyncio.Event) -> list[ConsumedBatch]:
        """Receives until there is enough for one write, or the first has waited long enough."""
        batches: list[ConsumedBatch] = []
        room, room_bytes = self._section.batch_events, _WRITE_BYTES
        due: float | None = None
        while room > 0 and room_bytes > 0 and not stop.is_set():
            left_s = _RECEIVE_S if due is None else min(_RECEIVE_S, due - self._clock.monotonic())
            if left_s <= 0:
                break
            wanted = min(room, room_bytes // self._event_bytes + 1, self._share(subscription))
            received = await self._insist(
                "broker",
                lambda: subscription.receive(max_messages=wanted, timeout_s=left_s),  # noqa: B023 - called at once
            )
            batches += received
            count, size = _extent(received)
            room, room_bytes = room - count, room_bytes - size
            if received:
                if count:
                    self._event_bytes = size // count + 1
                if due is None:
                    due = self._clock.monotonic() + self._section.linger.total_seconds()
        self.has_backlog = room <= 0 or room_bytes <= 0
        return batches

    def _share(self, subscription: Subscription) -> int:
        """Messages that are received at once, so that one partition does not fill a write alone."""
        partitions = min(max(1, len(subscription.partitions)), _SHARES)
        return -(-self._section.batch_events // partitions)

    async def _write_forever(self, writer: StoreWriter, subscription: Subscription) -> None:
        """Writes what is made ready, as many writes at once as the store takes, and settles them in order."""
        under_way = asyncio.Semaphore(writer.at_once)
        unsettled = asyncio.Semaphore(writer.at_once + 1)
        settling: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                await unsettled.acquire()
                await under_way.acquire()
                prepared = await self._ready.get()
                if prepared is None:
                    return
                self._ahead.release()
                writing = tasks.create_task(self._write(writer, prepared))
                del prepared  # it would be kept until there is another one
                writing.add_done_callback(lambda _: under_way.release())
                settling = tasks.create_task(self._settle(writing, settling, subscription))
                settling.add_done_callback(lambda _: unsettled.release())

    async def _write(self, writer: StoreWriter, prepared: Prepared) -> Written:
        documents = prepared.documents
        self.counts.consumed += len(documents)
        if not documents:
            return prepared.written(())
        outcomes = await self._insist("store", lambda: writer.write(documents))
        self.counts.stored += outcomes.count(Outcome.STORED)
        self.counts.duplicates += outcomes.count(Outcome.DUPLICATE)
        return prepared.written(outcomes)

    async def _settle(
        self, writing: asyncio.Task[Written], before: asyncio.Task[None] | None,
        subscription: Subscription,
    ) -> None:  # fmt: skip
        """Does what is left of a write once all before it is settled: positions never pass what is not."""
        written = await writing
        if before is not None:
            await before
        refused, unreadable = written.refused, written.unreadable
        if refused or unreadable:
            _tell(refused, unreadable)
            await self._insist("dead letters", lambda: self._bury(refused, unreadable))
            self.counts.rejected += len(refused) + sum(found.count for found in unreadable)
        await self._insist("state", lambda: self._mark(written.tally))
        self._count(written.new)
        await self._insist("broker", partial(subscription.commit, written.positions))

    async def _insist(self, part: str, act: Callable[[], Awaitable[_Result]]) -> _Result:
        """Tries until it works; meanwhile the health says what it waits for."""
        backoff = Backoff()
        while True:
            try:
                result = await act()
            except AlreadyRunning:
                raise
            except LogboomError as error:
                if not self.counts.waits_for(part):
                    log.warning("processing waits: %s", error.sentence())
                self.counts.troubles[backoff] = Trouble(part, error.sentence())
                await backoff.wait()
            else:
                was_in_trouble = self.counts.troubles.pop(backoff, None) is not None
                if was_in_trouble and not self.counts.waits_for(part):
                    log.info("processing goes on: the %s works again", part)
                return result


def _tell(refused: Sequence[tuple[Document, Rejected]], unreadable: Sequence[Unreadable]) -> None:
    if refused:
        log.warning("the store refused %d events: %s", len(refused), refused[0][1].reason)
    for found in unreadable:
        log.warning(
            "messages %d to %d in partition %d of %s cannot be read, and are passed over: %s",
            found.first, found.last, found.partition, found.topic, found.reason,
        )  # fmt: skip


def _extent(batches: Sequence[ConsumedBatch]) -> tuple[int, int]:
    """How many messages there are, and how many bytes their values have."""
    values = [values_of(batch.messages) for batch in batches]
    return sum(map(len, values)), sum(sum(map(len, some)) for some in values)
