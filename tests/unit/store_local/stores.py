"""Embedded stores for tests: opened, filled, looked into."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.query.model import MatchAll
from logboom.store import Document, SearchRequest, TimeRange
from logboom.store.local import LocalStore, open_local
from tests.unit.store_local.samples import DAY

EVERYTHING = TimeRange()


def opened(data: Path) -> LocalStore:
    config = Config.model_validate({"data": data, "index": "logs-%Y.%m.%d"})
    assert isinstance(config.store, LocalStoreSection)
    return open_local(config.store, config, SystemClock())


def day_folder(data: Path, day: date = DAY) -> Path:
    return data / "store" / day.strftime("logs-%Y.%m.%d")


def spoil_events(folder: Path, place: int = 50) -> None:
    """Makes one byte of a day's events another one."""
    path = folder / "documents.zst"
    data = bytearray(path.read_bytes())
    data[place] ^= 255
    path.write_bytes(data)


async def all_ids(store: LocalStore) -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.search(SearchRequest(MatchAll(), limit=5000, cursor=cursor))
        ids += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return ids


async def write_and_close(data: Path, some: list[Document]) -> list[Any]:
    store = opened(data)
    writer = await store.writer()
    answers = list(await writer.write(some))
    await writer.close()
    await store.close()
    return answers
