"""A store that keeps no order is followed across clocks that are set right, refusals and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import QueryError, StoreRefused
from logboom.event import Event, event_id
from logboom.query.model import MatchAll, Query
from logboom.query.times import iso_text
from logboom.store import Count, Document, Store, TimeRange, open_store
from search_api.live import asked, asking
from search_api.live.asked import AskedTails, Place
from search_api.live.asking import Looks
from search_api.live.news import News
from search_api.live.stored import StoredTails
from tests.api_world import served
from tests.polling import soon

RUN = "0123456789abc"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    one = await open_store(Config(data=tmp_path), clock=clock)
    yield one
    await one.close()


async def write(store: Store, clock: ManualClock, *numbers: int) -> None:
    """Stores events of just now."""
    at = iso_text(clock.now_ns() // 1000)
    documents = []
    for number in numbers:
        name = event_id(RUN, number)
        event = {"@timestamp": at, "event": {"id": name, "ingested": at}, "message": str(number)}
        documents.append(Document.of(name, datetime(2026, 11, 22, tzinfo=UTC).date(), event))
    writer = await store.writer()
    await writer.write(documents)
    await writer.close()
    await store.refresh()


def messages(events: Sequence[Event]) -> list[str]:
    return [event["message"] for event in events]


async def whole(following: AsyncIterator[News]) -> list[News]:
    async with asyncio.timeout(10):
        return [news async for news in following]


def said(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def says() -> bool:
        return holds()

    return says


@pytest.mark.parametrize("back_s", [8, 60, 3600])
async def test_a_clock_that_is_set_back_hides_nothing(
    store: Store, clock: ManualClock, back_s: int
) -> None:
    await write(store, clock, 0)
    clock.advance(10)
    looks = Looks(store, MatchAll(), clock)
    await looks.begin()
    for number in range(1, 5):
        clock.advance(4)
        await write(store, clock, number)
        assert messages((await looks.next()).events) == [str(number)]
    await write(store, clock, 5)
    clock.advance(-back_s)
    await write(store, clock, 6)
    found = await looks.next()
    assert (sorted(messages(found.events)), found.dropped) == (["5", "6"], 0)
    for number in range(7, 12):
        clock.advance(4)
        await write(store, clock, number)
        found = await looks.next()
        assert (messages(found.events), found.dropped) == ([str(number)], 0)


@pytest.mark.parametrize("place", ["999999999999999999-x@", "253402300800000000-x@a.1"])
async def test_a_place_behind_all_times_is_none(place: str) -> None:
    with pytest.raises(QueryError, match="is no place in what has arrived"):
        Place.parse(place)


async def test_who_begins_to_follow_at_the_end_comes_to_an_end(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks, goes_on = asyncio.Event(), asyncio.Event()
    real = Looks.begin

    async def begin(looks: Looks) -> tuple[int, str]:
        asks.set()
        await goes_on.wait()
        return await real(looks)

    monkeypatch.setattr(Looks, "begin", begin)
    tails = AskedTails(store, clock)
    early = asyncio.create_task(whole(tails.follow(MatchAll(), None, 60)))
    await asks.wait()
    tails.close()
    goes_on.set()
    late = whole(tails.follow(MatchAll(), None, 60))
    assert not any(news.lines for news in [*await early, *await late])
    assert (tails.clients, tails.questions) == (0, 0)


async def test_who_begins_to_follow_an_ordered_store_at_the_end_comes_to_an_end(
    store: Store, clock: ManualClock
) -> None:
    assert store.arrivals is not None
    tails = StoredTails(store.arrivals, clock)
    tails.close()
    assert not any(news.lines for news in await whole(tails.follow(MatchAll(), None, 60)))
    assert (tails.clients, tails.questions) == (0, 0)


async def test_who_is_told_what_was_missed_hears_that_the_store_refuses(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_refused, asks = asyncio.Event(), asyncio.Event()
    real = asking.newest

    async def missed(*given: object) -> tuple[list[Event], bool]:
        asks.set()
        await is_refused.wait()
        return await real(*given)  # type: ignore[arg-type]

    async def refuse(_looks: Looks) -> object:
        await asks.wait()
        raise StoreRefused("no rights", where="there")

    monkeypatch.setattr(asked, "newest", missed)
    monkeypatch.setattr(Looks, "next", refuse)
    monkeypatch.setattr(asked, "_LOOK_S", 0.001)
    tails = AskedTails(store, clock)
    query: Query = MatchAll()
    following = asyncio.create_task(whole(tails.follow(query, "1-@", 60)))
    await asks.wait()
    await soon(said(lambda: not tails.questions), timeout_s=10, what="it has ended")
    is_refused.set()
    with pytest.raises(StoreRefused, match="no rights"):
        await following
    tails.close()


async def test_who_begins_or_comes_back_waits_for_a_turn(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "_LOOKS_AT_ONCE", 1)
    tails = AskedTails(store, clock)
    for since in (None, "1-@"):
        async with tails._turns, aclosing(tails.follow(MatchAll(), since, 60)) as following:
            first = asyncio.ensure_future(anext(following))
            done, _ = await asyncio.wait([first], timeout=0.2)
            assert not done
            tails._turns.release()
            assert not (await first).lines
            await tails._turns.acquire()
    tails.close()


async def test_what_a_tail_asks_before_it_begins_takes_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = asyncio.Event()

    async def hang(_query: Query, _times: TimeRange) -> Count:
        asks.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with served(tmp_path, api={"searches": {"concurrent": 1}}) as world:
        monkeypatch.setattr(world.store, "count", hang)
        first = asyncio.create_task(world.api.get("/api/v1/tail"))
        await asks.wait()
        answer = await world.api.get("/api/v1/tail")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2"), answer.text
        first.cancel()
