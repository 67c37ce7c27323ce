"""Rows of minutes, when one answer of the index cannot hold them all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.rollups import Row
from logboom.store import Document, open_store
from logboom.store.local import summing
from tests.rollups import happening, in_order, truth

START_US = int(datetime(2026, 3, 14, tzinfo=UTC).timestamp()) * 1_000_000
DAY_US = 86_400_000_000


def events(number: int) -> list[Document]:
    return [
        happening(
            n, f"2026-03-14T09:{n % 3:02}:00.000Z", service=f"s{n % 11}" if n % 4 else None,
            host=f"h{n % 5}", level="error" if n % 6 == 0 else "info", error=n % 6 == 0,
            duration=(0, 1, 50, 3_000, 9_000_000_000)[n % 5] if n % 2 else None,
            status=503 if n % 9 == 0 else None,
        )
        for n in range(number)
    ]  # fmt: skip


async def rows_of(folder: Path, documents: list[Document]) -> list[Row]:
    """Written in several pieces, so that the index has several segments."""
    store = await open_store(Config(data=folder), clock=SystemClock())
    writer = await store.writer()
    for start in range(0, len(documents), 50):
        await writer.write(documents[start : start + 50])
        await store.refresh()
    rows = await store.rollups.summarise(START_US, START_US + DAY_US)
    await writer.close()
    await store.close()
    return in_order(rows)


async def test_too_many_groups_are_asked_for_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Iterator[object]:
        raise ValueError("too many buckets")

    monkeypatch.setattr(summing, "_nested", full)
    monkeypatch.setattr(summing, "_AT_ONCE", 60)
    documents = events(150)
    assert await rows_of(tmp_path, documents) == truth(documents)


@pytest.mark.parametrize("few", [1, 100])
async def test_many_events_are_asked_for_minute_by_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(summing, "_FEW", few)
    documents = events(200)
    assert await rows_of(tmp_path, documents) == truth(documents)


async def test_many_durations_are_counted_by_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_range: list[int] = []
    ranges = summing._add_ranges

    def noted(*arguments: object) -> None:
        by_range.append(1)
        ranges(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(summing, "_add_ranges", noted)
    documents = [
        happening(n, "2026-03-14T09:00:00.000Z", service="s", duration=1_000 + n % 3)
        for n in range(400)
    ]
    assert await rows_of(tmp_path, documents) == truth(documents)
    assert by_range
