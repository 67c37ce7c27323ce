"""The context of a line is bounded, and says what it has not looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from logboom.event import Event, event_id
from logboom.query.model import MatchAll
from logboom.store import Document, SearchRequest
from search_api.searching import context
from search_api.searching.context import TOO_LATE, context_of
from tests.api_world import World, served

RUN = "0123456789abc"


def document(number: int, run: str = RUN, *, second: int | None = None) -> Document:
    name = event_id(run, number * 100)
    event: Event = {
        "@timestamp": f"2026-11-21T11:00:{number if second is None else second:02}.000Z",
        "message": f"line {number}",
        "log": {"source": run, "offset": number * 100, "file": {"path": "/log/app.log"}},
        "event": {"id": name, "created": f"2026-11-21T11:01:{number:02}.000Z"},
        "attributes": {"seq": number},
    }
    return Document.of(name, date(2026, 11, 21), event)


LINES = [document(number) for number in range(20)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path, api={"searches": {"concurrent": 1}}) as one:
        await one.write(LINES)
        yield one


async def test_what_takes_too_long_is_told(world: World) -> None:
    looks = iter([False, True, True, True])
    found = await context_of(
        world.store, LINES[10].event, before=3, after=3, only=MatchAll(),
        is_late=lambda: next(looks),
    )  # fmt: skip
    assert [one["attributes"]["seq"] for one in found.before] == [7, 8, 9]
    assert list(found.after) == []
    assert found.warnings == [TOO_LATE]


async def test_an_answer_says_whether_it_is_whole(world: World) -> None:
    route = f"events/{LINES[10].id}/context"
    whole = await world.ask(route, before=2, after=2)
    assert [one["attributes"]["seq"] for one in whole["before"] + whole["after"]] == [8, 9, 11, 12]
    assert (whole["partial"], whole["warnings"]) == (False, [])
    doubtful = await world.ask(route, q="levle:error")
    assert "did you mean level?" in doubtful["warnings"][0]


async def test_contexts_take_turns_with_searches(world: World) -> None:
    route = f"/api/v1/events/{LINES[10].id}/context"
    answers = await asyncio.gather(*(world.api.get(route) for _ in range(4)))
    codes = {one.status_code for one in answers}
    assert codes == {200, 429}


def _seqs(events: Sequence[Event]) -> list[int]:
    return [one["attributes"]["seq"] for one in events]


async def test_neighbours_of_another_content_are_found_however_large(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.write([document(number, "fedcba9876543") for number in range(30, 35)])
    look = partial(
        context_of, world.store, LINES[-1].event, before=0, only=MatchAll(), is_late=lambda: False
    )
    whole = await look(after=3)
    assert _seqs(whole.after) == [30, 31, 32]
    monkeypatch.setattr(context, "SearchRequest", partial(SearchRequest, max_bytes=1))
    one_by_one = await look(after=3)
    assert (_seqs(one_by_one.after), one_by_one.warnings) == ([30, 31, 32], [])


async def test_a_rotation_parts_lines_in_the_order_of_the_files_whatever_their_times_say(
    world: World,
) -> None:
    second, third = "fedcba9876543", "1123456789abc"
    rest = [
        *(document(number, second, second=59 - number) for number in range(30, 40)),
        *(document(number, third, second=number - 40) for number in range(40, 45)),
    ]
    await world.write(rest)
    look = partial(context_of, world.store, only=MatchAll(), is_late=lambda: False)
    found = await look(rest[10].event, before=13, after=2)
    assert _seqs(found.before) == [17, 18, 19, *range(30, 40)]
    assert _seqs(found.after) == [41, 42]
    found = await look(LINES[18].event, before=1, after=14)
    assert (_seqs(found.before), _seqs(found.after)) == ([17], [19, *range(30, 40), 40, 41, 42])
    found = await look(rest[9].event, before=2, after=2)
    assert (_seqs(found.before), _seqs(found.after)) == ([37, 38], [40, 41])
