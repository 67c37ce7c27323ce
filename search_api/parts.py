"""What is every area of the API given to work with?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.config import Config
from logboom.state import State
from logboom.store import Store
from logboom.telemetry import ApiMetrics
from search_api.alerts.alerting import Alerting
from search_api.live.tailing import Tails
from search_api.pipeline.state import PipelineState
from search_api.searching.answering import Answering


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that routes are made of.

    Attributes:
        store: Has the events.
        pipeline: Knows the services, the sources and the ledger.
        clock: Asked for the time.
        config: The settings.
        metrics: Counted by the API itself.
        tails: Follow what is stored.
        answering: Puts questions to the store.
        memory: Has what users have set; None: there are no routes for that.
        sees: Whether whoever asks may know of events of a service.
        reads: Whether whoever asks may read events of a service, also where it is about alerts.
        alerting: Decides which alerts there are; None without `memory`.
    """

    store: Store
    pipeline: PipelineState
    clock: Clock
    config: Config
    metrics: ApiMetrics
    tails: Tails
    answering: Answering
    memory: State | None
    sees: Callable[[str], bool]
    reads: Callable[[str], bool]
    alerting: Alerting | None = None
