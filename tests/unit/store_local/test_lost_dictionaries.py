"""A dictionary that is lost is found before a search meets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from logboom.query.model import MatchAll
from logboom.store import Count, SearchRequest
from logboom.store.local import committing, dictionary
from tests.polling import soon
from tests.unit.store_local.samples import DAY, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened
from tests.unit.store_local.test_dictionary import empty_it, filled, spoil_it

DAMAGES = [spoil_it, empty_it, Path.unlink]
ASIDE = "logs-2026.03.14-1 is damaged and set aside"


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_lost_dictionary_is_found_at_a_start(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(await filled(tmp_path) / dictionary.NAME)
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(6_200, exact=True)
    writing = await store.writer()
    assert ASIDE in await store.check()
    assert await store.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    await writing.close()
    await store.close()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_dictionary_that_is_lost_meanwhile_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    folder = await filled(tmp_path)
    monkeypatch.setattr(committing, "_LOOK_S", 0.0)
    store = opened(tmp_path)
    writing = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(6_200, exact=True)
    damage(folder / dictionary.NAME)

    async def is_aside() -> bool:
        return ASIDE in await store.check()

    await soon(is_aside, timeout_s=20, what="the day is set aside")
    assert await store.count(MatchAll(), EVERYTHING) == Count(0, exact=False)
    await writing.close()
    await store.close()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_dictionary_of_a_day_that_is_written_to_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    path = await filled(tmp_path) / dictionary.NAME
    monkeypatch.setattr(committing, "_LOOK_S", 0.0)
    store, whole = opened(tmp_path), path.read_bytes()
    writing = await store.writer()
    await writing.write(documents(10, first=9_000))
    damage(path)

    async def is_back() -> bool:
        return path.exists() and path.read_bytes() == whole

    await soon(is_back, timeout_s=20, what="the dictionary is back")
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(6_210, exact=True)
    await writing.close()
    await store.close()
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=10))
    assert (page.partial, len(page.events)) == (False, 10)
    await store.close()
    assert day_folder(tmp_path, DAY).exists()
