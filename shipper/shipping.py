"""From the first scan to the last ack: what a shipper does, until it stops or a worker is lost.

All that it knows beyond the registry goes with it: whoever ships next goes on where the registry is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logboom.broker import Broker
from logboom.clock import Clock
from logboom.config import Config, FileInput
from logboom.dead import DeadLetters
from logboom.errors import RegistryUnavailable
from logboom.event import IndexDays, source_run
from logboom.lifecycle import end, until
from logboom.own_thread import to_the_end
from logboom.status import LossStatus
from shipper.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.collecting import Collector, numbers_after
from shipper.delivery.publishing import Publishing
from shipper.delivery.replay import planned_batches
from shipper.delivery.sending import Sender
from shipper.events.assembly import Assembler
from shipper.events.treatment import Treatment
from shipper.files.hints import FolderHints
from shipper.inputs.port import NetworkInput
from shipper.inputs.spools import Spools
from shipper.reading.noting import news_of
from shipper.reading.port import Gatherer, Maker
from shipper.reading.reading import Reader
from shipper.reading.rounds import Rounds
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord
from shipper.troubles import Troubles
from shipper.workers.alone import OwnGatherer, OwnMaker
from shipper.workers.frames import Channel
from shipper.workers.pool import WorkerPool

log = logging.getLogger("logboom.shipper")

_LAST_READS_S = 2.0
_LAST_ACKS_S = 15.0
_MOVED_S = 0.02
"""So long after a log was rotated under our eyes, its rotation should be over."""
_SCAN_REST = 30.0
"""Looking for files takes a thirtieth of the time at most."""
_HINTED_SCAN_S = 0.1
_HINTED_REST = 4.0
"""When there are hints, a fifth of it: what is rotated fast would be gone."""
_COUNTED = ("events_made", "events_acked", "batches_acked", "bytes_acked", "nul_bytes_skipped")
_MOST_IN_FLIGHT = 512
"""The embedded broker remembers the last 1024 numbers of a producer."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a shipper has for as long as it runs, whatever becomes of its workers.

    Attributes:
        counts: Totals since it began, by the names of `logboom.telemetry`; added to.
    """

    config: Config
    name: str
    registry: Registry
    clock: Clock
    broker: Broker
    treatment: Treatment
    inputs: Sequence[NetworkInput]
    spools: Spools
    hints: FolderHints
    letters: DeadLetters
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_COUNTED, 0)))


class Shipping:
    """Reads what the inputs name, makes events, sends them and settles what is acknowledged.

    Args:
        equipment: What it works with.
        channels: To the workers; none where this process does their work itself.

    Attributes:
        sources: All that are read, and those that were until their end is told; by id.
    """

    def __init__(self, equipment: Equipment, channels: Sequence[Channel]) -> None:
        self._has = equipment
        config = equipment.config
        self._days = IndexDays(config.retention.keep)
        self.sources: dict[str, Source] = {}
        self._losses: list[LossStatus] = []
        self._losses_noted = -1
        self._is_scan_in_vain = False
        self._rounds = Rounds(equipment.clock)
        files = [section for section in config.inputs if isinstance(section, FileInput)]
        self._watcher = Watcher(
            [*files, *equipment.spools.files],
            equipment.registry,
            self._source,
            equipment.clock,
            open_files=config.shipper.open_files,
            keep=config.retention.keep,
        )
        self._troubles = Troubles()
        burial = Burial(
            equipment.letters, self._days, lambda name: self.sources[name].path, equipment.clock
        )
        self._publishing = Publishing(
            lambda: equipment.broker.publisher(producer=equipment.registry.id),
            burial, self._troubles,
        )  # fmt: skip
        self._sender = Sender(
            self._publish, equipment.registry, self._troubles, settled=self._settled,
            in_flight=min(
                _MOST_IN_FLIGHT, config.shipper.batches_in_flight * max(1, len(channels))
            ),
        )  # fmt: skip
        self._numbers = numbers_after(equipment.registry.last_sequence)
        self._pool: WorkerPool | None = None
        self._maker: Maker
        self._gatherer: Gatherer
        if channels:
            self._pool = WorkerPool(
                channels, self._collector, self._sender.offer, self._event_path, self._made,
                self._troubles, equipment.clock,
            )  # fmt: skip
            self._maker = self._gatherer = self._pool
        else:
            own = OwnGatherer(self._collector(), self._sender.offer, self._made, equipment.clock)
            self._maker, self._gatherer = OwnMaker(own.deliver), own
        self._reader = Reader(
            self._watcher, equipment.registry, config.shipper, equipment.clock, self._maker,
            skipped=self._skipped, troubles=self._troubles,
        )  # fmt: skip

    @property
    def waiting_for(self) -> str | None:
        """What keeps events from being sent, in words for people; None when nothing does."""
        return self._troubles.first

    @property
    def unreadable(self) -> Mapping[str, str]:
        """Paths that are named and cannot be read, with the reason."""
        return self._watcher.unreadable

    @property
    def damaged(self) -> Mapping[str, int]:
        """Those of them that are damaged, with their bytes: nothing of them is read."""
        return self._watcher.damaged

    async def run(self, stop: asyncio.Event, receiving: asyncio.Task[None]) -> None:
        """Ships until `stop` is set, and then until everything that was taken is acknowledged.

        Args:
            stop: Set when it is to end.
            receiving: Ends when the inputs beside files have nothing more to wait for.

        Raises:
            WorkerLost: A worker has ended unasked.
            LogboomError: When it cannot work at all.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._listen())
                sending = tasks.create_task(self._sender.run())
                reading = tasks.create_task(self._read(receiving))
                await until(stop, reading)
                await end(reading, patience_s=_LAST_READS_S)
                self._sender.finish()
                if not await end(sending, patience_s=_LAST_ACKS_S, waits=self._waits_in_vain):
                    log.warning("stopped before the last acks: these events are sent again")
                listening.cancel()
        finally:
            await self._publishing.close()

    def close(self) -> None:
        """Lets go of all files."""
        for source in self._watcher.sources.values():
            source.close()

    async def keep_looks(self) -> None:
        """Keeps what more is known of files than when they were found."""
        noted, registry = news_of(self.sources.values()), self._has.registry
        if not noted:
            return
        try:
            await to_the_end(lambda: noted.keep_in(registry))
        except RegistryUnavailable as error:
            log.warning("%s", error.sentence())

    def forget_told(self) -> None:
        """Lets go of the sources that were released and whose end was told: the registry knows them."""
        told = [one.id for one in self.sources.values() if one.is_released and not one.changed]
        for name in told:
            del self.sources[name]

    def looked_ns(self) -> int:
        """What was written to the files before then was seen, ns since the epoch; 0: not known yet."""
        return self._rounds.looked_ns(self._watcher.sources.values())

    @property
    def losses(self) -> list[LossStatus]:
        """What was gone before it could be read or sent again."""
        registry = self._has.registry
        if self._losses_noted != registry.losses_noted:
            noted = registry.losses_noted
            try:
                self._losses = registry.losses(shipper=self._has.name)
            except RegistryUnavailable as error:
                log.warning("losses are not told yet: %s", error.sentence())
            else:
                self._losses_noted = noted
        return self._losses

    def _waits_in_vain(self) -> bool:
        """Whether the broker is away, or has not answered yet at all."""
        is_unheard = self._pool is None and not self._publishing.is_open
        return is_unheard or self.waiting_for is not None

    async def _listen(self) -> None:
        if self._pool is not None:
            await self._pool.listen()

    async def _read(self, receiving: asyncio.Task[None]) -> None:
        await self._find_all()
        registry, now_ns = self._has.registry, self._has.clock.now_ns()
        for batch in planned_batches(registry, self.sources, now_ns=now_ns):
            log.info("sending batch %d again", batch.sequence)
            await self._sender.offer(batch, planned_before=True)
        for source in self._watcher.bygone():
            self.sources.setdefault(source.id, source)
        self._has.spools.on_append(self._reader.wake)
        if self._pool is not None:
            self._pool.on_news(self._reader.wake)
            await (
                self._sender.quiet()
            )  # we send these ourselves: what follows must not overtake them
        receiving.add_done_callback(lambda _: self._reader.wake())
        await self._turns(receiving)
        await self._gatherer.finish()

    async def _find_all(self) -> None:
        """Opens every file that there is: what is not opened yet would seem to be gone."""
        poll_s = self._has.config.shipper.poll_interval.total_seconds()
        while True:
            has_room = await self._scan()
            if has_room and self._watcher.is_settled:
                return
            await self._reader.pause(_MOVED_S if has_room else poll_s)

    async def _turns(self, receiving: asyncio.Task[None]) -> None:
        """Reads, also what the inputs still wait for when they end."""
        clock, spools, hints = self._has.clock, self._has.spools, self._has.hints
        poll_s = self._has.config.shipper.poll_interval.total_seconds()
        reader, gatherer = self._reader, self._gatherer
        next_scan = hinted_scan = 0.0
        hints.listen(reader.wake)
        while not receiving.done():
            now = clock.monotonic()
            if hints.heard():
                self._watcher.hurry()
                next_scan = min(next_scan, hinted_scan)
            if now >= next_scan or spools.have_new_files():
                await self._scan()
                hints.watch(self._watcher.folders)
                took_s = clock.monotonic() - now
                self._rounds.scan_each_s = max(poll_s, _SCAN_REST * took_s)
                next_scan = now + self._rounds.scan_each_s
                hinted_scan = now + max(_HINTED_SCAN_S, _HINTED_REST * took_s)
            news = await reader.turn()
            wait_s = gatherer.wait_s(clock.monotonic())
            is_awaited = wait_s is not None and not news and spools.are_awaited()
            if wait_s == 0.0 or is_awaited:
                await gatherer.hand_over(everything=is_awaited)
                wait_s = gatherer.wait_s(clock.monotonic())
            if not news:
                pause_s = min(reader.next_look(), next_scan) - clock.monotonic()
                await reader.pause(pause_s if wait_s is None else min(pause_s, wait_s))
            await asyncio.sleep(0)

    async def _scan(self) -> bool:
        """Looks at the file system once; False when the registry had no room for what was found."""
        began_ns = self._has.clock.now_ns()
        try:
            added = self._watcher.scan()
        except RegistryUnavailable as error:
            self._troubles.note("registry", error.sentence())
            self._is_scan_in_vain = True
            return False
        if self._is_scan_in_vain:
            self._troubles.over("registry")
            self._is_scan_in_vain = False
        if self._watcher.is_settled:
            self._rounds.scanned(began_ns, added)
        for source in added:
            self.sources[source.id] = source
        self._has.spools.follow(added)
        return True

    def _source(self, record: SourceRecord, section: FileInput) -> Source:
        return Source(record, section, self._assembler)

    def _assembler(self, source: Source, epoch: int) -> Assembler:
        return Assembler(
            source.section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
            path=self._event_path(source), days=self._days, treatment=self._has.treatment,
            max_event_bytes=self._has.config.shipper.max_event_bytes, preceding=source.preceding,
        )  # fmt: skip

    def _event_path(self, source: Source) -> str:
        return "-" if self._has.spools.hold(source.path) else source.family

    def _collector(self) -> Collector:
        section = self._has.config.shipper
        return Collector(
            numbers=self._numbers,
            max_events=section.batch_events,
            max_bytes=section.batch_bytes,
            linger_s=section.linger.total_seconds(),
        )

    def _skipped(self, count: int) -> None:
        self._has.counts["nul_bytes_skipped"] += count

    def _made(self, events: int, redacted: Mapping[str, int], faults: Mapping[str, int]) -> None:
        self._has.counts["events_made"] += events
        self._has.treatment.redactor.counts.update(redacted)
        self._has.treatment.faults.counts.update(faults)

    async def _publish(self, batch: Batch, *, planned_before: bool) -> Batch:
        if self._pool is None or planned_before:
            return await self._publishing.publish(batch, planned_before=planned_before)
        return await self._pool.publish(batch)

    def _settled(self, batch: Batch) -> None:
        counts = self._has.counts
        counts["batches_acked"] += 1
        counts["events_acked"] += batch.events
        counts["bytes_acked"] += batch.size_bytes
        for segment in batch.segments:
            source = self.sources.get(segment.source)
            if source is not None:
                source.settle(segment)
                self._has.spools.settled(source)
