"""Who has a lease when clocks are wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.state.lease import Lease
from logboom.state.local import LocalState

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Set(ManualClock):
    """A clock that somebody can set."""

    set_by_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.set_by_ns


@pytest.fixture
def clock() -> Set:
    return Set(START)


@pytest.fixture
async def state(tmp_path: Path, clock: Set) -> AsyncIterator[LocalState]:
    opened = LocalState(tmp_path, clock)
    yield opened
    await opened.close()


async def test_a_clock_that_is_set_back_keeps_no_lease(state: LocalState, clock: Set) -> None:
    one, other = (Lease(state, "x", name, clock, for_s=10) for name in ("one", "other"))
    assert await one.take()
    assert one.left_s == 10
    clock.advance(11)
    assert await other.take()
    clock.set_by_ns = -9 * 10**9
    assert one.left_s == 0
    assert not await one.take()


async def test_a_lease_that_would_hold_for_days_is_free(state: LocalState, clock: Set) -> None:
    one, other = (Lease(state, "x", name, clock, for_s=10) for name in ("one", "other"))
    clock.set_by_ns = 86_400 * 10**9
    assert await one.take()
    clock.set_by_ns = -5 * 10**9
    assert await other.take()


async def test_clocks_may_differ_a_little(state: LocalState, clock: Set) -> None:
    one, other = (Lease(state, "x", name, clock, for_s=10) for name in ("one", "other"))
    assert await one.take()
    clock.set_by_ns = -9 * 10**9
    assert not await other.take()
