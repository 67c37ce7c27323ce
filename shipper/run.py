"""The shipper as a process: everything wired together, with or without workers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from pathlib import Path

from logboom.broker import Broker, open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config
from logboom.dead import DeadLetters
from logboom.environment import process_environment
from logboom.lifecycle import (
    SUPERVISED,
    restarts_in,
    run_service,
    stop_event,
    supervisor_in,
    why_ended_in,
)
from logboom.memory import EVERY_S, give_back, trim_of_c_library
from logboom.reporting import Reporter
from logboom.supervising import Pauses
from shipper.events.treatment import Treatment
from shipper.files.hints import FolderHints
from shipper.inputs.making import make_inputs
from shipper.inputs.port import NetworkInput
from shipper.inputs.spools import Spools
from shipper.registry.registry import Registry
from shipper.shipping import Equipment, Shipping
from shipper.telling import Telling
from shipper.workers.crew import Crew
from shipper.workers.pool import WorkerLost

log = logging.getLogger("logboom.shipper")

_LONGEST_PAUSE_S = 5.0


def run(config: Config) -> int:
    """Runs a shipper until SIGTERM or SIGINT.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    return run_service("ship", _serve(config, SystemClock()))


async def _serve(config: Config, clock: Clock) -> None:
    stop = stop_event(supervisor=supervisor_in(process_environment()))
    registry = Registry(config.data / "shipper" / "registry.db")
    try:
        broker = await open_broker(config)
        try:
            await Shipper(config, registry, broker, clock).run(stop)
        finally:
            await broker.close()
    finally:
        registry.close()


class Shipper:
    """One shipper: inputs → events → broker.

    Args:
        config: The configuration.
        registry: What is known durably.
        broker: Where to.
        clock: For everything that takes time.
    """

    def __init__(self, config: Config, registry: Registry, broker: Broker, clock: Clock) -> None:
        inputs = make_inputs(config, clock)
        self._has = Equipment(
            config, config.shipper.name or socket.gethostname(), registry, clock, broker,
            Treatment.of(config), inputs, Spools([s for part in inputs for s in part.spools]),
            FolderHints(), DeadLetters(config.data / "dead", max_bytes=config.dead_letters.max_bytes),
        )  # fmt: skip
        self._reporter = Reporter(
            broker,
            "shipper",
            self._has.name,
            clock,
            restarts=restarts_in(process_environment()),
            ended=why_ended_in(process_environment()),
        )
        self._telling = Telling(self._has, self._reporter)

    async def run(self, stop: asyncio.Event) -> None:
        """Ships until `stop` is set, and then until everything that was taken is acknowledged.

        Raises:
            LogboomError: When it cannot work at all.
        """
        self._telling.warn_of_damage()
        self._has.spools.open(self._has.registry.sources())
        try:
            async with asyncio.TaskGroup() as tasks:
                receiving = tasks.create_task(_receive(self._has.inputs, stop))
                others = [
                    tasks.create_task(self._telling.run(stop)),
                    tasks.create_task(self._telling.monitoring().serve()),
                    tasks.create_task(self._has.spools.keep()),
                    tasks.create_task(give_back(EVERY_S, trim_of_c_library())),
                ]
                await self._ship(stop, receiving)
                for task in (receiving, *others):
                    task.cancel()
            await self._telling.last_words()
        finally:
            self._has.hints.close()
            self._has.spools.end()

    async def _ship(self, stop: asyncio.Event, receiving: asyncio.Task[None]) -> None:
        """Ships until it is done; when a worker is lost, it begins anew where the registry is."""
        pauses = Pauses(longest_s=_LONGEST_PAUSE_S)
        is_done = False
        while not is_done:
            begun = self._has.clock.monotonic()
            try:
                await self._ship_once(stop, receiving)
                is_done = True
            except* WorkerLost as lost:
                log.error("%s: shipping begins anew", _first_of(lost))  # noqa: TRY400 - no bug here
                self._reporter.trouble(str(_first_of(lost)))
                self._reporter.began_anew(str(_first_of(lost)))
                pause_s = pauses.after(self._has.clock.monotonic() - begun)
                is_done = await _stopped_within(stop, pause_s)

    async def _ship_once(self, stop: asyncio.Event, receiving: asyncio.Task[None]) -> None:
        config = self._has.config
        crew = Crew(config, producer=self._has.registry.id, log_path=_log_path(config))
        shipping: Shipping | None = None
        is_done = False
        try:
            channels = await crew.begin() if config.shipper.workers > 1 else ()
            shipping = self._telling.shipping = Shipping(self._has, channels)
            await shipping.run(stop, receiving)
            is_done = True
        finally:
            await crew.end(at_once=not is_done)
            if shipping is not None:
                shipping.close()


async def _receive(inputs: Sequence[NetworkInput], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        for part in inputs:
            tasks.create_task(part.run(stop))
        await stop.wait()


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Waits so long; True when it is to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


def _log_path(config: Config) -> Path | None:
    """Where a worker writes its own log: to where the shipper writes its own."""
    supervised = SUPERVISED in process_environment()
    return config.data / "logs" / "shipper.log" if supervised else None


def _first_of(group: BaseExceptionGroup[WorkerLost]) -> WorkerLost:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
