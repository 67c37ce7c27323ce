"""Saved searches: kept, changed without losing a change, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api_world import World, served

ERRORS = {
    "name": "Errors of the shop", "q": "level:error AND service:shop", "from": "now-1d", "to": "now",
    "tz": "Asia/Seoul", "columns": ["@timestamp", "message"],
}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path) as one:
        yield one


async def save(world: World, **changes: object) -> dict[str, str]:
    answer = await world.api.post("/api/v1/searches", json={**ERRORS, **changes})
    assert answer.status_code == 201, answer.text
    saved: dict[str, str] = answer.json()
    return saved


async def test_a_search_is_saved_and_listed(world: World) -> None:
    saved = await save(world)
    rest = {"description": "", "sort": "desc", "changed": "2026-11-21T12:00:00.000Z"}
    assert saved == {**ERRORS, **rest, "id": saved["id"], "version": saved["version"]}
    assert await world.ask(f"searches/{saved['id']}") == saved
    other = await save(world, name="Another")
    listed = await world.ask("searches")
    assert sorted(one["name"] for one in listed["searches"]) == ["Another", "Errors of the shop"]
    assert listed["after"] is None
    first = await world.ask("searches", limit=1)
    second = await world.ask("searches", limit=1, after=first["after"])
    assert {one["searches"][0]["id"] for one in (first, second)} == {saved["id"], other["id"]}


async def test_only_one_of_two_changes_is_kept(world: World) -> None:
    saved = await save(world)
    place = f"/api/v1/searches/{saved['id']}"
    mine = await world.api.put(place, json={**ERRORS, "name": "Mine", "version": saved["version"]})
    assert mine.status_code == 200, mine.text
    theirs = await world.api.put(place, json={**ERRORS, "version": saved["version"]})
    assert theirs.status_code == 409
    assert "somebody else" in theirs.json()["detail"]
    assert (await world.ask(f"searches/{saved['id']}"))["name"] == "Mine"
    late = await world.api.delete(place, params={"version": saved["version"]})
    assert late.status_code == 409
    gone = await world.api.delete(place, params={"version": mine.json()["version"]})
    assert gone.status_code == 204
    for answer in (
        await world.api.get(place),
        await world.api.put(place, json={**ERRORS, "version": "1"}),
        await world.api.delete(place, params={"version": "1"}),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"q": "(a"}, "never closed"),
        ({"from": "blorb"}, "blorb"),
        ({"tz": "Mars/X"}, "time zone"),
        ({"name": ""}, "name"),
        ({"sort": "up"}, "sort"),
        ({"colums": []}, "colums"),
    ],
)
async def test_what_cannot_be_asked_is_not_saved(
    world: World, change: dict[str, object], words: str
) -> None:
    answer = await world.api.post("/api/v1/searches", json={**ERRORS, **change})
    assert answer.status_code == 400
    assert words in answer.text
    assert (await world.ask("searches"))["searches"] == []
