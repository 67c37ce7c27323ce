"""Worlds that are closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.search_api.alerts.world import ERRORS, Make, World, group_of


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    worlds: list[World] = []

    def one(*rules: Any, every: str = "15s", **settings: Any) -> World:
        group = group_of(*(rules or (ERRORS,)), every=every)
        worlds.append(World(tmp_path / str(len(worlds)), group, **settings))
        return worlds[-1]

    yield one
    for world in worlds:
        await world.close()
