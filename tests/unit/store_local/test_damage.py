"""What the embedded store holds after damage: what can be made anew is, the rest is set aside."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from logboom.query.model import MatchAll
from logboom.store import Count, Outcome, SearchRequest
from tests.unit.store_local.samples import DAY, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close


def spoil_meta(folder: Path) -> None:
    (folder / "index" / "meta.json").write_bytes(b"{ this is no JSON")


def empty_a_segment(folder: Path) -> None:
    for path in (folder / "index").glob("*.term"):
        path.write_bytes(b"")


def lose_the_index(folder: Path) -> None:
    shutil.rmtree(folder / "index")


@pytest.mark.parametrize("damage", [spoil_meta, empty_a_segment, lose_the_index])
async def test_a_damaged_index_is_told_and_made_anew_from_the_documents(
    tmp_path: Path, damage: Any
) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    damage(day_folder(tmp_path))
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert {event["event"]["id"] for event in page.events} == {
        one.id for one in some if one.day != DAY
    }
    if damage is not lose_the_index:
        assert page.partial
        assert "cannot be read" in page.warnings[0]
        assert "cannot be read" in await store.check()
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    page = await store.search(SearchRequest(MatchAll()))
    assert (page.partial, list(page.warnings)) == (False, [])
    assert set(await writer.write(some)) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()


async def test_damaged_documents_are_set_aside_and_the_other_days_go_on(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[50] ^= 255
    path.write_bytes(data)
    lose_the_index(day_folder(tmp_path))
    store = opened(tmp_path)
    writer = await store.writer()
    assert (tmp_path / "store" / "damaged" / "logs-2026.03.14-1").is_dir()
    assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
    today = [one for one in some if one.day == DAY]
    assert set(await writer.write(some)) == {Outcome.DUPLICATE, Outcome.STORED}
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(300)
    assert await store.get(today[0].id) == today[0].event
    await writer.close()
    await store.close()


async def test_one_unreadable_block_costs_no_other_event(tmp_path: Path) -> None:
    some = documents(300, days=2)
    await write_and_close(tmp_path, some)
    path = day_folder(tmp_path) / "documents.zst"
    data = bytearray(path.read_bytes())
    data[50] ^= 255
    path.write_bytes(data)
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=1000))
    assert page.partial
    assert any("cannot be read" in warning for warning in page.warnings)
    assert len(page.events) >= 200
    await store.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe"])
async def test_a_damaged_description_of_a_day_is_read_from_its_name(
    tmp_path: Path, content: bytes
) -> None:
    await write_and_close(tmp_path, documents(10))
    (day_folder(tmp_path) / "day.json").write_bytes(content)
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(10)
    await store.close()
