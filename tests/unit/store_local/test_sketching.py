"""Are percentiles right where a field has more values than are asked for at once?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.event import epoch_us
from logboom.query.model import MatchAll
from logboom.store.cells import CellsRequest, sketch_of
from logboom.store.local import LocalStore, open_local, sketching
from tests.contract.stores import at, document, put


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    section = LocalStoreSection()
    opened = open_local(section, Config(data=tmp_path, store=section), SystemClock())
    yield opened
    await opened.close()


@pytest.mark.parametrize("texts", [0, 3])
async def test_a_sketch_has_all_numbers_of_fields_with_several_values(
    store: LocalStore, texts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketching, "MOST_BY_VALUE", 20)
    count, each = (3, 1) if texts else (10, 5)
    numbers = [[(n + 1) * 10.0**place for place in range(each)] for n in range(count)]
    labels = [[f"text {n} {place}" for place in range(texts)] for n in range(12)]
    writer = await store.writer()
    for first, some in ((0, numbers), (100, labels)):
        documents = [
            document(first + n, attributes={"sizes": values})
            for n, values in enumerate(some)
            if values
        ]
        await put(store, writer, documents)
    start_us = epoch_us(at())
    (cell,) = await store.cells(
        CellsRequest(
            MatchAll(), start_us, start_us + 60_000_000, interval_us=None,
            of="attributes.sizes", percentiles=True,
        )
    )  # fmt: skip
    assert cell.numbers is not None
    assert cell.numbers.count == count * each
    assert cell.numbers.sketch == sketch_of(one for values in numbers for one in values)
    await writer.close()
