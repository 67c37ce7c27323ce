"""`logboom process` with `processor.scale`: the parent of several processors."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import Any

from logboom.broker import Broker, open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config, ScaleSection
from logboom.environment import process_environment
from logboom.errors import LogboomError
from logboom.lifecycle import run_service, stop_event, supervisor_in, until
from logboom.monitoring import Monitoring
from logboom.reporting import INTERVAL_S, Reporter
from logboom.supervising import Ended
from logboom.telemetry import PipelineCollector
from processor.scaling.scaler import Scaler
from processor.scaling.workers import Workers

log = logging.getLogger("logboom.scaling")


def run(config: Config, settings: Mapping[str, Any]) -> int:
    """Runs as many processors as are needed, until SIGTERM or SIGINT.

    Args:
        config: The configuration; has `processor.scale`.
        settings: The same as a mapping, references resolved: for the processors.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    section = config.processor.scale
    if section is None:
        raise ValueError("there is no section processor.scale")
    return run_service("process", _serve(config, section, settings, SystemClock()))


def settings_of_one(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of one of the processors: it has no others, and its parent's metrics."""
    section = {**settings.get("processor", {}), "metrics": None}
    section.pop("scale", None)
    return {**settings, "processor": section}


async def _serve(
    config: Config, section: ScaleSection, settings: Mapping[str, Any], clock: Clock
) -> None:
    environment = process_environment()
    stop = stop_event(supervisor=supervisor_in(environment))
    broker = await open_broker(config)
    reporter = Reporter(broker, "processor", f"scaling-{os.getpid()}", clock)

    def say(ended: Ended) -> None:
        reporter.trouble(f"{ended.service} {ended.how}")

    try:
        async with asyncio.TaskGroup() as tasks:
            workers = Workers(settings_of_one(settings), environment, clock, tasks, say)
            scaler = Scaler(broker, config.processor.group, section, workers, clock, os.getpid())

            def tell(collector: PipelineCollector) -> None:
                collector.services, collector.lag = scaler.services, scaler.lag
                collector.scaling = [scaler.status()]

            monitoring = Monitoring(config.processor.metrics, reporter, tell)
            monitor = tasks.create_task(monitoring.serve())
            telling = tasks.create_task(_tell(broker, reporter, scaler))
            scaling = tasks.create_task(scaler.run(stop))
            await until(stop, scaling)
            reporter.state = "stopping"
            await scaling
            telling.cancel()
            monitor.cancel()
    finally:
        await broker.close()


async def _tell(broker: Broker, reporter: Reporter, scaler: Scaler) -> None:
    """Posts the numbers every second. A broker that is away is no reason to stop working."""
    is_silent = False
    while True:
        if reporter.state != "stopping":
            reporter.waiting_for = scaler.waiting_for
            is_running = any(status.state == "running" for status in scaler.services)
            reporter.state = "running" if is_running else "starting"
        try:
            await broker.post_status(scaler.entries())
        except LogboomError as error:
            if not is_silent:
                log.warning("the number of processors cannot be told: %s", error.sentence())
            is_silent = True
        else:
            is_silent = False
        await asyncio.sleep(INTERVAL_S)
