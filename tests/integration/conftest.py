"""Servers that a test may do to as it likes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from logboom.store.elastic.store import ElasticsearchStore
from tests.integration.elastic import opened
from tests.services.elasticsearch import start_elasticsearch
from tests.services.errors import ServiceMissing
from tests.services.process import JvmService
from tests.services.sources import missing

Starter = Callable[..., JvmService]


@pytest.fixture(scope="module")
def start_own_elasticsearch() -> Iterator[Starter]:
    """Starts an Elasticsearch with settings of the test's own; removed after the module's tests."""
    services: list[JvmService] = []

    def start(**settings: Any) -> JvmService:
        try:
            service = start_elasticsearch(heap="512m", **settings)
        except ServiceMissing as error:
            missing(error)
        services.append(service)
        return service

    yield start
    for service in services:
        service.remove()


@pytest.fixture
async def open_elastic() -> AsyncIterator[Callable[..., Awaitable[ElasticsearchStore]]]:
    """`opened`, but closed after the test."""
    stores: list[ElasticsearchStore] = []

    async def open_one(*arguments: Any, **section: Any) -> ElasticsearchStore:
        stores.append(await opened(*arguments, **section))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()
