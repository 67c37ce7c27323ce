"""Is everything that preparing and storing have needed given back without the collector of rings?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from logboom.broker import ConsumedBatch, Message
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import IndexDays
from logboom.native import native_library
from logboom.store import Outcome, open_store
from processor.preparing import Preparer
from tests.rollups import happening

TIME = "2026-03-14T09:00:00.000Z"


async def test_no_document_waits_for_the_collector(
    tmp_path: Path, documents_left: Callable[[], list[Any]]
) -> None:
    clock = SystemClock()
    store = await open_store(Config(data=tmp_path), clock=clock)
    writer = await store.writer()
    preparer = Preparer(IndexDays(timedelta(days=3650)), clock, native_library())
    for first in (0, 100, 200):
        made = preparer.prepare([batch_of(first), batch_of(first + 50)])
        assert set(await writer.write(made.documents)) == {Outcome.STORED}
    await store.refresh()
    del made
    assert documents_left() == []
    await writer.close()
    await store.close()


def batch_of(first: int) -> ConsumedBatch:
    """Usual events, errors, and messages that are no events."""
    values = [
        happening(n, TIME, service="shop", level="error" if n % 5 == 0 else "info").value
        for n in range(first, first + 48)
    ]
    values += [orjson.dumps({"message": "of somebody else"}), b"no JSON"]
    return ConsumedBatch(0, range(first, first + 50), [Message(b"k", value) for value in values])
