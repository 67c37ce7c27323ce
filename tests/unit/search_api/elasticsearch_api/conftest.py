"""An embedded store with three days of events, behind the API."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from elasticsearch import AsyncElasticsearch
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from logboom.clock import ManualClock
from logboom.config import Config, LocalStoreSection
from logboom.config.searching import SearchesSection
from logboom.event import Event, event_id
from logboom.store import Document, open_store
from logboom.telemetry import ApiMetrics
from search_api.elasticsearch_api.routes import PREFIX, elasticsearch_routes
from search_api.searching.answering import Answering

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FIRST = datetime(2026, 11, 19, tzinfo=UTC)
RUN = "0123456789abc"
COUNT = 120
"""Events, half an hour between each two."""


def event_of(number: int) -> Event:
    moment = FIRST + timedelta(minutes=30 * number)
    return {
        "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "message": f"Order {number} was {'refused' if number % 10 == 0 else 'handled'} by cart-service",
        "log": {"level": "error" if number % 10 == 0 else "info", "source": RUN, "offset": number},
        "service": {"name": ("cart", "pay", "ship")[number % 3]},
        "http": {"response": {"status_code": 500 if number % 10 == 0 else 200}},
        "client": {"ip": f"10.0.{number % 4}.1"},
        "event": {
            "id": event_id(RUN, number),
            "created": "2026-11-21T11:59:00.000Z",
            "duration": (number + 1) * 1_000_000,
        },
        "attributes": {
            "seq": number,
            "region": "eu" if number % 2 else "us",
            "ok": number % 4 == 0,
        },
    }


EVENTS = [event_of(number) for number in range(COUNT)]


@asynccontextmanager
async def serving(config: Config, events: Sequence[Event]) -> AsyncIterator[FastAPI]:
    """The API over an embedded store that has some events."""
    clock = ManualClock(NOW)
    store = await open_store(config, clock=clock)
    writer = await store.writer()
    await writer.write(
        [
            Document.of(event["event"]["id"], date.fromisoformat(event["@timestamp"][:10]), event)
            for event in events
        ]
    )
    await store.refresh()
    app = FastAPI()
    metrics = ApiMetrics(CollectorRegistry())
    section = SearchesSection(concurrent=2)
    answering = Answering(store, lambda query: query, clock, metrics, section)
    patience_s = section.timeout.total_seconds()
    routes = elasticsearch_routes(store, clock, config.index, answering, patience_s)
    app.include_router(routes, prefix=PREFIX)
    app.state.clock = clock
    yield app
    await writer.close()
    await store.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    data: Path = tmp_path_factory.mktemp("elasticsearch-api")
    async with serving(Config(data=data, store=LocalStoreSection()), EVENTS) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://logboom/es") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(app: FastAPI) -> AsyncIterator[AsyncElasticsearch]:
    """Elasticsearch's own client, over a socket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/es"
        async with AsyncElasticsearch(address) as elasticsearch:
            yield elasticsearch
        server.should_exit = True
        await serving
