"""Is an export whole, however slow the store is, and does it say so where it is not?"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import orjson
import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StoreDamaged
from logboom.query.model import MatchAll, Query, Term
from logboom.store import Count, Page, SearchRequest, SortOrder, Store, TimeRange
from logboom.store.local import LocalStore
from logboom.store.local.folders import StoreFolder
from search_api.exports.exporting import Export, exported
from tests.contract.stores import at, document, ids, put

ERRORS = Term("log.level", "error")


@pytest.fixture
async def slow_store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    """For which each search takes too long."""
    folder = StoreFolder(tmp_path / "store", Config().index)
    store = LocalStore(folder, SystemClock(), writer_memory_bytes=1 << 25, patience_s=-1)
    yield store
    await store.close()


def export_of(query: Query, order: SortOrder = SortOrder.ASC) -> Export:
    return Export(query, TimeRange(), order, ("message",))


@pytest.mark.parametrize("order", SortOrder)
async def test_a_slow_store_is_exported_whole(slow_store: LocalStore, order: SortOrder) -> None:
    wanted = (0, 5, 11)
    some = [
        document(n, at(days=n), log={"level": "error" if n in wanted else "info"})
        for n in range(12)
    ]
    writer = await slow_store.writer()
    await put(slow_store, writer, some)
    pieces = [one async for one in exported(slow_store, export_of(ERRORS, order), "ndjson")]
    seen = [orjson.loads(line)["_id"] for piece in pieces for line in piece.splitlines()]
    expected = ids([some[n] for n in wanted])
    assert seen == (expected if order is SortOrder.ASC else expected[::-1])
    await writer.close()


class Pages:
    """A store that answers with these pages, one after the other."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = list(pages)

    async def search(self, request: SearchRequest) -> Page:
        place = 0 if request.cursor is None else int(request.cursor)
        more = place + 1 < len(self._pages)
        return replace(self._pages[place], cursor=str(place + 1) if more else None)


@pytest.mark.parametrize(
    ("pages", "end"),
    [
        (2, "block 0 is lost; block 1 is lost$"),
        (5, "block 4 is lost$"),
        (8, "block 4 is lost; and 3 more$"),
        (1_200, "block 4 is lost; and at least 995 more$"),
    ],
)
async def test_what_is_lost_is_told_in_few_words(pages: int, end: str) -> None:
    store = Pages(
        [
            Page((), Count(0), None, partial=True, lost=[f"block {n} is lost"])
            for n in range(pages)
            for _ in range(2)
        ]
    )
    with pytest.raises(StoreDamaged, match=end):
        [one async for one in exported(cast("Store", store), export_of(ERRORS), "ndjson")]


@pytest.mark.parametrize(
    "begin",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "＝",
        "＋",
        "－",
        "＠",
        " =",
        "\ufeff=",
        "\x00-",
        "\x0b+",
        "\u200b=",
    ],
)
async def test_no_cell_is_a_formula_nor_a_title(slow_store: LocalStore, begin: str) -> None:
    formula = f'{begin}cmd|"/c calc"!A1'
    writer = await slow_store.writer()
    await put(slow_store, writer, [document(1, at(), message=formula, attributes={formula: -5})])
    export = Export(MatchAll(), TimeRange(), SortOrder.ASC, ("@timestamp", "message", formula))
    pieces = [one async for one in exported(slow_store, export, "csv")]
    titles, cells = csv.reader(io.StringIO(b"".join(pieces).decode(), newline=""))
    assert titles == ["_id", "@timestamp", "message", f"'{formula}"]
    assert cells[2:] == [f"'{formula}", "-5"]
    await writer.close()


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("a;=1+1;", "a;'=1+1;"),
        ("a; =1;b;@x|-y", "a;' =1;b;'@x|'-y"),
        ("1\t-1", "1\t'-1"),
        ("x\n=1\r\n +2", "x\n'=1\r\n' +2"),
        ('a;"=1"', 'a;\'"=1"'),
        ("=1;\ufeff＝2", "'=1;'\ufeff＝2"),
        ("a;b=1", "a;b=1"),
        (" \t\u3000＠", "' \t'\u3000＠"),
        ("x;\t|=1", "x;\t|'=1"),
        ({"a": "x;=1"}, '{"a":"x;\'=1"}'),
    ],
)
async def test_no_part_of_a_cell_is_a_formula_where_another_sign_parts_cells(
    slow_store: LocalStore, text: object, guarded: str
) -> None:
    writer = await slow_store.writer()
    await put(slow_store, writer, [document(1, at(), attributes={"text": text})])
    export = Export(MatchAll(), TimeRange(), SortOrder.ASC, ("attributes.text",))
    pieces = [one async for one in exported(slow_store, export, "csv")]
    _, (_, cell) = csv.reader(io.StringIO(b"".join(pieces).decode(), newline=""))
    assert cell == guarded
    await writer.close()


@pytest.mark.parametrize("text", ["a;b", "a|b", "a\tb", "a; b = c", "k=v;k2=v2"])
async def test_no_cell_is_split_by_separators_of_other_spreadsheets(
    slow_store: LocalStore, text: str
) -> None:
    writer = await slow_store.writer()
    await put(slow_store, writer, [document(1, at(), message=text, attributes={text: text})])
    export = Export(MatchAll(), TimeRange(), SortOrder.ASC, ("message", text))
    pieces = [one async for one in exported(slow_store, export, "csv")]
    titles, cells = b"".join(pieces).decode().split("\r\n")[:2]
    assert titles == f'_id,message,"{text}"'
    assert cells.endswith(f',"{text}","{text}"')
    await writer.close()
