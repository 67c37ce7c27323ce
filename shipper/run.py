"""The shipper as a process: everything wired together, from the first scan to the last ack."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping, Sequence

from logboom.broker import open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config, FileInput
from logboom.config.load import process_environment
from logboom.dead import DeadLetters
from logboom.dead.telling import DeadTelling
from logboom.errors import DiskFull
from logboom.event import IndexDays, source_run
from logboom.lifecycle import SUPERVISED, end, restarts_in, run_service, stop_event, until
from logboom.monitoring import Monitoring
from logboom.reporting import INTERVAL_S, Reporter
from logboom.status import LossStatus
from logboom.telemetry import REDACTED, PipelineCollector
from shipper.delivery.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.collecting import Collector
from shipper.delivery.replay import planned_batches
from shipper.delivery.sending import Sender
from shipper.events.assembly import Assembled, Assembler
from shipper.events.treatment import Treatment
from shipper.files.hints import FolderHints
from shipper.inputs.making import make_inputs
from shipper.inputs.spools import Spools
from shipper.reading.reading import Reader
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")

_LAST_READS_S = 2.0
_LAST_ACKS_S = 15.0
_LOSSES_EVERY_S = 60.0
_COUNTED = ("events_made", "events_acked", "batches_acked", "bytes_acked")
_SCAN_REST = 30.0
"""Looking for files takes a thirtieth of the time at most."""
_HINTED_SCAN_S = 0.1


def run(config: Config) -> int:
    """Runs a shipper until SIGTERM or SIGINT.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    return run_service("ship", _serve(config, SystemClock()))


async def _serve(config: Config, clock: Clock) -> None:
    stop = stop_event(supervised=SUPERVISED in process_environment())
    registry = Registry(config.data / "shipper" / "registry.db")
    try:
        await Shipper(config, registry, clock).run(stop)
    finally:
        registry.close()


