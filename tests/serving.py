"""A real API on a port of loopback, over a store that a test writes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from logboom.broker.local import LocalBroker
from logboom.clock import SystemClock, utc_text
from logboom.config import Config, LocalBrokerSection
from logboom.event import event_id
from logboom.serving import Server, listen
from logboom.state import State, open_state
from logboom.store import Document, Store, StoreWriter, open_store
from search_api.app import create_app
from search_api.live.compression import LeanWebSockets
from search_api.live.tailing import Tails
from search_api.pipeline.state import PipelineState
from tests.services.process import free_port

RUN = "0123456789abc"


@dataclass
class Served:
    """An API that answers.

    Attributes:
        address: HOST:PORT.
        store: What it reads.
        writer: Writes to that.
        memory: What users have set.
        tails: Those who follow.
    """

    address: str
    store: Store
    writer: StoreWriter
    memory: State
    tails: Tails

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def write(self, *numbers: int, level: str = "info", service: str = "checkout") -> None:
        """Stores events with these `seq` as a processor does."""
        await self.writer.write([document(number, level, service) for number in numbers])


def document(number: int, level: str = "info", service: str = "checkout") -> Document:
    """An event of just now."""
    now_ns = SystemClock().now_ns() // 1_000_000 * 1_000_000
    now, name = utc_text(now_ns), event_id(RUN, number * 100)
    event = {
        "@timestamp": now,
        "event": {"id": name, "created": now, "ingested": now},
        "log": {"level": level, "source": RUN, "offset": number * 100},
        "service": {"name": service},
        "message": f"line {number} of a test",
        "trace": {"id": f"{number:032x}"},
        "attributes": {"seq": number},
    }
    return Document.of(name, datetime.fromtimestamp(now_ns / 1e9, UTC).date(), event)


@asynccontextmanager
async def serve(folder: Path) -> AsyncIterator[Served]:
    """Starts an API over an empty embedded store; stops it at the end."""
    clock, config = SystemClock(), Config(data=folder)
    store = await open_store(config, clock=clock)
    writer = await store.writer()
    broker = LocalBroker(folder / "broker", LocalBrokerSection())
    memory = open_state(config, clock)
    state = PipelineState(broker, store, "g", folder, clock, memory)
    app = create_app(store, state, clock, config, memory)
    address = f"127.0.0.1:{free_port()}"
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5,
        ws=LeanWebSockets,
    )  # fmt: skip
    server = Server(settings)
    listener = listen(address, mend="another")
    listener.listen(256)  # from here on nobody is refused
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield Served(address, store, writer, memory, app.state.tails)
            finally:
                app.state.tails.close()
                server.should_exit = True
                await serving
    finally:
        await memory.close()
        await writer.close()
        await store.close()
        await broker.close()


async def routes(folder: Path) -> set[str]:
    """The paths of all routes of an API over an empty store in this folder."""
    clock = SystemClock()
    store = await open_store(Config(data=folder), clock=clock)
    broker = LocalBroker(folder / "broker", LocalBrokerSection())
    app = create_app(store, PipelineState(broker, store, "g", folder, clock), clock)
    await broker.close()
    await store.close()
    return {getattr(route, "path", "") for route in app.routes}
