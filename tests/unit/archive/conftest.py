"""A store whose days are worked on, and tools of the system, as a user has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.state import open_state
from logboom.store import open_store
from tests.unit.archive.place import NOW, Place


@pytest.fixture
def run_tool() -> Callable[..., str]:
    """Runs a program and gives its standard output."""

    def run(name: str, *words: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"there is no {name} here")
        done = subprocess.run([path, *words], capture_output=True, text=True, check=True)
        return done.stdout

    return run


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    clock = ManualClock(NOW)
    config = Config.model_validate({"data": tmp_path, "index": "logs-%Y.%m.%d"})
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    yield Place(tmp_path, store, writer, state, clock)
    await writer.close()
    await store.close()
    await state.close()
