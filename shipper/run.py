"""The shipper as a process: everything wired together, from the first scan to the last ack."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence

from logboom.broker import open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config, FileInput, StdinInput
from logboom.config.load import process_environment
from logboom.errors import DiskFull
from logboom.event import IndexDays, source_run
from logboom.lifecycle import SUPERVISED, end, run_service, stop_event, until
from logboom.reporting import INTERVAL_S, Reporter
from logboom.status import LossStatus
from shipper.assembly import Assembled, Assembler
from shipper.batches import Batch
from shipper.collecting import Collector
from shipper.reading import Reader
from shipper.registry import Registry, SourceRecord
from shipper.replay import planned_batches
from shipper.sending import Sender
from shipper.sources import Source
from shipper.standard_input import StandardInput
from shipper.watching import Watcher

log = logging.getLogger("logboom.shipper")

_LAST_READS_S = 2.0
_LAST_ACKS_S = 15.0
_LOSSES_EVERY_S = 60.0


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
        self._days = IndexDays(config.retention)
        spool = config.data / "shipper" / "stdin"
        self._standard_input = next(
            (StandardInput(s, spool, clock) for s in config.inputs if isinstance(s, StdinInput)),
            None,
        )
        files = [section for section in config.inputs if isinstance(section, FileInput)]
        if self._standard_input is not None:
            files.append(self._standard_input.files)
        self._watcher = Watcher(files, registry, self._source, clock)
        self._sources: dict[str, Source] = {}
        self._losses: Sequence[LossStatus] = ()
        self._next_losses = 0.0
        self._counts = {"events_acked": 0.0, "batches_acked": 0.0, "bytes_acked": 0.0}

    async def run(self, stop: asyncio.Event) -> None:
        """Ships until `stop` is set, and then until everything that was taken is acknowledged.

        Raises:
            LogboomError: When it cannot work at all.
        """
        broker = await open_broker(self._config)
        reporter = Reporter(broker, "shipper", self._name, self._clock)
        sender = Sender(
            broker, self._registry, in_flight=self._config.shipper.batches_in_flight,
            settled=self._settled,
        )  # fmt: skip
        self._warn_of_damage(reporter)
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(sender.run())
                reporting = tasks.create_task(self._report(reporter, sender))
                reading = tasks.create_task(self._read(sender, stop))
                await until(stop, reading)
                reporter.state = "stopping"
                await end(reading, patience_s=_LAST_READS_S)
                sender.finish()
                if not await end(sending, patience_s=_LAST_ACKS_S):
                    log.warning("stopped before the last acks: these events are sent again")
                reporting.cancel()
            reporter.state = "stopped"
            await reporter.post(self._counts, self._changed_sources())
        finally:
            await broker.close()

    async def _read(self, sender: Sender, stop: asyncio.Event) -> None:
        section = self._config.shipper
        await self._scan()
        now_ns = self._clock.now_ns()
        for batch in planned_batches(self._registry, self._sources, now_ns=now_ns):
            log.info("sending batch %d again", batch.sequence)
            await sender.offer(batch, planned_before=True)
        self._losses = self._registry.losses(shipper=self._name)
        if self._standard_input is not None:
            self._standard_input.start()
        collector = Collector(
            last_sequence=self._registry.last_sequence,
            max_events=section.batch_events,
            max_bytes=section.batch_bytes,
            linger_s=section.linger.total_seconds(),
        )

        async def deliver(assembled: Assembled) -> None:
            collector.add(assembled, now=self._clock.monotonic())
            if collector.full:
                await _offer(collector, sender)

        reader = Reader(self._watcher, self._registry, section, self._clock, deliver)
        next_scan = 0.0
        while not stop.is_set():
            now = self._clock.monotonic()
            if now >= next_scan:
                await self._scan()
                took_s = self._clock.monotonic() - now
                next_scan = now + max(section.poll_interval.total_seconds(), 20 * took_s)
            news = await reader.turn()
            wait_s = collector.wait_s(self._clock.monotonic())
            if wait_s == 0.0:
                await _offer(collector, sender)
            if not news:
                until = min(reader.next_look(), next_scan) - self._clock.monotonic()
                await _pause(stop, until if wait_s is None else min(until, wait_s))
            await asyncio.sleep(0)
        await _offer(collector, sender)

    async def _scan(self) -> None:
        try:
            added = self._watcher.scan()
        except DiskFull as error:
            log.warning("new files wait: %s", error.sentence())
            return
        for source in added:
            self._sources[source.id] = source

    def _source(self, record: SourceRecord, section: FileInput | StdinInput) -> Source:
        return Source(record, section, self._assembler)

    def _assembler(self, source: Source, epoch: int) -> Assembler:
        return Assembler(
            source.section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
            path=source.path, max_event_bytes=self._config.shipper.max_event_bytes,
            days=self._days,
        )  # fmt: skip

    def _settled(self, batch: Batch) -> None:
        self._counts["batches_acked"] += 1
        self._counts["events_acked"] += len(batch.messages)
        self._counts["bytes_acked"] += batch.size_bytes
        for segment in batch.segments:
            source = self._sources.get(segment.source)
            if source is not None:
                source.settle(segment)

    async def _report(self, reporter: Reporter, sender: Sender) -> None:
        while True:
            if reporter.state != "stopping":
                reporter.state = "waiting" if sender.waiting_for else "running"
            reporter.waiting_for = sender.waiting_for
            if sender.waiting_for:
                reporter.trouble(sender.waiting_for)
            for path, reason in self._watcher.unreadable.items():
                reporter.trouble(f"{path} cannot be read: {reason}")
            await reporter.post(self._counts, self._changed_sources())
            await self._keep_prefixes()
            if self._standard_input is not None:
                self._standard_input.tidy(self._sources.values())
            await asyncio.sleep(INTERVAL_S)

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


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds > 0.0:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return
