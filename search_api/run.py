"""The search API as a process."""

from __future__ import annotations

import asyncio

import uvicorn

from logboom.broker import open_broker
from logboom.clock import Clock, SystemClock
from logboom.config import Config
from logboom.config.load import process_environment
from logboom.lifecycle import SUPERVISED, run_service, stop_event
from logboom.serving import Server, listen
from logboom.state import open_state
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
    listener = listen(config.api.listen, mend="choose another with --port or api.listen")
    broker = await open_broker(config)
    store = await open_store(config, clock=clock)
    memory = open_state(config, clock)
    state = PipelineState(broker, store, config.processor.group, config.data, clock, memory)
    app = create_app(store, state, clock, config, memory)
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off",
        timeout_graceful_shutdown=5, server_header=False,
    )  # fmt: skip
    server = Server(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            await stop.wait()
            app.state.tails.close()
            server.should_exit = True
            await serving
    finally:
        await memory.close()
        await store.close()
        await broker.close()
