"""A shipper whose every step a test takes: real parts on real files, with a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any

from logboom.broker import Broker, OutgoingBatch, Publisher
from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import FileInput, LocalBrokerSection, ShipperSection
from logboom.dead import DeadLetters
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.collecting import Collector, numbers_after
from shipper.delivery.publishing import Publishing
from shipper.delivery.replay import planned_batches
from shipper.delivery.sending import Sender
from shipper.events.assembly import Assembled, Assembler
from shipper.reading.noting import news_of
from shipper.reading.reading import Reader
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord
from shipper.troubles import Troubles
from shipper.workers.alone import OwnMaker

SHIPPER = ShipperSection(batch_events=50, batches_in_flight=2)
DAYS = IndexDays(timedelta(days=90))
_POLL_S = SHIPPER.poll_interval.total_seconds()
_NOTE_S = 1.0
_STUCK_S = 20.0
_QUICK_TURNS = 100


class Weather(Enum):
    """What becomes of what is published."""

    FINE = auto()
    REFUSING = auto()  # nothing arrives
    SILENT = auto()  # it arrives, and no ack comes back


class Gate:
    """Stands between the sender and the broker, and makes the weather.

    Attributes:
        weather: What becomes of what is published.
        waiting: Batches that wait for better weather.
        refused: Those of them that have not arrived: what comes later waits behind them.
        planned: The events that the registry has had a plan for.
        arrived: The events that the broker has taken; some of them again.
    """

    def __init__(self) -> None:
        self.weather = Weather.FINE
        self.waiting = self.refused = 0
        self.planned: list[bytes] = []
        self.arrived: list[bytes] = []
        self._fine = asyncio.Event()
        self._fine.set()

    def turn(self, weather: Weather) -> None:
        """The weather changes."""
        self.weather = weather
        if weather is Weather.FINE:
            self._fine.set()
        else:
            self._fine.clear()

    async def pass_in_turn(self) -> None:
        """Like `pass_through`, before what comes later: a connection keeps its order."""
        self.refused += 1
        try:
            await self.pass_through()
        finally:
            self.refused -= 1

    async def pass_through(self) -> None:
        """Waits for fine weather."""
        self.waiting += 1
        try:
            await self._fine.wait()
        finally:
            self.waiting -= 1


class GatedPublisher:
    """A publisher behind a gate."""

    def __init__(self, inner: Publisher, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    @property
    def waiting_for(self) -> str | None:
        return self._inner.waiting_for

    async def publish(self, batch: OutgoingBatch) -> None:
        values = [message.value for message in batch.messages]
        self._gate.planned += values
        if self._gate.weather is Weather.REFUSING or self._gate.refused:
            await self._gate.pass_in_turn()
        await self._inner.publish(batch)
        self._gate.arrived += values
        if self._gate.weather is Weather.SILENT:
            await self._gate.pass_through()

    async def close(self) -> None:
        await self._inner.close()


class GatedBroker(LocalBroker):
    """The embedded broker, whose publishers are behind a gate."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        super().__init__(folder, LocalBrokerSection())
        self._gate = gate

    async def publisher(self, *, producer: str, member: int = 0) -> GatedPublisher:  # type: ignore[override] # as good
        publisher = await super().publisher(producer=producer, member=member)
        return GatedPublisher(publisher, self._gate)


