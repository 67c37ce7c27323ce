"""What does a processor tell of itself, on the status stream and on `/metrics`?"""

from __future__ import annotations

from collections.abc import Mapping

from logboom.archive.keeping import Counts as Keeping
from logboom.clock import Clock
from logboom.dead.telling import DeadTelling
from logboom.reporting import Reporter
from logboom.telemetry import PipelineCollector
from processor.consuming import Consumer
from processor.lagging import OwnLag
from processor.preparing import Preparer
from processor.rates import Rates
from processor.rolling.roller import Roller


class Telling:
    """Gathers the numbers of a processor's parts.

    Args:
        instance: Of the processor.
        consumer: Has the events by what became of them.
        preparer: Has the errors.
        rates: Has the events by service.
        roller: Has what was rolled up.
        keeping: Has what retention has done.
        dead: Has the dead letters.
        lag: Has what waits for this processor.
        clock: For the times in the entries.
    """

    def __init__(
        self, instance: str, consumer: Consumer, preparer: Preparer, rates: Rates, roller: Roller,
        keeping: Keeping, dead: DeadTelling, lag: OwnLag, clock: Clock,
    ) -> None:  # fmt: skip
        self._instance = instance
        self._consumer = consumer
        self._preparer = preparer
        self._rates = rates
        self._roller = roller
        self._dead = dead
        self._keeping = keeping
        self._lag = lag
        self._clock = clock

    def counters(self) -> Mapping[str, float]:
        """The processor's own counters, by the names of `logboom.telemetry`."""
        counts, progress = self._consumer.counts, self._roller.progress
        subscription = self._consumer.subscription
        return {
            "events_consumed": counts.consumed,
            "events_stored": counts.stored,
            "events_duplicate": counts.duplicates,
            "events_dead": counts.rejected,
            "events_error": self._preparer.errors,
            "rebalances": 0 if subscription is None else subscription.rebalances,
            "rollups_made": progress.minutes,
            "rollup_rows": progress.rows,
            "rollup_seconds": progress.busy_s,
            "rollups_waiting": progress.waiting,
            "rollups_too_wide": progress.too_wide,
            **self._keeping.counters(),
        }

    async def news(self) -> Mapping[str, bytes]:
        """Entries for the status stream besides the service's own one."""
        await self._lag.look()
        rates = self._rates.status(self._instance, self._clock.now_ns())
        return {rates.key: rates.model_dump_json().encode(), **await self._dead.news()}

    def fill(self, collector: PipelineCollector, reporter: Reporter) -> None:
        """Gives the collector what the processor knows now."""
        collector.services = [reporter.status(self.counters())]
        collector.lag = self._lag.own
        collector.dead = [] if self._dead.last is None else [self._dead.last]
        collector.rates = [self._rates.status(self._instance, self._clock.now_ns())]