class Shipper:
    """One shipper: inputs → events → broker."""

    def __init__(self, config: Config, registry: Registry, clock: Clock) -> None:
        self._config = config
        self._registry = registry
        self._clock = clock
        self._name = config.shipper.name or socket.gethostname()
        self._days = IndexDays(config.retention.keep)
        self._treatment = Treatment.of(config)
        self._inputs = make_inputs(config, clock)
        self._spools = Spools([spool for part in self._inputs for spool in part.spools])
        files = [section for section in config.inputs if isinstance(section, FileInput)]
        files += self._spools.files
        self._watcher = Watcher(
            files,
            registry,
            self._source,
            clock,
            open_files=config.shipper.open_files,
            keep=config.retention.keep,
        )
        self._hints = FolderHints()
        self._sources: dict[str, Source] = {}
        letters = DeadLetters(config.data / "dead", max_bytes=config.dead_letters.max_bytes)
        self._burial = Burial(letters, self._days, self._path_of, clock)
        self._telling = DeadTelling(letters, clock)
        self._losses: Sequence[LossStatus] = ()
        self._next_losses = 0.0
        self._counts = dict.fromkeys(_COUNTED, 0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Ships until `stop` is set, and then until everything that was taken is acknowledged.

        Raises:
            LogboomError: When it cannot work at all.
        """
        broker = await open_broker(self._config)
        restarts = restarts_in(process_environment())
        reporter = Reporter(broker, "shipper", self._name, self._clock, restarts=restarts)
        sender = Sender(
            broker, self._registry, self._burial, settled=self._settled,
            in_flight=self._config.shipper.batches_in_flight,
        )  # fmt: skip
        self._warn_of_damage(reporter)
        self._spools.open(self._registry.sources())
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(sender.run())
                reporting = tasks.create_task(self._report(reporter, sender))
                monitoring = tasks.create_task(self._monitoring(reporter).serve())
                reading = tasks.create_task(self._read(sender, stop))
                keeping = tasks.create_task(self._spools.keep())
                await until(stop, reading)
                reporter.state = "stopping"
                await end(reading, patience_s=_LAST_READS_S)
                sender.finish()
                if not await end(sending, patience_s=_LAST_ACKS_S):
                    log.warning("stopped before the last acks: these events are sent again")
                reporting.cancel()
                monitoring.cancel()
                keeping.cancel()
            reporter.state = "stopped"
            await reporter.post(self._counters(), await self._news())
        finally:
            self._hints.close()
            self._spools.end()
            await broker.close()

    async def _read(self, sender: Sender, stop: asyncio.Event) -> None:
        section = self._config.shipper
        await self._scan()
        now_ns = self._clock.now_ns()
        for batch in planned_batches(self._registry, self._sources, now_ns=now_ns):
            log.info("sending batch %d again", batch.sequence)
            await sender.offer(batch, planned_before=True)
        self._losses = self._registry.losses(shipper=self._name)
        collector = Collector(
            last_sequence=self._registry.last_sequence,
            max_events=section.batch_events,
            max_bytes=section.batch_bytes,
            linger_s=section.linger.total_seconds(),
        )

        async def deliver(assembled: Assembled) -> None:
            self._counts["events_made"] += len(assembled.messages)
            collector.add(assembled, now=self._clock.monotonic())
            if collector.full:
                await _offer(collector, sender)

        reader = Reader(self._watcher, self._registry, section, self._clock, deliver)
        self._spools.on_append(reader.wake)
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(self._receive(reader, stop))
            await self._turns(reader, collector, sender, receiving)
        await _offer(collector, sender)

    async def _receive(self, reader: Reader, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for part in self._inputs:
                tasks.create_task(part.run(stop))
            await stop.wait()
        reader.wake()

    async def _turns(
        self, reader: Reader, collector: Collector, sender: Sender, receiving: asyncio.Task[None]
    ) -> None:
        """Reads, also what the inputs still wait for when they end."""
        poll_s = self._config.shipper.poll_interval.total_seconds()
        next_scan = hinted_scan = 0.0
        self._hints.listen(reader.wake)
        while not receiving.done():
            now = self._clock.monotonic()
            if self._hints.heard():
                self._watcher.hurry()
                next_scan = min(next_scan, hinted_scan)
            if now >= next_scan or self._spools.have_new_files():
                await self._scan()
                self._hints.watch(self._watcher.folders)
                took_s = self._clock.monotonic() - now
                next_scan = now + max(poll_s, _SCAN_REST * took_s)
                hinted_scan = now + max(_HINTED_SCAN_S, _SCAN_REST * took_s)
            news = await reader.turn()
            wait_s = collector.wait_s(self._clock.monotonic())
            if wait_s == 0.0 or (wait_s is not None and not news and self._spools.are_awaited()):
                await _offer(collector, sender)
                wait_s = None
            if not news:
                until = min(reader.next_look(), next_scan) - self._clock.monotonic()
                await reader.pause(until if wait_s is None else min(until, wait_s))
            await asyncio.sleep(0)

    async def _scan(self) -> None:
        try:
            added = self._watcher.scan()
        except DiskFull as error:
            log.warning("new files wait: %s", error.sentence())
            return
        for source in added:
            self._sources[source.id] = source
        self._spools.follow(added)

    def _path_of(self, source: str) -> str:
        return self._sources[source].path

    def _source(self, record: SourceRecord, section: FileInput) -> Source:
        return Source(record, section, self._assembler)

    def _assembler(self, source: Source, epoch: int) -> Assembler:
        return Assembler(
            source.section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
            path="-" if self._spools.hold(source.path) else source.family,
            max_event_bytes=self._config.shipper.max_event_bytes, days=self._days,
            treatment=self._treatment, head=source.head,
        )  # fmt: skip

    def _settled(self, batch: Batch) -> None:
        self._counts["batches_acked"] += 1
        self._counts["events_acked"] += len(batch.messages)
        self._counts["bytes_acked"] += batch.size_bytes
        for segment in batch.segments:
            source = self._sources.get(segment.source)
            if source is not None:
                source.settle(segment)
                self._spools.settled(source)

    async def _report(self, reporter: Reporter, sender: Sender) -> None:
        while True:
            if reporter.state != "stopping":
                reporter.state = "waiting" if sender.waiting_for else "running"
            reporter.waiting_for = sender.waiting_for
            if sender.waiting_for:
                reporter.trouble(sender.waiting_for)
            for sentence in self._troubles():
                reporter.trouble(sentence)
            await reporter.post(self._counters(), await self._news())
            await self._keep_prefixes()
            await asyncio.sleep(INTERVAL_S)

    def _troubles(self) -> Iterable[str]:
        for path, reason in self._watcher.unreadable.items():
            yield f"{path} cannot be read: {reason}"
        yield from self._spools.troubles()
        for part in self._inputs:
            yield from part.status().troubles

    def _counters(self) -> Mapping[str, float]:
        counters = dict(self._counts)
        for rule, events in self._treatment.redactor.counts.items():
            counters[f"{REDACTED}{rule}"] = float(events)
        for part in self._inputs:
            for name, count in part.status().counters.items():
                counters[name] = counters.get(name, 0.0) + count
        return counters

    def _monitoring(self, reporter: Reporter) -> Monitoring:
        def tell(collector: PipelineCollector) -> None:
            at_ns = self._clock.now_ns()
            collector.services = [reporter.status(self._counters())]
            collector.sources = [
                source.status(shipper=self._name, at_ns=at_ns) for source in self._sources.values()
            ]
            collector.losses = self._losses
            collector.dead = [] if self._telling.last is None else [self._telling.last]

        return Monitoring(self._config.shipper.metrics, reporter, tell)

    async def _news(self) -> Mapping[str, bytes]:
        return {**self._changed_sources(), **await self._telling.news()}

    def _changed_sources(self) -> Mapping[str, bytes]:
        at_ns = self._clock.now_ns()
        entries = {}
        for source in self._sources.values():
            if source.changed:
                source.changed = False
                status = source.status(shipper=self._name, at_ns=at_ns)
                entries[status.key] = status.model_dump_json().encode()
        now = self._clock.monotonic()
        if self._losses and now >= self._next_losses:
            self._next_losses = now + _LOSSES_EVERY_S
            entries |= {loss.key: loss.model_dump_json().encode() for loss in self._losses}
        return entries

    async def _keep_prefixes(self) -> None:
        """A file that was tiny when it was found has more by now to recognise it by."""
        better = {s.id: prefix for s in self._sources.values() if (prefix := s.better_prefix())}
        if better:
            try:
                await asyncio.to_thread(self._registry.set_prefixes, better)
            except DiskFull as error:
                log.warning("%s", error.sentence())

    def _warn_of_damage(self, reporter: Reporter) -> None:
        aside = self._registry.set_aside
        if aside is not None:
            sentence = (
                f"the registry was damaged and is set aside as {aside}: files are read from their "
                "beginning, and events that the store has already are recognised only by a store "
                "that saw the same ids"
            )
            log.error("%s", sentence)
            reporter.trouble(sentence)


async def _offer(collector: Collector, sender: Sender) -> None:
    batch = collector.take()
    if batch is not None:
        await sender.offer(batch)
