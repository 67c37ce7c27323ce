"""How much can one who asks follow, and what is left for the others?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import TooBusy
from logboom.query.model import Term
from logboom.store import Store, open_store
from search_api.live import asked
from search_api.live.asked import AskedTails
from search_api.live.news import News
from search_api.live.tailing import MOST_OF_ONE, Tails

CLOCK = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    one = await open_store(Config(data=tmp_path), clock=CLOCK)
    yield one
    await one.close()


def question(number: int) -> Term:
    return Term("service.name", f"shop-{number}")


async def test_one_key_leaves_questions_for_others(store: Store) -> None:
    tails = Tails(store, CLOCK)

    async def begun(number: int, who: str) -> AsyncGenerator[News, None]:
        following = tails.follow(question(number), who=who)
        assert not (await anext(following)).lines
        open_ones.push_async_callback(following.aclose)
        return following

    async with AsyncExitStack() as open_ones:
        own = [await begun(number, "key a") for number in range(MOST_OF_ONE)]
        with pytest.raises(TooBusy, match="by one key"):
            await begun(MOST_OF_ONE, "key a")
        await begun(0, "key a")  # one of its questions
        await begun(MOST_OF_ONE, "key b")
        await begun(MOST_OF_ONE, "")
        await own[1].aclose()
        await begun(MOST_OF_ONE, "key a")
    assert (tails.clients, tails._asked) == (0, {})
    tails.close()


async def test_a_question_that_nobody_follows_any_more_makes_room(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MOST_QUESTIONS", 2)
    tails = AskedTails(store, CLOCK)
    for number in range(4):
        async with aclosing(tails.follow(question(number), None, 60)) as following:
            assert not (await anext(following)).lines
            assert tails.clients == 1
    assert tails.questions == 2
    async with (
        aclosing(tails.follow(question(2), None, 60)) as first,
        aclosing(tails.follow(question(3), None, 60)) as second,
        aclosing(tails.follow(question(4), None, 60)) as third,
    ):
        assert not [*(await anext(first)).lines, *(await anext(second)).lines]
        with pytest.raises(TooBusy):
            await anext(third)
    tails.close()
