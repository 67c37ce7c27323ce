"""A store of each kind that nobody else uses; a module may override the configuration, or the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.store import Store, StoreWriter, open_store
from tests.contract.stores import config_of


@pytest.fixture(params=["local", "elasticsearch"])
def config(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Config:
    return config_of(request.param, request, tmp_path, unique)


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    opened = await open_store(config, clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
async def writer(store: Store) -> AsyncIterator[StoreWriter]:
    opened = await store.writer()
    yield opened
    await opened.close()