class Tailer:
    """One life of a shipper, from its start to its stop or its death.

    Args:
        inputs: What it follows.
        registry: Its memory.
        broker: Where to.
        gate: In front of the broker.
        letters: Its dead letters.
        clock: Moved by the test alone.
        open_files: How many files may be open at once.
    """

    def __init__(
        self, inputs: Sequence[FileInput], registry: Registry, broker: Broker, gate: Gate,
        letters: DeadLetters, clock: ManualClock, *, open_files: int = 512,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._gate = gate
        self._sources: dict[str, Source] = {}
        burial = Burial(letters, DAYS, lambda source: self._sources[source].path, clock)
        self._registry = registry
        self.watcher = Watcher(inputs, registry, _make_source, clock, open_files)
        troubles = Troubles()
        self._publishing = Publishing(
            lambda: broker.publisher(producer=registry.id), burial, troubles
        )
        self._sender = Sender(
            self._publishing.publish, registry, troubles, settled=self._settled,
            in_flight=SHIPPER.batches_in_flight,
        )  # fmt: skip
        self._collector = Collector(
            numbers=numbers_after(0), max_events=SHIPPER.batch_events, max_bytes=SHIPPER.batch_bytes,
            linger_s=SHIPPER.linger.total_seconds(),
        )  # fmt: skip
        self._reader = Reader(self.watcher, registry, SHIPPER, clock, OwnMaker(self._deliver))
        self._next_scan = self._next_note = 0.0
        self._offered = self._done = 0
        self._empty = 0
        self._work: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Scans, and sends again what was planned."""
        self._sending = asyncio.create_task(self._sender.run())
        self._work = asyncio.create_task(self._begin())
        await self.rest()

    async def poll(self, *, hinted: bool) -> None:
        """One round: a scan when it is time or when there was a hint, then one turn."""
        await self._take_up(lambda: self._round(hinted=hinted))

    async def wait(self, seconds: float) -> None:
        """Lives on for so long."""
        end = self._clock.monotonic() + seconds
        while (now := self._clock.monotonic()) < end:
            linger_s = self._collector.wait_s(now)
            due = [end, self._reader.next_look(), self._next_scan]
            due += [] if linger_s is None else [now + linger_s]
            self._clock.advance(max(0.01, min(due) - now))
            await self.poll(hinted=False)

    async def rest(self) -> None:
        """Waits until everything is settled, or waits for the weather."""
        async with asyncio.timeout(_STUCK_S):
            turns = 0
            while not self._is_resting():
                turns += 1
                await asyncio.sleep(0 if turns < _QUICK_TURNS else 0.0005)

    async def stop(self) -> None:
        """An orderly stop: what was read is sent, if the weather allows."""
        if self._gate.weather is Weather.FINE:
            await self._offer()
            await self.rest()
            self._sender.finish()
            assert self._sending is not None
            await self._sending
        await self.die()

    async def die(self) -> None:
        """The plug is pulled: nothing is flushed."""
        for task in (self._work, self._sending):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._publishing.close()
        for source in self.watcher.sources.values():
            source.close()

    async def _take_up(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begins the next piece of work, unless the one before is held back."""
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(work())
        await self.rest()

    def _is_resting(self) -> bool:
        for task in (self._work, self._sending):
            if task is not None and task.done():
                task.result()
        waiting = self._gate.waiting
        is_held_back = waiting + self._empty == SHIPPER.batches_in_flight
        is_idle = self._work is None or self._work.done()
        is_settled = self._offered - self._done == waiting and (waiting > 0 or not self._empty)
        return is_settled and (is_idle or is_held_back)

    async def _begin(self) -> None:
        while not self.watcher.is_settled:
            self._scan()
        now_ns = self._clock.now_ns()
        for batch in planned_batches(self._registry, self._sources, now_ns=now_ns):
            await self._send(batch, planned_before=True)
        self._collector = Collector(
            numbers=numbers_after(self._registry.last_sequence), max_events=SHIPPER.batch_events,
            max_bytes=SHIPPER.batch_bytes, linger_s=SHIPPER.linger.total_seconds(),
        )  # fmt: skip

    async def _round(self, *, hinted: bool) -> None:
        now = self._clock.monotonic()
        if hinted:
            self.watcher.hurry()
        if hinted or now >= self._next_scan:
            self._scan()
            self._next_scan = now + _POLL_S
        await self._reader.turn()
        if now >= self._next_note:
            news_of(self._sources.values()).keep_in(self._registry)
            self._next_note = now + _NOTE_S
        if self._collector.wait_s(now) == 0.0:
            await self._offer()

    def _scan(self) -> None:
        for source in self.watcher.scan():
            self._sources[source.id] = source

    async def _deliver(self, assembled: Assembled) -> None:
        self._collector.add(assembled, now=self._clock.monotonic())
        if self._collector.full:
            await self._offer()

    async def _offer(self) -> None:
        batch = self._collector.take()
        if batch is not None:
            await self._send(batch, planned_before=False)

    async def _send(self, batch: Batch, *, planned_before: bool) -> None:
        await self._sender.offer(batch, planned_before=planned_before)
        self._count(batch, 1)

    def _count(self, batch: Batch, change: int) -> None:
        """One without events passes the gate at once, and may have to wait behind another."""
        if not len(batch.messages):
            self._empty += change
        elif change > 0:
            self._offered += 1
        else:
            self._done += 1

    def _settled(self, batch: Batch) -> None:
        self._count(batch, -1)
        for segment in batch.segments:
            if segment.source in self._sources:
                self._sources[segment.source].settle(segment)


def _make_source(record: SourceRecord, section: FileInput) -> Source:
    return Source(record, section, _make_assembler)


def _make_assembler(source: Source, epoch: int) -> Assembler:
    return Assembler(
        source.section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
        path=source.family, max_event_bytes=SHIPPER.max_event_bytes, days=DAYS,
        preceding=source.preceding,
    )  # fmt: skip
