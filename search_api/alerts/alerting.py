"""What are the parts of deciding, and how do they work together in one process?"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

from logboom.broker import PartitionLag
from logboom.clock import Clock
from logboom.config import Config
from logboom.state import State
from logboom.store import Store
from logboom.telemetry_alerts import AlertFigures, AlertsCollector, ReceiverFigures
from search_api.alerts.engine import Engine
from search_api.alerts.lateness import Late, Lateness
from search_api.alerts.leading import lead
from search_api.alerts.library import Library
from search_api.alerts.rule_keeping import KeptRules
from search_api.alerts.seat import Seat
from search_api.alerts.source import StoreSource
from search_api.alerts.visible import Visible
from search_api.pipeline.state import PipelineState

Work = Callable[[], Awaitable[None]]
Receivers = Callable[[], Mapping[str, ReceiverFigures]]


class Alerting:
    """Deciding, in one process.

    Args:
        store: Has the events.
        memory: Keeps what was decided.
        pipeline: Says how late it is.
        config: The settings.
        clock: Asked for the time.
    """

    def __init__(
        self, store: Store, memory: State, pipeline: PipelineState, config: Config, clock: Clock
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._memory = memory
        self._store = store
        self._settle_s = config.alerts.settle.total_seconds()
        self._begin()
        self._beside: list[Work] = []
        self._wakes: list[Callable[[], None]] = []
        self._receivers: Receivers = dict
        is_embedded = store.kind == "local"
        self._seat = Seat(config.data / "state" / "alerts.lock") if is_embedded else None
        self.kept = KeptRules(memory, clock)
        self.library = Library(config.alerts.rules, self.kept)
        self.engine = Engine(
            memory, StoreSource(store, memory), Library(config.alerts.rules, self.kept),
            config.alerts, clock, late=self._late, on_staged=self._wake,
            is_told=bool(config.alerts.receivers),
        )  # fmt: skip

        self.figures = AlertsCollector(self._figures)

    def beside(self, work: Work, wake: Callable[[], None], figures: Receivers) -> None:
        """Has other work done by whoever decides.

        Args:
            work: Runs until it is cancelled.
            wake: Called when there may be something to be told.
            figures: Say how it goes with telling.
        """
        self._beside.append(work)
        self._wakes.append(wake)
        self._receivers = figures

    def parts(self) -> list[dict[str, str]]:
        """How it goes, as parts of the health."""
        return self.engine.standing.parts(self._clock.now_ns() // 1000)

    async def run(self) -> None:
        """Decides for as long as we lead, and waits for that otherwise; until it is cancelled."""
        await lead(self._memory, self._clock, _own_name(), self._work, seat=self._seat)

    def _begin(self) -> None:
        self._visible = Visible(self._store)
        self._lateness = Lateness(self._visible.position, self._settle_s)

    async def _work(self) -> None:
        self._begin()  # nobody has looked while others led
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._visible.run(self._lags))
            tasks.create_task(self.engine.run())
            for work in self._beside:
                tasks.create_task(_awaited(work))

    def _figures(self) -> AlertFigures:
        standing = self.engine.standing
        return AlertFigures(
            leading=standing.is_leading,
            lag_s=standing.lag_s(self._clock.now_ns() // 1000),
            last_success_s=(standing.success_us or 0) / 1e6,
            late_s=standing.late_s,
            rules=sum(group.rules for group in standing.groups.values()),
            failing=len(standing.failures),
            held=len(standing.held),
            invalid=len(standing.problems),
            overflow=sum(standing.overflow.values()),
            evaluations=standing.evaluations,
            failures=standing.failed,
            transitions=dict(standing.transitions),
            passed_over=standing.passed_over,
            rewound=standing.rewound,
            reevaluated=standing.reevaluated,
            untold=standing.untold,
            heartbeats=standing.heartbeats,
            receivers=self._receivers() if standing.is_leading else {},
            took_s={name: group.took_s for name, group in standing.groups.items()},
        )

    def _wake(self) -> None:
        for wake in self._wakes:
            wake()

    async def _late(self) -> Late:
        return self._lateness.note(
            await self._pipeline.timely_snapshot(), self._clock.now_ns() / 1e9
        )

    async def _lags(self) -> Sequence[PartitionLag]:
        """The partitions; none where nothing is judged by what searches see."""
        if not self.engine.rules.groups:
            return ()
        return (await self._pipeline.timely_snapshot()).lag


def _own_name() -> str:
    """Unlike those of all other replicas: containers can have the same host name and process id."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def _awaited(work: Work) -> None:
    await work()
