"""What tantivy says of spoilt files is told apart from what it says of questions that it refuses."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tantivy

from logboom.errors import StoreUnavailable
from logboom.query.model import MatchAll, Phrase
from logboom.store import Count
from logboom.store.cells import CellsRequest
from logboom.store.local import LocalStore, soundness
from logboom.store.local.schema import SCHEMA
from logboom.store.local.soundness import first_spoilt, is_marked, speaks_of_damage
from tests.unit.store_local.samples import documents
from tests.unit.store_local.stores import EVERYTHING, day_folder, opened, write_and_close

DAY_US = 86_400_000_000
FIELD = "service.name"


def values(index: Path) -> object:
    searcher = tantivy.Index.open(str(index)).searcher()
    asked = {"values": {"terms": {"field": FIELD, "size": 10}}}
    return searcher.aggregate(tantivy.Query.all_query(), asked)


def spoil_the_values(index: Path) -> None:
    """Turns over the first byte of the columns at which tantivy fails without a panic."""
    (path,) = index.glob("*.fast")
    sound = path.read_bytes()
    for at in range(len(sound) // 3, len(sound) - 130):
        changed = path.with_suffix(".changed")
        changed.write_bytes(sound[:at] + bytes([sound[at] ^ 255]) + sound[at + 1 :])
        changed.rename(path)
        try:
            values(index)
        except ValueError:
            return
        except BaseException as error:
            if not soundness.is_panic(error):
                raise
    raise AssertionError("tantivy fails at none of its bytes")


async def facets(store: LocalStore) -> object:
    found = await store.facets(MatchAll(), EVERYTHING, fields=[FIELD])
    return found.complete


async def groups(store: LocalStore) -> object:
    found = await store.groups(MatchAll(), EVERYTHING, field=FIELD)
    return found.complete


async def histogram(store: LocalStore) -> object:
    found = await store.histogram(MatchAll(), EVERYTHING, interval_us=DAY_US, by=FIELD)
    return not found.partial


async def cells(store: LocalStore) -> object:
    with pytest.raises(StoreUnavailable, match="its index is spoilt"):
        await store.cells(CellsRequest(MatchAll(), 0, 4 * 10**15, by=(FIELD,)))
    return False


@pytest.mark.parametrize("ask", [facets, groups, histogram, cells])
async def test_a_spoilt_column_is_not_taken_for_too_many_values(
    tmp_path: Path, ask: Callable[[LocalStore], Any]
) -> None:
    await write_and_close(tmp_path, documents(300, days=2))
    spoil_the_values(day_folder(tmp_path) / "index")
    store = opened(tmp_path)
    assert await ask(store) is False
    assert is_marked(day_folder(tmp_path) / "index")
    assert await store.count(MatchAll(), EVERYTHING) == Count(150, exact=False)
    await store.close()


async def test_a_question_that_tantivy_refuses_has_no_file_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_and_close(tmp_path, documents(300))
    store = opened(tmp_path)
    await store.count(Phrase("message", "event number"), EVERYTHING)
    looked: list[object] = []
    monkeypatch.setattr(store._days, "find_spoilt", looked.append)
    with pytest.raises(ValueError, match="An invalid argument"):
        await store._ask(lambda: tantivy.Query.regex_query(SCHEMA, "message", "("))
    with pytest.raises(ValueError, match="unknown variant"):
        await store._ask(lambda: _refused(store))
    with pytest.raises(ValueError, match="invalid literal"):
        await store._ask(lambda: int("none"))
    assert not looked
    await store.close()


@pytest.mark.parametrize(
    "sentence",
    [
        "An invalid argument was passed: 'interval must be a f64'",
        "The field does not exist: 'nothing'",
        "Aborting aggregation because bucket limit was exceeded. Limit: 65000, Current: 70000",
        "Schema error: 'Field message is not a fast field.'",
    ],
)
def test_refusals_do_not_speak_of_damage(sentence: str) -> None:
    assert not speaks_of_damage(ValueError(sentence))


def _refused(store: LocalStore) -> object:
    (day,) = store._days.view().days
    return day.searcher.aggregate(tantivy.Query.all_query(), {"values": {"nothing": {}}})


async def test_an_index_whose_files_cannot_be_opened_for_now_is_not_called_spoilt(
    tmp_path: Path,
) -> None:
    await write_and_close(tmp_path, documents(300))
    index = day_folder(tmp_path) / "index"
    bounds = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, bounds[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            first_spoilt(index)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, bounds)
    assert first_spoilt(index) is None
