"""Fixtures that tests of the embedded store share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.store.local.writer import LocalWriter
from tests.unit.store_local.writing import LATER, opened_writer


@pytest.fixture
def clock() -> ManualClock:
    """Stands still on the day after the first one of the samples."""
    return ManualClock(LATER)


@pytest.fixture
async def writer(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LocalWriter]:
    """Writes to an empty store."""
    one = opened_writer(tmp_path, clock)
    yield one
    await one.close()
