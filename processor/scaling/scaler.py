"""How does a machine follow the load? It looks, decides, acts, and says so."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence

from logboom.broker import Broker, PartitionLag
from logboom.clock import Clock
from logboom.config import ScaleSection
from logboom.errors import LogboomError
from logboom.lifecycle import until
from logboom.scaling import MOST_CHANGES, ScalingChange, ScalingStatus
from logboom.status import ServiceStatus, decode_status
from processor.scaling.deciding import Figures, Limits, Standing, decide
from processor.scaling.workers import Workers

log = logging.getLogger("logboom.scaling")

_LOOK_S = 5.0


def limits_of(section: ScaleSection) -> Limits:
    """The settings as the decision wants them."""
    return Limits(
        least=section.min, most=section.most, up_at=section.up_at, down_at=section.down_at,
        cooldown_s=section.cooldown.total_seconds(), lag_per_processor=section.lag_per_processor,
    )  # fmt: skip


def figures_of(
    lag: Sequence[PartitionLag], cpu: float | None, services: Sequence[ServiceStatus], wanted: int
) -> Figures:
    """What one look comes to.

    Args:
        lag: By partition.
        cpu: Part of a core that each of the processors uses.
        services: Those processors that have told of themselves.
        wanted: So many are to run.
    """
    waiting = next((status.waiting_for for status in services if status.waiting_for), None)
    if waiting is None and len(services) < wanted:
        waiting = f"{wanted - len(services)} of {wanted} processors are starting"
    return Figures(sum(one.messages for one in lag), cpu, len(lag), waiting)


class Scaler:
    """Keeps as many processors running as are needed.

    Args:
        broker: Knows the lag, and has the status stream.
        group: The consumer group.
        section: The settings.
        workers: The processors.
        clock: For cooldowns and for the times of changes.
        pid: Of this process.
    """

    def __init__(
        self, broker: Broker, group: str, section: ScaleSection, workers: Workers, clock: Clock,
        pid: int,
    ) -> None:  # fmt: skip
        self._broker = broker
        self._group = group
        self._limits = limits_of(section)
        self._workers = workers
        self._clock = clock
        self._host = f"{socket.gethostname()}-{pid}"
        self._look_s = min(_LOOK_S, self._limits.cooldown_s / 2)
        self._standing = Standing(self._limits.least)
        self._figures = Figures(None, None)
        self._changes: tuple[ScalingChange, ...] = ()
        self._ups = self._downs = 0
        self.lag: Sequence[PartitionLag] = ()
        self.services: Sequence[ServiceStatus] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, and until the last processor has ended in order.

        Whatever it does when `stop` is set is left: neither a broker that does not answer nor a
        processor that takes its time makes the others wait.
        """
        working = asyncio.create_task(self._work())
        try:
            await until(stop, working)
        finally:
            working.cancel()
            await asyncio.wait([working])
            await self._workers.resize(0)

    async def _work(self) -> None:
        """Looks and follows, until it is cancelled."""
        await self._workers.resize(self._standing.processors)
        while True:
            await asyncio.sleep(self._look_s)
            self._figures = await self._look()
            await self._follow(self._figures)

    async def _follow(self, figures: Figures) -> None:
        before = self._standing.processors
        decision = decide(figures, self._standing, self._limits, self._clock.monotonic())
        self._standing = decision.standing
        if decision.reason is None:
            return
        after = self._standing.processors
        log.info("processors: from %d to %d: %s", before, after, decision.reason)
        self._ups += after > before
        self._downs += after < before
        change = ScalingChange(
            at_ns=self._clock.now_ns(), before=before, after=after, reason=decision.reason
        )
        self._changes = (change, *self._changes[: MOST_CHANGES - 1])
        await self._workers.resize(after)

    async def _look(self) -> Figures:
        cpu = self._workers.cpu()
        try:
            self.lag = await self._broker.lag(group=self._group)
            services, _ = decode_status(await self._broker.read_status())
        except LogboomError as error:
            return Figures(None, cpu, len(self.lag), error.sentence())
        pids = set(self._workers.pids)
        host = socket.gethostname()
        self.services = [s for s in services if s.host == host and s.pid in pids]
        return figures_of(self.lag, cpu, self.services, self._standing.processors)

    @property
    def waiting_for(self) -> str | None:
        """What keeps the processors from working; None when nothing does."""
        return self._figures.held_up

    def status(self) -> ScalingStatus:
        """How it is now."""
        return ScalingStatus(
            host=self._host, at_ns=self._clock.now_ns(), processors=self._standing.processors,
            running=len(self._workers.pids), least=self._limits.least, most=self._limits.most,
            lag=self._figures.lag, cpu=self._figures.cpu, ups=self._ups, downs=self._downs,
            changes=self._changes,
        )  # fmt: skip

    def entries(self) -> Mapping[str, bytes]:
        """For the status stream."""
        status = self.status()
        return {status.key: status.model_dump_json().encode()}
