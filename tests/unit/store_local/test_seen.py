"""Which documents are new: the highest offsets, and the look into the index behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantivy import Query, Searcher

from logboom.event import event_id, source_run
from logboom.store.local import seen
from logboom.store.local.day_reader import DayReader
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import StoreFolder
from logboom.store.local.seen import Identity, Stretch, Watermarks, held, run_buckets
from logboom.store.values import Document
from tests.unit.store_local.samples import DAY

RUNS = [source_run("seen", number) for number in range(40)]


def document(run: str, offset: int, identity: str | None = None) -> Document:
    name = identity or event_id(run, offset)
    log = {"source": run, "offset": offset}
    return Document.of(name, DAY, {"message": "m", "log": log, "event": {"id": name}})


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = StoreFolder(tmp_path_factory.mktemp("seen"), "logs-%Y.%m.%d").create(DAY)
    writer = DayWriter(folder, memory_bytes=15_000_000)
    documents = [document(run, 10 * n) for n in range(30) for run in RUNS]
    documents += [document("elsewhere", 7, "foreign"), document(RUNS[0], 5, "disguised")]
    writer.append(documents)
    writer.commit()
    writer.close()
    return DayReader(folder).snapshot().searcher


def test_the_highest_offsets_are_read_from_the_index(searcher: Searcher) -> None:
    marks = Watermarks()
    marks.load(searcher)
    identities: list[Identity] = [(RUNS[3], 290), (RUNS[3], 291), (RUNS[7], 0), ("new", 0), "x"]
    assert marks.sift(identities) == ([1, 3], [0, 2, 4])


@pytest.mark.parametrize("at_once", [1, 10, 40, 1000])
def test_any_number_of_runs_is_counted_exactly(
    searcher: Searcher, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "_RUNS_AT_ONCE", at_once)
    everything = Query.all_query()
    buckets = {one["key"]: one["doc_count"] for one in run_buckets(searcher, everything, {})}
    assert buckets == dict.fromkeys(RUNS, 30) | {"elsewhere": 1, RUNS[0]: 31}


def test_what_is_held_is_found_by_position_and_by_foreign_id(searcher: Searcher) -> None:
    asked: set[Identity] = {
        (RUNS[0], 0), (RUNS[0], 5), (RUNS[0], 290), (RUNS[1], 11), ("elsewhere", 7),
        "foreign", "disguised", "missing", event_id(RUNS[0], 0),
    }  # fmt: skip
    assert held(searcher, asked) & asked == {
        (RUNS[0], 0), (RUNS[0], 290), "foreign", "disguised",
    }  # fmt: skip


OFFSETS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 20)), max_size=30)


@given(before=OFFSETS, documents=OFFSETS)
def test_nothing_is_called_new_that_was_seen_before(
    before: list[tuple[str, int]], documents: list[tuple[str, int]]
) -> None:
    marks = Watermarks()
    for run, offset in before:
        marks.raise_to(run, offset)
    new, doubtful = marks.sift(documents)
    assert sorted(new + doubtful) == list(range(len(documents)))
    known = set(before)
    for index in new:
        assert documents[index] not in known
        known.add(documents[index])


@given(before=OFFSETS, stretches=st.lists(OFFSETS, max_size=4))
def test_stretches_are_new_only_when_all_of_their_documents_are(
    before: list[tuple[str, int]], stretches: list[list[tuple[str, int]]]
) -> None:
    marks, documents, ascending = Watermarks(), [], []
    for run, offset in before:
        marks.raise_to(run, offset)
    for some in stretches:
        offsets = sorted({offset for run, offset in some if run == "a"})
        if offsets:
            ascending.append(Stretch(len(offsets), "a", offsets[0], offsets[-1]))
            documents += [("a", offset) for offset in offsets]
    if marks.are_new(ascending):
        assert len({*before, *documents}) == len({*before}) + len(documents)
    assert marks.are_new(ascending) == (not marks.sift(documents).doubtful)
    assert not marks.are_new([*ascending, Stretch(1, None, 0, 0)])
