"""Entries wait for an index that commits in a bounded memory; then whoever brings more waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from logboom.store.local import day_index
from logboom.store.local.day_index import DayIndex
from logboom.store.local.index_writer import Chunk


class Held:
    """The lock of an index that commits; remembers who would wait for it."""

    def __init__(self) -> None:
        self.waited: list[bool] = []

    def acquire(self, *, blocking: bool) -> bool:
        self.waited.append(blocking)
        return False


def nothing(_number: int) -> Iterator[bytes]:
    yield from ()


@pytest.mark.parametrize("count", [1, 100])
def test_who_brings_entries_waits_by_their_bytes_and_not_by_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(day_index, "_MOST_WAITING_BYTES", 10_000)
    index, held = DayIndex(tmp_path, nothing, memory_bytes=15_000_000), Held()
    monkeypatch.setattr(index, "_using", held)
    chunk = Chunk.of([b"x" * (4_000 // count - 1)] * count)
    for _ in range(3):
        index.offer(chunk)
    assert held.waited == [False, False, True]
