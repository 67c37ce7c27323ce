"""Do the questions of rules leave room for others, and do they come to an end?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StoreUnavailable
from logboom.event import epoch_us
from logboom.query.model import Exists, MatchAll
from logboom.store import Count, TimeRange
from logboom.store.cells import CellsRequest
from logboom.store.local import LocalStore
from logboom.store.local.folders import StoreFolder
from tests.contract.stores import at, document, put

START_US = epoch_us(at())
DEADLINE_S = 20


def slow_names(gate: threading.Event) -> tuple[str, ...]:
    """Names that are long in coming."""

    class Slow(tuple[str, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[str]:
            gate.wait()
            return super().__iter__()

    return Slow()


def opened(data: Path, patience_s: float) -> LocalStore:
    folder = StoreFolder(data / "store", Config().index)
    return LocalStore(folder, SystemClock(), writer_memory_bytes=1 << 25, patience_s=patience_s)


async def test_slow_rules_hold_up_no_search(tmp_path: Path) -> None:
    store = opened(tmp_path, 10)
    writer = await store.writer()
    await put(store, writer, [document(n) for n in range(3)])
    gate = threading.Event()
    request = CellsRequest(MatchAll(), START_US, START_US + 60_000_000, by=slow_names(gate))
    rules = [asyncio.ensure_future(store.cells(request)) for _ in range(8)]
    try:
        await asyncio.sleep(0)  # they are under way
        found = await asyncio.wait_for(store.count(Exists("message"), TimeRange()), DEADLINE_S)
    finally:
        gate.set()
    assert found == Count(3)
    assert [cell.count for (cell,) in await asyncio.gather(*rules)] == [3] * 8
    await writer.close()
    await store.close()


async def test_a_rule_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    store = opened(tmp_path, -1)
    writer = await store.writer()
    await put(store, writer, [document(n, at(days=n)) for n in range(3)])
    request = CellsRequest(MatchAll(), START_US, START_US + 3 * 86_400_000_000)
    with pytest.raises(StoreUnavailable, match="took too long"):
        await store.cells(request)
    await writer.close()
    await store.close()
