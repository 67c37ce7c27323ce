"""Those who follow what is stored are told everything once, whoever comes and goes meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from logboom.clock import ManualClock
from logboom.errors import StoreUnavailable
from logboom.query.model import Exists, MatchAll, Query
from logboom.store.arrivals import Arrival, Arrived
from search_api.live.news import News
from search_api.live.stored import StoredTails

ROUNDS = 30


class Stored:
    """What has arrived, in memory; a place is how many came before it."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answers_left: int | None = None

    def write(self) -> None:
        number = len(self.arrivals)
        event = {"message": f"line {number}", "event": {"id": str(number)}}
        self.arrivals.append(Arrival(str(number), event, b"{}", str(number + 1)))

    async def end(self) -> str:
        return str(len(self.arrivals))

    async def after(self, place: str, *, most: int, most_waiting: int) -> Arrived:
        del most_waiting
        if self.answers_left is not None:
            if not self.answers_left:
                raise StoreUnavailable("the disk is away")
            self.answers_left -= 1
        found = self.arrivals[int(place) :][:most]
        end = int(place) + len(found)
        return Arrived(found, str(end), is_all=end == len(self.arrivals))


async def test_a_client_that_goes_while_it_comes_back_doubles_nothing_for_others() -> None:
    stored = Stored()
    tails = StoredTails(stored, ManualClock(datetime(2026, 11, 21, tzinfo=UTC)))
    began = asyncio.Barrier(3)

    async def told(query: Query) -> list[str]:
        ids: list[str] = []
        async with aclosing(tails.follow(query, None, 60)) as following:
            assert await anext(following) == News(place="0")
            await began.wait()
            async for news in following:
                ids += [line.id for line in news.lines]
                if str(ROUNDS - 1) in ids:
                    return ids
        return ids

    async def come_back(place: str) -> None:
        async with aclosing(tails.follow(MatchAll(), place, 60)) as following:
            await anext(following)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        listening = [tasks.create_task(told(query)) for query in (MatchAll(), Exists("message"))]
        await began.wait()
        for steps in range(ROUNDS):
            stored.write()
            client = asyncio.create_task(come_back(str(steps)))
            for _ in range(steps):  # goes away at any moment of coming back
                await asyncio.sleep(0)
            client.cancel()
            await asyncio.gather(client, return_exceptions=True)
    assert [task.result() for task in listening] == [[str(n) for n in range(ROUNDS)]] * 2
    tails.close()


async def test_who_could_not_come_back_leaves_no_place_for_others_to_begin_at() -> None:
    stored = Stored()
    tails = StoredTails(stored, ManualClock(datetime(2026, 11, 21, tzinfo=UTC)))
    stored.write()
    stored.answers_left = 1
    async with aclosing(tails.follow(MatchAll(), "0", 60)) as following:
        with pytest.raises(StoreUnavailable):
            await anext(following)
    stored.answers_left = None
    for _ in range(3):
        stored.write()
    async with asyncio.timeout(30), aclosing(tails.follow(MatchAll(), None, 60)) as following:
        assert await anext(following) == News(place="4")
        stored.write()
        assert [line.id for line in (await anext(following)).lines] == ["4"]
    tails.close()
