"""A guarded API over an embedded store with some events of three services."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.event import event_id
from logboom.keys import Scope
from logboom.rollups import Tier
from logboom.state.local import LocalState
from logboom.store import Document, open_store
from search_api.access.guard import Guard
from search_api.access.opening import Doorkeeping, guarded, open_doorkeeping
from search_api.app import create_app
from search_api.pipeline.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
DAY = date(2026, 11, 21)
RUN = "0123456789abc"
SERVICES = ("shop-cart", "shop-pay", "bank")
LISTEN = "127.0.0.1:7700"


def document(number: int) -> Document:
    service = SERVICES[number % 3]
    event: dict[str, Any] = {
        "@timestamp": f"2026-11-21T11:{number % 60:02d}:00.000Z",
        "message": f"order {number} of {service}",
        "log": {"level": "error" if number % 2 else "info", "source": RUN, "offset": number,
                "file": {"path": "/var/log/all.log"}},
        "service": {"name": service},
        "trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"},
        "event": {"id": event_id(RUN, number), "created": "2026-11-21T11:59:00.000Z",
                  "ingested": f"2026-11-21T11:59:{number % 60:02d}.000Z"},
        "attributes": {"seq": number, "account": f"of-{service}"},
    }  # fmt: skip
    if number % 2:
        event["error"] = {"type": "Broken", "fingerprint": f"broken-{service}"}
    return Document.of(event_id(RUN, number), DAY, event)


@dataclass
class Api:
    """An API, and what stands behind it."""

    client: httpx.AsyncClient
    doors: Doorkeeping
    clock: ManualClock
    config: Config
    guard: Guard
    write: Callable[[list[Document]], Awaitable[None]]
    memory: LocalState

    async def key(self, *scopes: str, services: list[str] | None = None, **more: Any) -> str:
        """A new key's secret."""
        name = f"k{len(await self.doors.book.keys())}"
        chosen = frozenset(map(Scope, scopes))
        _, secret = await self.doors.book.create(name, chosen, services, by="root", **more)
        self.doors.keys.forget()
        return secret

    async def get(self, path: str, key: str | None = None, **parameters: Any) -> httpx.Response:
        """Asks below ``/api/v1``."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return await self.client.get(f"/api/v1/{path}", params=parameters or None, headers=headers)

    def audited(self) -> list[dict[str, Any]]:
        """The lines of the audit log."""
        path = self.config.api.audit_path(self.config.data)
        assert path is not None
        return [json.loads(line) for line in path.read_text().splitlines()]


@asynccontextmanager
async def opened(folder: Path, **api: Any) -> AsyncIterator[Api]:
    """An API with some settings of `api`."""
    clock = ManualClock(NOW)
    config = Config.model_validate({"data": folder, "api": {"listen": LISTEN, **api}})
    async with AsyncExitStack() as stack:
        store = await open_store(config, clock=clock)
        stack.push_async_callback(store.close)
        writer = await store.writer()
        stack.push_async_callback(writer.close)

        async def write(documents: list[Document]) -> None:
            await writer.write(documents)
            await store.refresh()

        await write([document(number) for number in range(60)])
        rows = await store.rollups.summarise(
            1_795_255_200_000_000 // 60_000_000 * 60_000_000, 1_795_262_400_000_000
        )
        await store.rollups.keep(Tier.MINUTE, rows)
        broker = LocalBroker(folder / "broker", LocalBrokerSection())
        stack.push_async_callback(broker.close)
        memory = LocalState(folder / "state", clock)
        stack.push_async_callback(memory.close)
        pipeline = PipelineState(broker, store, "g", folder, clock, memory)
        doors = open_doorkeeping(config, memory, clock)
        stack.push_async_callback(doors.close)
        app = create_app(store, pipeline, clock, config, memory, doors)
        stack.callback(app.state.tails.close)
        guard = guarded(app, config, doors, clock)
        transport = httpx.ASGITransport(guard, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=f"http://{LISTEN}")
        await stack.enter_async_context(client)
        yield Api(client, doors, clock, config, guard, write, memory)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """One that needs keys."""
    async with opened(tmp_path, auth="keys") as one:
        yield one


@pytest.fixture
async def open_api(tmp_path: Path) -> AsyncIterator[Api]:
    """One that needs none."""
    async with opened(tmp_path) as one:
        yield one
