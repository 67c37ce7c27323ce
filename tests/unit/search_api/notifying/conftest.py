"""A server that hears what receivers are sent; a state by the clock of the stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.state.local import LocalState
from tests.unit.search_api.notifying.hearing import Server, hearing
from tests.unit.search_api.notifying.stage import CLOCK


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with hearing() as one:
        yield one


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[LocalState]:
    opened = LocalState(tmp_path, CLOCK)
    yield opened
    await opened.close()
