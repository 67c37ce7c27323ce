"""The API over an embedded store, for tests: no sockets, a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.state import State, open_state
from logboom.store import Document, Store, StoreWriter, open_store
from search_api.app import create_app
from search_api.pipeline.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """A store with its API."""

    api: httpx.AsyncClient
    app: FastAPI
    store: Store
    writer: StoreWriter
    state: State
    clock: ManualClock

    async def write(self, documents: Sequence[Document]) -> None:
        """Stores documents, and makes them visible."""
        await self.writer.write(documents)
        await self.store.refresh()

    async def ask(self, route: str, **parameters: Any) -> dict[str, Any]:
        """See `ask`."""
        return await ask(self.api, route, **parameters)


async def ask(api: httpx.AsyncClient, route: str, **parameters: Any) -> dict[str, Any]:
    """An answer of the API that must be a success; `from_` stands for `from`."""
    names = {name.rstrip("_"): value for name, value in parameters.items()}
    answer = await api.get(f"/api/v1/{route}", params=names)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


@asynccontextmanager
async def served(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Serves an empty embedded store.

    Args:
        folder: Where it is.
        settings: Of the configuration.
    """
    config = Config.model_validate({"data": folder, **settings})
    async with served_from(config, ManualClock(NOW)) as world:
        yield world


@asynccontextmanager
async def served_from(config: Config, clock: ManualClock) -> AsyncIterator[World]:
    """Serves the store that a configuration names."""
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    broker = LocalBroker(config.data / "broker", LocalBrokerSection())
    pipeline = PipelineState(broker, store, "g", config.data, clock, state)
    app = create_app(store, pipeline, clock, config, state)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://logboom") as client:
            yield World(client, app, store, writer, state, clock)
    finally:
        app.state.tails.close()
        await writer.close()
        await state.close()
        await store.close()
        await broker.close()
