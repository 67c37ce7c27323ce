"""Who follows a tail of a store that shows things late has it show them sooner, if that is cheap."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import LogboomError, StoreRefused, StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import Store, open_store
from search_api.live import asked
from search_api.live.asked import AskedTails
from search_api.live.refreshing import Refreshes
from tests.polling import soon


class Watched:
    """Counts refreshes of a store; each takes a time, or fails."""

    def __init__(self, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.takes = 0.0
        self.error: LogboomError | None = None
        self._clock = clock
        monkeypatch.setattr(store, "refresh", self._refresh)

    async def _refresh(self) -> None:
        self.count += 1
        self._clock.advance(self.takes)
        if self.error is not None:
            raise self.error


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    one = await open_store(Config(data=tmp_path), clock=clock)
    yield one
    await one.close()


@pytest.fixture
def watched(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(store, clock, monkeypatch)


async def wanted(refreshes: Refreshes, clock: ManualClock, after_s: float = 0.0) -> None:
    """Somebody wants one, and it is done if it is due."""
    clock.advance(after_s)
    refreshes.want()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_all_who_follow_share_a_refresh(
    store: Store, clock: ManualClock, watched: Watched
) -> None:
    refreshes = Refreshes(store, clock)
    for _ in range(5):
        await wanted(refreshes, clock)
    assert watched.count == 1
    await wanted(refreshes, clock, 0.35)
    assert watched.count == 2


@pytest.mark.parametrize("error", [None, StoreUnavailable("away")])
async def test_a_store_that_takes_long_or_is_away_is_left_alone_for_a_while(
    store: Store, clock: ManualClock, watched: Watched, error: LogboomError | None
) -> None:
    refreshes = Refreshes(store, clock)
    watched.takes, watched.error = 0.5, error
    await wanted(refreshes, clock)
    await wanted(refreshes, clock, 1)
    assert watched.count == 1
    await wanted(refreshes, clock, 9)
    assert watched.count == 2


async def test_a_store_that_refuses_is_asked_seldom_until_it_does_not(
    store: Store, clock: ManualClock, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    refreshes = Refreshes(store, clock)
    watched.error = StoreRefused("no such right")
    with caplog.at_level(logging.INFO):
        for _ in range(4):
            await wanted(refreshes, clock, 60)
        assert watched.count == 1
        await wanted(refreshes, clock, 120)
    assert watched.count == 2
    assert caplog.text.count("at the store's own pace") == 1
    watched.error = None
    await wanted(refreshes, clock, 300)
    await wanted(refreshes, clock, 1)
    assert watched.count == 4


def said(check: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def answer() -> bool:
        return check()

    return answer


async def test_nothing_is_refreshed_when_nobody_listens_any_more(
    store: Store, clock: ManualClock, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    real = asked._Tail._look

    async def look(tail: asked._Tail) -> None:
        nonlocal looks
        await real(tail)
        looks += 1
        clock.advance(1)

    monkeypatch.setattr(asked._Tail, "_look", look)
    monkeypatch.setattr(asked, "_LOOK_S", 0.001)
    tails = AskedTails(store, clock)
    async with aclosing(tails.follow(MatchAll(), None, 60)) as following:
        assert not (await anext(following)).lines
        await soon(said(lambda: watched.count >= 3), timeout_s=10, what="it is refreshed")
    count, seen = watched.count, looks
    await soon(said(lambda: looks > seen + 3), timeout_s=10, what="it looks on")
    assert watched.count == count
    tails.close()


async def test_one_that_hangs_holds_nobody_up_and_is_given_up_at_the_end(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[str] = []

    async def hang() -> None:
        ends.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ends.append("given up")
            raise

    monkeypatch.setattr(store, "refresh", hang)
    refreshes = Refreshes(store, clock)
    for _ in range(3):
        await wanted(refreshes, clock, 60)
    assert ends == ["begun"]
    refreshes.close()
    await wanted(refreshes, clock, 60)
    assert ends == ["begun", "given up"]
