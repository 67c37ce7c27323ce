"""Who follows a tail of a store that shows things late has it show them sooner, if that is cheap."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import LogboomError, StoreRefused, StoreUnavailable
from logboom.query.model import MatchAll, Term
from logboom.store import Store, open_store
from search_api.live import asked, refreshing
from search_api.live.asked import AskedTails
from search_api.live.asking import Found, Looks
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
    """Somebody waits for one, and it is done if it is due soon."""
    clock.advance(after_s)
    await refreshes.shown()


async def test_all_who_follow_share_a_refresh(
    store: Store, clock: ManualClock, watched: Watched
) -> None:
    refreshes = Refreshes(store, clock)
    await asyncio.gather(*(refreshes.shown() for _ in range(5)))
    assert watched.count == 1
    await asyncio.gather(*(wanted(refreshes, clock, 0.1) for _ in range(3)))
    assert watched.count == 2


async def test_who_waits_for_one_that_is_under_way_goes_on_when_it_is_done(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, done = asyncio.Event(), []

    async def refresh() -> None:
        await ends.wait()
        done.append("refreshed")

    monkeypatch.setattr(store, "refresh", refresh)
    refreshes = Refreshes(store, clock)

    async def look() -> None:
        await refreshes.shown()
        done.append("looked")

    looking = [asyncio.create_task(look()) for _ in range(2)]
    await asyncio.sleep(0.02)
    assert not done
    ends.set()
    await asyncio.gather(*looking)
    assert done == ["refreshed", "looked", "looked"]


async def test_one_that_takes_long_for_once_is_soon_followed_by_the_next(
    store: Store, clock: ManualClock, watched: Watched
) -> None:
    refreshes = Refreshes(store, clock)
    watched.takes = 0.6
    await wanted(refreshes, clock)
    watched.takes = 0.01
    await wanted(refreshes, clock, 0.05)
    assert watched.count == 2


async def test_refreshes_take_a_quarter_of_the_time_at_most(
    store: Store, clock: ManualClock, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "_PATIENCE_S", 0.001)
    refreshes = Refreshes(store, clock)
    watched.takes = 0.5
    for _ in range(4000):
        await wanted(refreshes, clock, 0.1)
    assert 0.2 < watched.count * watched.takes / clock.monotonic() <= 0.26


async def test_a_store_that_is_away_is_left_alone_for_a_while(
    store: Store, clock: ManualClock, watched: Watched
) -> None:
    refreshes = Refreshes(store, clock)
    watched.takes, watched.error = 0.5, StoreUnavailable("away")
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
    seen = looks
    await soon(said(lambda: looks > seen + 1), timeout_s=10, what="the look under way has ended")
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
    monkeypatch.setattr(refreshing, "_PATIENCE_S", 0.05)
    refreshes = Refreshes(store, clock)
    for _ in range(3):
        async with asyncio.timeout(10):
            await wanted(refreshes, clock, 60)
    assert ends == ["begun"]
    refreshes.close()
    await asyncio.sleep(0)
    await wanted(refreshes, clock, 60)
    assert ends == ["begun", "given up"]


async def test_what_was_written_is_shown_as_soon_as_it_can_be_seen(
    store: Store, clock: ManualClock, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "_LOOK_S", 0.001)
    done: list[int] = []
    real = Looks.next

    async def look(looks: Looks) -> Found:
        done.append(watched.count)
        clock.advance(0.3)
        return await real(looks)

    monkeypatch.setattr(Looks, "next", look)
    tails = AskedTails(store, clock)
    async with aclosing(tails.follow(MatchAll(), None, 60)) as following:
        assert not (await anext(following)).lines
        await soon(said(lambda: len(done) >= 5), timeout_s=10, what="it looks")
    assert done[:5] == [1, 2, 3, 4, 5], "each look comes right after a refresh"
    tails.close()


async def test_tails_do_not_all_look_in_the_same_instant(
    store: Store, clock: ManualClock, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, looked, goes_on = set[Looks](), set[Looks](), asyncio.Event()
    ready = 0
    shown = Refreshes.shown

    async def wait(refreshes: Refreshes) -> None:
        nonlocal ready
        await shown(refreshes)
        ready += 1

    async def look(looks: Looks) -> Found:
        under_way.add(looks)
        await goes_on.wait()
        under_way.remove(looks)
        looked.add(looks)
        return Found([])

    monkeypatch.setattr(Refreshes, "shown", wait)
    monkeypatch.setattr(Looks, "next", look)
    tails = AskedTails(store, clock)
    async with AsyncExitStack() as stack:
        for number in range(40):
            query = Term("service.name", f"shop-{number}")
            following = await stack.enter_async_context(aclosing(tails.follow(query, None, 60)))
            await anext(following)
        await soon(said(lambda: ready == 40), timeout_s=10, what="all want to look")
        await asyncio.sleep(0)
        assert len(under_way) == 8
        goes_on.set()
        await soon(said(lambda: len(looked) == 40), timeout_s=10, what="all look")
    tails.close()
