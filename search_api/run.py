"""The search API as a process."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from socket import socket

import uvicorn
from fastapi import FastAPI

from logboom.broker import open_broker
from logboom.certificates import fresh_context
from logboom.clock import Clock, SystemClock
from logboom.config import ApiSection, Config
from logboom.connections import BoundedConnection
from logboom.environment import process_environment
from logboom.errors import StateUnavailable
from logboom.keys.needed import check_keys
from logboom.lifecycle import run_service, stop_event, supervisor_in
from logboom.serving import Server, listen
from logboom.state import State, open_state
from logboom.store import open_store
from search_api.access.guard import Guard
from search_api.access.opening import guarded, open_doorkeeping
from search_api.app import create_app
from search_api.live.compression import LeanWebSockets
from search_api.notifying.running import sending
from search_api.pipeline.state import PipelineState

log = logging.getLogger("logboom.api")

_LARGEST_MESSAGE = 64 * 1024
"""Bytes of what a client says over a WebSocket."""


def run(config: Config) -> int:
    """Runs the search API until SIGTERM or SIGINT.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work.
    """
    return run_service("api", _serve(config, SystemClock()))


async def _serve(config: Config, clock: Clock) -> None:
    stop = stop_event(supervisor=supervisor_in(process_environment()))
    async with AsyncExitStack() as opened:
        listener = opened.enter_context(
            listen(config.api.listen, mend="choose another with --port or api.listen")
        )
        broker = await open_broker(config)
        opened.push_async_callback(broker.close)
        store = await open_store(config, clock=clock)
        opened.push_async_callback(store.close)
        memory = open_state(config, clock)
        opened.push_async_callback(memory.close)
        doors = open_doorkeeping(config, memory, clock)
        opened.push_async_callback(doors.close)
        state = PipelineState(
            broker, store, config.processor.group, config.data, clock, memory,
            keep=config.retention.keep,
        )  # fmt: skip
        opened.push_async_callback(state.close)
        app = create_app(store, state, clock, config, memory, doors)
        server = Server(_settings(guarded(app, config, doors, clock), config.api))
        await _see_keys(config, memory, clock)
        dispatcher = await opened.enter_async_context(sending(config, memory, clock, store))
        if dispatcher is not None:
            app.state.alerting.beside(dispatcher.run, dispatcher.wake, dispatcher.figures)
        await _work(app, server, listener, stop)


async def _work(app: FastAPI, server: Server, listener: socket, stop: asyncio.Event) -> None:
    """Answers and decides until `stop` is set, and stops in order."""
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listener]))
        deciding = tasks.create_task(app.state.alerting.run())
        await stop.wait()
        deciding.cancel()
        app.state.tails.close()
        server.should_exit = True
        await serving


async def _see_keys(config: Config, memory: State, clock: Clock) -> None:
    """Somebody has to be able to come in; a state that is away is no reason to end.

    Raises:
        ConfigError: Keys are needed, and there is none.
    """
    try:
        await check_keys(config, memory, clock)
    except StateUnavailable as error:
        log.warning("it is not known whether there is an API key: %s", error.sentence())


def _settings(guard: Guard, section: ApiSection) -> uvicorn.Config:
    """How the server works. It tells of no request in its own log: addresses may have secrets.

    Raises:
        ConfigError: Our certificate cannot be used.
    """
    settings = uvicorn.Config(
        guard, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5,
        server_header=False, http=BoundedConnection, ws=LeanWebSockets, ws_max_size=_LARGEST_MESSAGE,
        proxy_headers=bool(section.trusted_proxies), forwarded_allow_ips=section.trusted_proxies,
    )  # fmt: skip
    settings.load()
    if section.tls is not None:
        settings.ssl = fresh_context(section.tls, where="api.tls")
    return settings
