"""How long is a store waited for that takes its time, or does not answer at all?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from logboom.config.searching import SearchesSection
from logboom.errors import StoreUnavailable
from logboom.query.model import MatchAll
from logboom.store import TimeRange
from logboom.store.local import LocalStore
from search_api.searching.answering import Answer, Question
from tests.api_world import World, served
from tests.polling import soon
from tests.unit.search_api.searching.answerings import answering
from tests.unit.search_api.searching.test_answering import document


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path) as one:
        await one.write([document(number) for number in range(20)])
        yield one


async def test_where_nothing_answers_it_is_no_advice_to_ask_for_less(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> None:
        raise StoreUnavailable("it hangs")

    async def slowly() -> Answer:
        return Answer({"count": await asyncio.Event().wait()})

    monkeypatch.setattr(world.store, "reach", silent)
    section = SearchesSection(concurrent=1, cache=0, timeout=timedelta(seconds=0.1))
    impatient = answering(section, world.store, grace_s=3600)  # nor is it waited for
    with pytest.raises(StoreUnavailable, match=r"does not answer at all, for 0\.1 s or more"):
        await impatient.respond(Question("count", "", MatchAll(), TimeRange()), slowly)


async def test_a_store_that_hangs_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hanging() -> str:
        return f"{await asyncio.Event().wait()}"

    async def never() -> Answer:
        return Answer({"count": await asyncio.Event().wait()})

    monkeypatch.setattr(world.store, "reach", hanging)
    section = SearchesSection(cache=0, timeout=timedelta(seconds=0.1))
    patient = answering(section, world.store, grace_s=3600)
    with pytest.raises(StoreUnavailable, match="does not answer at all"):
        await patient.respond(Question("count", "", MatchAll(), TimeRange()), never)


async def test_a_store_at_work_is_waited_for_while_it_hands_over_what_it_has(world: World) -> None:
    section = SearchesSection(cache=0, timeout=timedelta(seconds=0.1))
    patient = answering(section, world.store, grace_s=3600)
    asked: list[bool] = []
    reach = world.store.reach

    async def told() -> None:
        await reach()
        asked.append(True)

    async def late() -> Answer:
        async def was_asked() -> bool:
            return bool(asked)

        await soon(was_asked, timeout_s=30, what="the store is asked how it is")
        return Answer({"count": 1})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.store, "reach", told)
        answer = await patient.respond(Question("count", "", MatchAll(), TimeRange()), late)
    assert bytes(answer.body) == b'{"count":1}'


async def test_all_who_wait_ask_one_question_at_a_time_how_the_store_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = answering(
        SearchesSection(cache=0, timeout=timedelta(seconds=0.1)), world.store, grace_s=3600
    )
    under_way: list[int] = []
    most = 0

    async def told() -> str:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        await asyncio.sleep(0.05)
        under_way.pop()
        return "well"

    async def late() -> int:
        await asyncio.sleep(0.5)
        return 1

    monkeypatch.setattr(world.store, "reach", told)
    assert await asyncio.gather(*(patient.in_turn(late) for _ in range(8))) == [1] * 8
    assert most == 1


async def test_a_store_that_has_answered_others_is_waited_for_however_long_it_takes_to_say(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = answering(
        SearchesSection(cache=0, timeout=timedelta(seconds=0.1)), world.store, grace_s=3600
    )
    has_given_up, begun = asyncio.Event(), asyncio.Event()

    async def hanging() -> str:
        try:
            return f"{await asyncio.Event().wait()}"
        finally:
            has_given_up.set()

    async def late() -> int:
        begun.set()
        await has_given_up.wait()
        await asyncio.sleep(0.05)
        return 1

    async def soon_done() -> int:
        return 2

    monkeypatch.setattr(world.store, "reach", hanging)
    waiting = asyncio.ensure_future(patient.in_turn(late))
    await begun.wait()
    assert await patient.in_turn(soon_done) == 2
    assert await waiting == 1


async def test_the_embedded_store_says_how_it_is_while_all_searches_are_busy(world: World) -> None:
    go_on = threading.Event()
    store = world.store
    assert isinstance(store, LocalStore)
    busy = [asyncio.ensure_future(store._run(go_on.wait)) for _ in range(8)]
    try:
        await asyncio.wait_for(store.reach(), 30)
        assert "embedded store with 1 day" in await asyncio.wait_for(store.check(), 30)
        assert list(await asyncio.wait_for(store.troubles(), 30)) == []
    finally:
        go_on.set()
        await asyncio.gather(*busy)
