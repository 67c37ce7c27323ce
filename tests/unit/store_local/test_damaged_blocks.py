"""Do pages have every event that can be read, whatever lies beside it?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.query.model import Exists, MatchAll, Query
from logboom.store import Document, SearchRequest, SortOrder
from logboom.store.local import LocalStore, looking, open_local
from logboom.store.local.blocks import BlockPlace, Directory
from logboom.store.local.documents import DATA_NAME, DIRECTORY_NAME
from tests.contract.stores import DAY, at, document, ids

COUNT = 1_000


def opened(data: Path) -> LocalStore:
    section = LocalStoreSection()
    return open_local(section, Config(data=data, store=section), SystemClock())


def places(folder: Path) -> list[BlockPlace]:
    directory = Directory()
    data = os.open(folder / DATA_NAME, os.O_RDONLY)
    try:
        directory.load((folder / DIRECTORY_NAME).read_bytes(), data)
        directory.extend(data)
    finally:
        os.close(data)
    return list(directory.places_from(0))


def spoil(folder: Path, place: BlockPlace) -> None:
    with (folder / DATA_NAME).open("r+b") as file:
        file.seek(place.offset + place.size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 255]))


async def written(data: Path, documents: list[Document]) -> Path:
    """Stores events; gives their day's folder."""
    store = opened(data)
    writer = await store.writer()
    await writer.write(documents)
    await writer.close()
    await store.close()
    (folder,) = (data / "store").glob(f"*{DAY:%Y.%m.%d}*")
    return folder


async def read_all(store: LocalStore, request: SearchRequest) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.search(
            SearchRequest(
                request.query, limit=request.limit, order=request.order, cursor=cursor,
                count_limit=1,
            )
        )  # fmt: skip
        seen += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize("instants", [COUNT, 60, 1])
@pytest.mark.parametrize("events_at_once", [100, 65_536])
async def test_what_cannot_be_read_costs_no_other_event(
    tmp_path: Path, instants: int, events_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_first_events", lambda *_, **__: events_at_once)
    some = [document(n, at(seconds=n * instants // COUNT)) for n in range(COUNT)]
    folder = await written(tmp_path, some)
    blocks = places(folder)
    damaged = [blocks[1], *blocks[20:24], blocks[-1]]
    for place in damaged:
        spoil(folder, place)
    lost = {some[place.first + n].id for place in damaged for n in range(place.events)}
    left = [one for one in ids(some) if one not in lost]
    store = opened(tmp_path)
    for order in SortOrder:
        for query, limit in _asked():
            seen = await read_all(store, SearchRequest(query, limit=limit, order=order))
            assert len(seen) == len(set(seen))
            assert set(seen) == set(left), (order, query, limit)
            if instants == COUNT:
                assert seen == (left if order is SortOrder.ASC else left[::-1])
    await store.close()


def _asked() -> list[tuple[Query, int]]:
    return [(MatchAll(), 60), (MatchAll(), 300), (Exists("message"), 150)]
