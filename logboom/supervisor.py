"""`logboom up`: the three services as processes on one machine, kept alive, and stopped in order."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logboom.clock import Clock
from logboom.lifecycle import SUPERVISED
from logboom.retrying import Backoff
from logboom.status import RESTARTS_WITHIN_S

log = logging.getLogger("logboom.supervisor")

CONFIG_DESCRIPTOR = "LOGBOOM_CONFIG_FD"
"""Number of the descriptor from which a supervised service reads its configuration as JSON."""

SERVICES: tuple[str, ...] = ("api", "process", "ship")
"""In the order of their start; they are stopped the other way round, so that all is drained."""

_STABLE_S = 30.0
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A service's process that has ended though nobody asked it to."""

    service: str
    status: int
    restarts_in_s: float


class Supervisor:
    """Starts, watches and stops the services.

    Args:
        settings: The configuration as a mapping, references and short forms resolved. It is handed
            to the services through a descriptor: secrets are on no command line and in no file.
        clock: For telling a process that ran well from one that fails at once.
        ended: Told of every process that ends unasked.
    """

    def __init__(
        self, settings: Mapping[str, Any], clock: Clock, ended: Callable[[Ended], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ended = ended
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event, services: Sequence[str] = SERVICES) -> None:
        """Keeps the services running until `stop` is set, then stops them in order."""
        async with asyncio.TaskGroup() as tasks:
            for service in services:
                self._keepers[service] = tasks.create_task(self._keep(service))
            await stop.wait()
            for service in reversed(services):
                await self._stop(service)

    async def _keep(self, service: str) -> None:
        backoff = Backoff(first_s=0.5, most_s=30.0)
        ends: list[float] = []
        while True:
            begun = self._clock.monotonic()
            ends = [end for end in ends if begun - end < RESTARTS_WITHIN_S]
            process = await self._start(service, restarts=len(ends))
            status = await process.wait()
            ends.append(self._clock.monotonic())
            if ends[-1] - begun > _STABLE_S:
                backoff.reset()
            wait_s = backoff.next_wait_s()
            log.error("%s ended with status %d; it starts again in %.1f s", service, status, wait_s)
            self._ended(Ended(service, status, wait_s))
            await asyncio.sleep(wait_s)

    async def _start(self, service: str, *, restarts: int) -> asyncio.subprocess.Process:
        descriptor = os.memfd_create("logboom-config")
        try:
            os.write(descriptor, json.dumps(self._settings, default=str).encode())
            os.lseek(descriptor, 0, os.SEEK_SET)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "logboom", service,
                stdin=None if service == "ship" else asyncio.subprocess.DEVNULL,
                pass_fds=(descriptor,),
                env={**os.environ, CONFIG_DESCRIPTOR: str(descriptor), SUPERVISED: f"{restarts}"},
                start_new_session=True,  # Ctrl-C reaches us alone: we stop them in order
            )  # fmt: skip
        finally:
            os.close(descriptor)
        self._processes[service] = process
        log.info("started %s as process %d", service, process.pid)
        return process

    async def _stop(self, service: str) -> None:
        """Asks a service to stop and waits; after long patience it is killed: a crash is safe."""
        keeper = self._keepers[service]
        keeper.cancel()
        await asyncio.wait([keeper])
        process = self._processes.get(service)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            log.warning("%s did not stop within %.0f s and is killed", service, _STOP_S)
            process.kill()
            await process.wait()
        log.info("stopped %s", service)
