"""The processor as a process: everything wired together, from the first batch to the last commit."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from logboom.archive.keeping import Keeper
from logboom.broker import Broker, open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config, LocalStoreSection, ProcessorSection
from logboom.dead import DeadLetters
from logboom.dead.telling import DeadTelling
from logboom.environment import process_environment
from logboom.event import IndexDays
from logboom.lifecycle import (
    end,
    last_words,
    restarts_in,
    run_service,
    stop_event,
    supervisor_in,
    until,
    why_ended_in,
)
from logboom.memory import EVERY_S, give_back, give_large_back, trim_of_c_library
from logboom.monitoring import Monitoring
from logboom.native import native_library
from logboom.reporting import INTERVAL_S, Reporter
from logboom.state import State, open_state
from logboom.store import Store, open_store
from logboom.telemetry import PipelineCollector
from processor.burying import Burial
from processor.consuming import Consumer
from processor.grouping import Groups
from processor.keeping import open_keeper
from processor.lagging import OwnLag
from processor.preparing import Preparer
from processor.rates import Rates
from processor.rolling.opening import open_rolling
from processor.rolling.roller import Roller
from processor.tagging import Tagger
from processor.tallying import Tally
from processor.telling import Telling

log = logging.getLogger("logboom.processor")

_EMBEDDED_BATCH_EVENTS = 10_000
"""In one write to the embedded store: this process holds it several times over, and what the index makes of it."""

_LAST_WRITES_S = 15.0
_LAST_TURNS_S = 2.0
"""What was cancelled may give back its leases; a store that is away does not take them."""


def run(config: Config) -> int:
    """Runs a processor until SIGTERM or SIGINT.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    return run_service("process", _serve(config, SystemClock()))


async def _serve(config: Config, clock: Clock) -> None:
    stop = stop_event(supervisor=supervisor_in(process_environment()))
    if isinstance(config.store, LocalStoreSection):
        give_large_back()
    async with AsyncExitStack() as opened:
        broker = await open_broker(config)
        opened.push_async_callback(broker.close)
        store = await open_store(config, clock=clock)
        opened.push_async_callback(store.close)
        state = open_state(config, clock)
        opened.push_async_callback(state.close)
        await _work(_parts(config, broker, store, state, clock), config, stop)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What works in a processor."""

    consumer: Consumer
    roller: Roller
    keeper: Keeper
    reporter: Reporter
    telling: Telling


def _parts(config: Config, broker: Broker, store: Store, state: State, clock: Clock) -> _Parts:
    instance = f"{socket.gethostname()}-{os.getpid()}"
    reporter = Reporter(
        broker, "processor", instance, clock,
        restarts=restarts_in(process_environment()), ended=why_ended_in(process_environment()),
    )  # fmt: skip
    groups = Groups()
    preparer = Preparer(
        IndexDays(config.retention.keep), clock, native_library(), Tagger(config.errors), groups
    )
    letters = DeadLetters(config.data / "dead", max_bytes=config.dead_letters.max_bytes)
    burial = Burial(letters, clock)
    rolling = open_rolling(config, store, state, instance, clock, warn=reporter.trouble)
    rates = Rates()

    async def mark(written: Tally) -> None:
        await groups.keep(state)
        await rolling.mark(written.minutes)

    consumer = Consumer(
        broker, store, section_of(config), preparer, burial.bury, mark, rates.add, clock
    )
    keeper = open_keeper(config, store, state, consumer, reporter, clock, instance=instance)
    telling = Telling(
        instance, consumer, preparer, rates, rolling.roller, keeper.counts, DeadTelling(letters, clock),
        OwnLag(broker, config.processor.group, consumer, clock), clock,
    )  # fmt: skip
    return _Parts(consumer, rolling.roller, keeper, reporter, telling)


def section_of(config: Config) -> ProcessorSection:
    """The processor's settings; a size of writes that is not set is what suits the store."""
    section = config.processor
    is_set = "batch_events" in section.model_fields_set
    if isinstance(config.store, LocalStoreSection) and not is_set:
        section = section.model_copy(update={"batch_events": _EMBEDDED_BATCH_EVENTS})
    return section


async def _work(parts: _Parts, config: Config, stop: asyncio.Event) -> None:
    """Works until `stop` is set, and stops in order."""
    consumer, reporter, telling = parts.consumer, parts.reporter, parts.telling

    def tell(collector: PipelineCollector) -> None:
        telling.fill(collector, reporter)

    async with asyncio.TaskGroup() as tasks:
        reporting = tasks.create_task(_report(reporter, consumer, telling))
        giving = tasks.create_task(give_back(EVERY_S, trim_of_c_library()))
        monitoring = tasks.create_task(Monitoring(config.processor.metrics, reporter, tell).serve())
        rolling_up = tasks.create_task(parts.roller.run(lambda: consumer.has_backlog))
        keeping = tasks.create_task(parts.keeper.run())
        consuming = tasks.create_task(consumer.run(stop))
        await until(stop, consuming)
        reporter.state = "stopping"
        await _end_in_order(consumer, consuming, (keeping, rolling_up))
        reporting.cancel()
        monitoring.cancel()
        giving.cancel()
    reporter.state = "stopped"
    await last_words(_post(reporter, telling))


async def _end_in_order(
    consumer: Consumer, consuming: asyncio.Task[None], writing: Sequence[asyncio.Task[None]]
) -> None:
    """First those that write to what the consumer closes, then the consumer after its last write."""
    for task in writing:
        task.cancel()
    await asyncio.gather(*(end(task, patience_s=_LAST_TURNS_S) for task in writing))
    if not await end(
        consuming, patience_s=_LAST_WRITES_S, waits=lambda: consumer.waits_in_vain
    ):  # fmt: skip
        log.warning("stopped before the last write: these events are consumed again")


async def _report(reporter: Reporter, consumer: Consumer, telling: Telling) -> None:
    while True:
        waiting_for = consumer.counts.waiting_for
        if reporter.state != "stopping":
            reporter.state = "waiting" if waiting_for else "running"
        reporter.waiting_for = waiting_for
        await _post(reporter, telling)
        await asyncio.sleep(INTERVAL_S)


async def _post(reporter: Reporter, telling: Telling) -> None:
    await reporter.post(telling.counters(), await telling.news())
