"""What does a shipper tell of itself: on the status stream, and to those who ask for metrics?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from logboom.dead.telling import DeadTelling
from logboom.lifecycle import last_words
from logboom.monitoring import Monitoring
from logboom.reporting import INTERVAL_S, Reporter
from logboom.status import MOST_DAMAGED, DamagedFile
from logboom.telemetry import FAULTS, REDACTED, PipelineCollector
from shipper.reading.sources import Source
from shipper.shipping import Equipment, Shipping

log = logging.getLogger("logboom.shipper")

_LOSSES_EVERY_S = 60.0


class Telling:
    """Tells every second how the shipper and its sources are.

    Args:
        equipment: What the shipper works with.
        reporter: Posts what is told.

    Attributes:
        shipping: What goes on; None before it begins.
    """

    def __init__(self, equipment: Equipment, reporter: Reporter) -> None:
        self._has = equipment
        self._reporter = reporter
        self._dead = DeadTelling(equipment.letters, equipment.clock)
        self._next_losses = 0.0
        self._damaged_since: dict[str, int] = {}
        self.shipping: Shipping | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Tells until it is cancelled."""
        reporter = self._reporter
        while True:
            shipping = self.shipping
            reporter.waiting_for = None if shipping is None else shipping.waiting_for
            if stop.is_set():
                reporter.state = "stopping"
            else:
                reporter.state = "waiting" if reporter.waiting_for else "running"
            for sentence in self._troubles():
                reporter.trouble(sentence)
            await self._post()
            if shipping is not None:
                await shipping.keep_looks()
            await asyncio.sleep(INTERVAL_S)

    async def last_words(self) -> None:
        """It has stopped in order."""
        self._reporter.state = "stopped"
        await last_words(self._post())

    def monitoring(self) -> Monitoring:
        """Answers those who ask for metrics."""

        def tell(collector: PipelineCollector) -> None:
            at_ns = self._has.clock.now_ns()
            collector.services = [self._reporter.status(self._counters())]
            if self.shipping is not None:
                collector.sources = [
                    source.status(shipper=self._has.name, at_ns=at_ns)
                    for source in self.shipping.sources.values()
                ]
                collector.losses = self.shipping.losses
            collector.dead = [] if self._dead.last is None else [self._dead.last]

        return Monitoring(self._has.config.shipper.metrics, self._reporter, tell)

    def warn_of_damage(self) -> None:
        """A registry that was set aside is told."""
        aside = self._has.registry.set_aside
        if aside is not None:
            sentence = (
                f"the registry was damaged and is set aside as {aside}: files are read from their "
                "beginning, and events that the store has already are recognised only by a store "
                "that saw the same ids"
            )
            log.error("%s", sentence)
            self._reporter.trouble(sentence)

    async def _post(self) -> None:
        shipping = self.shipping
        self._reporter.looked_ns = 0 if shipping is None else shipping.looked_ns()
        self._reporter.damaged = tuple(self._damaged())
        changed = [] if shipping is None else [s for s in shipping.sources.values() if s.changed]
        for source in changed:
            source.changed = False
        news = {**self._statuses(changed), **self._losses(), **await self._dead.news()}
        if not await self._reporter.post(self._counters(), news):
            for source in changed:  # they are told when the broker takes it
                source.changed = True
            self._next_losses = 0.0
        elif shipping is not None:
            shipping.forget_told()

    def _troubles(self) -> Iterable[str]:
        if self.shipping is not None:
            for path, reason in self.shipping.unreadable.items():
                yield f"{path} cannot be read: {reason}"
        yield from self._has.spools.troubles()
        for part in self._has.inputs:
            yield from part.status().troubles

    def _damaged(self) -> Iterable[DamagedFile]:
        """The damaged files that there are now, each with the time at which that was found out."""
        shipping = self.shipping
        if shipping is not None:
            now_ns, known = self._has.clock.now_ns(), self._damaged_since
            self._damaged_since = {path: known.get(path, now_ns) for path in shipping.damaged}
            for path in sorted(self._damaged_since)[:MOST_DAMAGED]:
                size, since_ns = shipping.damaged[path], self._damaged_since[path]
                reason = shipping.unreadable[path]
                yield DamagedFile(path=path, bytes=size, reason=reason, at_ns=since_ns)

    def _counters(self) -> Mapping[str, float]:
        counters = {name: float(count) for name, count in self._has.counts.items()}
        for rule, events in self._has.treatment.redactor.counts.items():
            counters[f"{REDACTED}{rule}"] = float(events)
        for kind, texts in self._has.treatment.faults.counts.items():
            counters[f"{FAULTS}{kind}"] = float(texts)
        if self._has.inputs:
            counters["spool_bytes"] = float(self._has.spools.size_bytes)
            counters["spool_waiting_bytes"] = float(self._has.spools.waiting_bytes)
        for part in self._has.inputs:
            for name, count in part.status().counters.items():
                counters[name] = counters.get(name, 0.0) + count
        return counters

    def _statuses(self, sources: Iterable[Source]) -> Mapping[str, bytes]:
        at_ns = self._has.clock.now_ns()
        told = [source.status(shipper=self._has.name, at_ns=at_ns) for source in sources]
        return {status.key: status.model_dump_json().encode() for status in told}

    def _losses(self) -> Mapping[str, bytes]:
        """What was lost, now and then."""
        now = self._has.clock.monotonic()
        losses = () if self.shipping is None else self.shipping.losses
        if not losses or now < self._next_losses:
            return {}
        self._next_losses = now + _LOSSES_EVERY_S
        return {loss.key: loss.model_dump_json().encode() for loss in losses}
