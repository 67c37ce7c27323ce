"""The dictionary that a day's events are compressed with: without it they cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from logboom.errors import StoreDamaged
from logboom.query.model import MatchAll
from logboom.store import Count, Outcome, SearchRequest
from logboom.store.local import dictionary
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DocumentWriter
from tests.unit.store_local.samples import document, documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close


async def filled(data: Path) -> Path:
    """A day whose later blocks need its dictionary."""
    for at in range(0, 4_000, 1_000):
        await write_and_close(data, documents(1_000, first=at))
    await write_and_close(data, documents(2_100, first=4_000))
    await write_and_close(data, documents(100, first=6_100))
    assert (day_folder(data) / dictionary.NAME).exists()
    return day_folder(data)


def spoil_it(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8:60] = bytes(byte ^ 255 for byte in data[8:60])
    path.write_bytes(data)


def empty_it(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [spoil_it, empty_it, Path.unlink])
async def test_a_day_without_its_dictionary_is_not_written_to(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = await filled(tmp_path)
    damage(folder / dictionary.NAME)
    left = (folder / "documents.zst").read_bytes()
    store = opened(tmp_path)
    page = await store.search(SearchRequest(MatchAll(), limit=10))
    assert page.partial
    assert "cannot be read" in page.warnings[0]
    writer = await store.writer()
    assert await writer.write([document(9_000)]) == [Outcome.STORED]
    assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
    aside = tmp_path / "store" / "damaged" / "logs-2026.03.14-1"
    assert (aside / "documents.zst").read_bytes() == left
    await store.refresh()
    assert await store.count(MatchAll(), EVERYTHING) == Count(1, exact=False)
    await writer.close()
    await store.close()


def test_events_that_need_a_lost_dictionary_are_not_cut_off(tmp_path: Path) -> None:
    lines = [document(number).value for number in range(2_100)]
    writer = DocumentWriter(tmp_path)
    writer.append(lines)
    writer.append(lines[:1])
    writer.close()
    (tmp_path / dictionary.NAME).unlink()
    left = (tmp_path / "documents.zst").read_bytes()
    writer = DocumentWriter(tmp_path)
    with pytest.raises(StoreDamaged):
        writer.cut_unfinished(0)
    writer.close()
    assert (tmp_path / "documents.zst").read_bytes() == left


def test_the_dictionary_is_durable_under_its_name_before_a_block_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        synced.append((path.name, (tmp_path / dictionary.NAME).exists()))

    writer = DocumentWriter(tmp_path)
    monkeypatch.setattr(os, "fsync", note)
    writer.append([document(number).value for number in range(2_100)])
    writer.close()
    assert synced == [(f"{dictionary.NAME}.new", False), (tmp_path.name, True)]


def _trained(folder: Path) -> list[bytes]:
    lines = [document(number).value for number in range(2_100)]
    writer = DocumentWriter(folder)
    writer.append(lines)
    writer.append(lines)
    writer.close()
    return lines


@pytest.mark.parametrize("place", [9, 300, 1_400, -1])
def test_one_bit_of_the_dictionary_that_is_another_one_is_noticed(
    tmp_path: Path, place: int
) -> None:
    lines = _trained(tmp_path)
    path = tmp_path / dictionary.NAME
    data = bytearray(path.read_bytes())
    assert DocumentReader(tmp_path).read([4_000]) == [lines[1_900]]
    data[place] ^= 1
    path.write_bytes(data)
    (answer,) = DocumentReader(tmp_path).read([4_000])
    assert isinstance(answer, StoreDamaged)
    with pytest.raises(StoreDamaged):
        DocumentWriter(tmp_path)


def test_a_dictionary_without_a_checksum_is_read_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(dictionary, "_numbered", zstandard.ZstdCompressionDict)
        lines = _trained(tmp_path)
    trained = dictionary.load(tmp_path)
    assert trained is not None
    assert trained.dict_id() < 2**31
    assert DocumentReader(tmp_path).read([4_000]) == [lines[1_900]]
