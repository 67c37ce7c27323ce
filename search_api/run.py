"""The search API as a process."""

from __future__ import annotations

import asyncio
import errno
import socket

import uvicorn

from logboom.broker import open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config
from logboom.config.load import process_environment
from logboom.config.units import split_address
from logboom.errors import AlreadyRunning
from logboom.lifecycle import SUPERVISED, run_service, stop_event
from logboom.store import open_store
from search_api.app import create_app
from search_api.state import PipelineState


def run(config: Config) -> int:
    """Runs the search API until SIGTERM or SIGINT.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    return run_service("api", _serve(config, SystemClock()))


async def _serve(config: Config, clock: Clock) -> None:
    stop = stop_event(supervised=SUPERVISED in process_environment())
    listener = _listen(config.api.listen)
    broker = await open_broker(config)
    store = await open_store(config, clock=clock)
    state = PipelineState(broker, store, config.processor.group, config.data, clock)
    settings = uvicorn.Config(
        create_app(store, state, clock), log_config=None, access_log=False, lifespan="off",
        timeout_graceful_shutdown=5, server_header=False,
    )  # fmt: skip
    server = _Server(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            await stop.wait()
            server.should_exit = True
            await serving
    finally:
        await store.close()
        await broker.close()


class _Server(uvicorn.Server):
    """Signals are ours: they stop all parts, not the server alone."""

    def install_signal_handlers(self) -> None:
        """Nothing."""


def _listen(address: str) -> socket.socket:
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        taken = (
            "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        raise AlreadyRunning(
            f"the address {taken}", where=address, mend="choose another with --port or api.listen"
        ) from error
    return listener
