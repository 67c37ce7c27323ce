"""What the state's file does when it is damaged, foreign, out of reach, or closed."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.errors import StateRefused, StateUnavailable
from logboom.state import Write
from logboom.state.local import FILE_NAME, LocalState


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[LocalState]:
    opened = LocalState(tmp_path, ManualClock(datetime(2026, 3, 14, tzinfo=UTC)))
    yield opened
    await opened.close()


async def test_a_damaged_file_is_set_aside_and_an_empty_one_begun(
    state: LocalState, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 1000)
    with pytest.raises(StateRefused, match=r"set aside as state\.sqlite3\.damaged-1: what was rem"):
        await state.get("rule", "a")
    assert await state.get("rule", "a") is None
    await state.put("rule", "a", {})


async def test_a_file_of_another_version_is_refused(state: LocalState, tmp_path: Path) -> None:
    await state.put("rule", "a", {})
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    other = LocalState(tmp_path, ManualClock(datetime(2026, 3, 14, tzinfo=UTC)))
    with pytest.raises(StateRefused, match="has format 99, this logboom knows 1"):
        await other.list("rule")
    await other.close()


async def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    state = LocalState(tmp_path / "state", ManualClock(datetime(2026, 3, 14, tzinfo=UTC)))
    with pytest.raises(StateRefused, match="check its rights"):
        await state.get("rule", "a")
    await state.close()


async def test_only_the_owner_can_read_it(state: LocalState, tmp_path: Path) -> None:
    await state.put("rule", "a", {"secret": 1})
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


async def test_a_refused_write_among_many_changes_nothing(state: LocalState) -> None:
    with pytest.raises(StateRefused):
        await state.put_many([Write("rule", "a", {}), Write("rule", "a" * 500, {})])
    assert await state.list("rule") == []


async def test_nothing_is_asked_of_a_closed_one(state: LocalState) -> None:
    await state.close()
    with pytest.raises(StateUnavailable, match="is closed"):
        await state.get("rule", "a")
