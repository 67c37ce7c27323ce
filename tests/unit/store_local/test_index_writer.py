"""Both ways to fill an index: the same entries are found by the same queries, and refused by both."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tantivy import Index, Query

from logboom.query.analysis import words
from logboom.store.local.index_writer import (
    Added,
    Chunk,
    CompiledIndexWriter,
    IndexWriter,
    PythonIndexWriter,
    index_library,
)
from logboom.store.local.schema import SCHEMA, teach_words

MEMORY_BYTES = 15_000_000
OWN = {"_number": 1, "_time": 5}


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    found = index_library()
    if found is None:
        assert not os.environ.get("CI"), "the compiled index writer was not built"
        pytest.skip("the compiled index writer was not built: scripts/build_index_writer.py does")
    return found


def filled(library: ctypes.CDLL | None, folder: Path, entries: Sequence[bytes]) -> Index:
    """An index of entries, all of which are taken."""
    index, writer = opened(library, folder)
    assert writer.add(Chunk.of(entries)) == Added(len(entries))
    writer.commit()
    writer.close(waits=True)
    index.reload()
    return index


def opened(
    library: ctypes.CDLL | None, folder: Path, memory_bytes: int = MEMORY_BYTES
) -> tuple[Index, IndexWriter]:
    folder.mkdir(parents=True)
    index = teach_words(Index(SCHEMA, path=str(folder)))
    if library is None:
        return index, PythonIndexWriter(index, memory_bytes)
    return index, CompiledIndexWriter(library, folder, memory_bytes)


def hits(index: Index, query: str) -> int:
    return len(index.searcher().search(index.parse_query(query, ["message"]), 1000).hits)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_lies_between_words_and_what_is_one_by_itself_is_what_the_definition_says(
    compiled: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    library = request.getfixturevalue("library") if compiled else None
    codes = (*range(0x2190, 0x3040), *range(0x1F000, 0x1FC00))
    texts = [f"a{chr(code) * 2}b" for code in codes if is_normalized("NFKC", chr(code))]
    index = filled(library, tmp_path / "index", [entry_of(text) for text in texts])
    alike = Counter(tuple(words(text)) for text in texts)
    for found, count in alike.items():
        query = (
            Query.phrase_query(SCHEMA, "message", [*found])
            if len(found) > 1
            else Query.term_query(SCHEMA, "message", found[0])
        )
        assert len(index.searcher().search(query, len(texts)).hits) == count, found


def entry_of(text: str) -> bytes:
    return orjson.dumps(OWN | {"message": text})


@pytest.mark.parametrize(
    ("entry", "query"),
    [
        ({"message": 'Grüße, 가나다 and "quotes" \\ \n'}, "message:grüße AND message:quotes"),
        ({"message": "a b c"}, 'message:"b c"'),
        ({"message": "done🚀🔥x"}, 'message:"done 🚀 🔥 x"'),
        ({"message": ["one", "two"]}, "message:one AND message:two"),
        ({"tags": ["error", "multi\tline"]}, "tags:error"),
        (
            {"attributes": {"a": {"b": [1, -2, {"c": "x"}]}}},
            "attributes.a.b:-2 AND attributes.a.b.c:x",
        ),
        ({"attributes": {"a": 0.1}}, "attributes.a:[0.09 TO 0.11]"),
        ({"attributes": {"a": 3.0}}, "attributes.a:3"),
        ({"attributes": {"a": 2**64 - 1}}, "attributes.a:18446744073709551615"),
        ({"attributes": {"a": True, "b": None}}, "attributes.a:true"),
        ({"attributes": {"k": "c\\d"}}, r'attributes.k:"c\\d"'),
        ({"attributes": {"at": "2026-03-14T09:00:00Z"}}, 'attributes.at:"2026-03-14T09:00:00Z"'),
        ({"attributes": {"at": "2026-03-14 09:00"}}, 'attributes.at:"2026-03-14 09:00"'),
        ({"attributes": {"a.b": "x"}}, "attributes.a.b:x"),
        ({"_trace": [1, 4097, 8194]}, "_trace:4097"),
        ({"unknown": {"deep": [1]}, "message": "here"}, "message:here"),
    ],
)
def test_an_entry_is_found(
    library: ctypes.CDLL, tmp_path: Path, entry: dict[str, Any], query: str
) -> None:
    entries = [orjson.dumps(entry | OWN), orjson.dumps(OWN)]
    found = [
        hits(filled(one, tmp_path / str(one is None), entries), query) for one in (library, None)
    ]
    assert found[0] == found[1] > 0


def test_columns_are_filled(library: ctypes.CDLL, tmp_path: Path) -> None:
    values = {
        "_offset": 2**52,
        "_created": -5,
        "_time": 2**60,
        "@timestamp": "2026-03-14T09:00:00Z",
    }
    entries = [
        orjson.dumps({"_number": 7, "_ip": ip, **values}) for ip in ("10.0.0.7", "2001:db8::1")
    ]
    asked = {name: {"max": {"field": name}} for name in ("_number", "_offset", "_created", "_time")}
    for one in (library, None):
        index = filled(one, tmp_path / str(one is None), entries)
        found = index.searcher().aggregate(Query.all_query(), asked)
        assert {name: value["value"] for name, value in found.items()} == {
            "_number": 7, "_offset": 2**52, "_created": -5, "_time": 2**60,
        }  # fmt: skip


def addresses(index: Index) -> dict[str, int]:
    """How many entries have each one."""
    asked = {"all": {"terms": {"field": "_ip", "size": 100}}}
    found = index.searcher().aggregate(Query.all_query(), asked)["all"]["buckets"]
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found}


def test_each_of_many_addresses_is_counted(library: ctypes.CDLL, tmp_path: Path) -> None:
    some = ["10.0.0.1", "2001:db8::1", "10.0.0.2", "2001:db8::2"]
    rows: list[dict[str, Any]] = [{**OWN, "_ip": ip} for ip in some]
    entries = [orjson.dumps(row) for row in [*rows, OWN] * 500]
    for one in (library, None):
        index = filled(one, tmp_path / str(one is None), entries)
        assert addresses(index) == dict.fromkeys(some, 500)


def test_addresses_of_a_refused_entry_are_not_counted(library: ctypes.CDLL, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{**OWN, "_ip": ip} for ip in ("10.0.0.1", "10.0.0.2")]
    refused = orjson.dumps({"_ip": "10.0.0.3", "_time": "x"})
    index, writer = opened(library, tmp_path / "index")
    assert writer.add(Chunk.of([orjson.dumps(rows[0]), refused])).entries == 1
    assert writer.add(Chunk.of([orjson.dumps(rows[1])])) == Added(1)
    writer.commit()
    writer.close(waits=True)
    index.reload()
    assert addresses(index) == {"10.0.0.1": 1, "10.0.0.2": 1}


@pytest.mark.parametrize(
    "refused",
    [
        b"", b"nothing", b"[1]", b'{"message":"open', b'{"message":1}', b'{"_number":-1}', b'{"_ip":"x"}',
        b'{"_time":"x"}', b'{"attributes":"x"}', b'{"_time":1.5}', b'{"a":1} {}',
        b'{"attributes":' * 200 + b"{}" + b"}" * 200,
    ],
)  # fmt: skip
def test_what_one_refuses_the_other_refuses(
    library: ctypes.CDLL, tmp_path: Path, refused: bytes
) -> None:
    good = orjson.dumps(OWN)
    for one in (library, None):
        index, writer = opened(one, tmp_path / str(one is None))
        added = writer.add(Chunk.of([good, good, refused, good]))
        assert added.entries == 2
        assert added.refusal
        writer.commit()
        writer.close(waits=False)
        index.reload()
        assert index.searcher().num_docs == 2


def test_many_entries_wait_for_room(library: ctypes.CDLL, tmp_path: Path) -> None:
    entries = [orjson.dumps({"_number": n, "_time": n, "message": f"word{n}"}) for n in range(100)]
    index, writer = opened(library, tmp_path / "index")
    for _ in range(200):
        writer.add(Chunk.of(entries))
    writer.commit()
    writer.close(waits=True)
    index.reload()
    assert index.searcher().num_docs == 20_000
    assert hits(index, "message:word99") == 200


def test_an_index_that_cannot_be_opened_says_why(library: ctypes.CDLL, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="DoesNotExist"):
        CompiledIndexWriter(library, tmp_path / "nowhere", MEMORY_BYTES)
    _, writer = opened(library, tmp_path / "index")
    with pytest.raises(ValueError, match=r"(?i)lock"):
        CompiledIndexWriter(library, tmp_path / "index", MEMORY_BYTES)
    writer.close(waits=False)
    CompiledIndexWriter(library, tmp_path / "index", MEMORY_BYTES).close(waits=False)


def test_one_that_is_forgotten_lets_go_of_the_lock(library: ctypes.CDLL, tmp_path: Path) -> None:
    _, writer = opened(library, tmp_path / "index")
    del writer
    gc.collect()
    CompiledIndexWriter(library, tmp_path / "index", MEMORY_BYTES).close(waits=False)


def test_long_entries_are_taken(library: ctypes.CDLL, tmp_path: Path) -> None:
    entries = [orjson.dumps(OWN | {"message": f"word{n} " + "x" * 3_000_000}) for n in range(12)]
    index, writer = opened(library, tmp_path / "index")
    assert writer.add(Chunk.of(entries)) == Added(12)
    writer.commit()
    writer.close(waits=True)
    index.reload()
    assert hits(index, "message:word11") == 1


def test_what_a_merge_has_read_does_not_stay_in_memory(
    library: ctypes.CDLL, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    opened(None, folder)[1].close(waits=True)
    writer = CompiledIndexWriter(library, folder, 4 * MEMORY_BYTES)
    dice = random.Random(1)
    columns = ("_time", "_offset", "_created", "_ingested")
    entries = [{name: dice.getrandbits(62) for name in columns} for _ in range(10_000)]
    chunk = Chunk.of([orjson.dumps(entry | {"_number": 1}) for entry in entries])
    before = file_pages_bytes()
    for _ in range(6):
        for _ in range(15):
            writer.add(chunk)
        writer.commit()
    size = sum(file.stat().st_size for file in folder.iterdir())
    merging = threading.Thread(target=lambda: writer.close(waits=True))
    merging.start()
    most = 0
    while merging.is_alive():
        most = max(most, file_pages_bytes())
        merging.join(0.002)
    assert Index.open(str(folder)).searcher().num_segments == 1
    assert most - before < size / 2


def file_pages_bytes() -> int:
    """Resident memory that is mapped from files."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^RssFile:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize(
    ("memory_bytes", "commits", "events", "merged"),
    [(MEMORY_BYTES, 8, 70_000, 420_000), (33_000_000, 6, 100_000, 500_000)],
)
def test_no_merge_is_of_more_events_than_its_memory_is_for(
    library: ctypes.CDLL, tmp_path: Path, memory_bytes: int, commits: int, events: int, merged: int
) -> None:
    _, writer = opened(library, tmp_path / "index", memory_bytes)
    entries = Chunk.of([b'{"_number":1}'] * 10_000)
    for _ in range(commits):
        for _ in range(events // 10_000):
            writer.add(entries)
        writer.commit()
    writer.close(waits=True)
    meta = orjson.loads((tmp_path / "index" / "meta.json").read_bytes())
    sizes = [segment["max_doc"] for segment in meta["segments"]]
    assert sum(sizes) == commits * events
    assert merged <= max(sizes) <= max(MEMORY_BYTES, memory_bytes / 2) / 32


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["2026-03-14T09:00:00Z", "2026-03-14T09:00:00.5+01:00", "2026-13-14T09:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(attributes=st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=5), max_size=6))
def test_both_take_any_attributes_alike(
    library: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory, attributes: list[dict[str, Any]]
) -> None:
    entries = [orjson.dumps(OWN | {"attributes": one}) for one in attributes]
    folder = tmp_path_factory.mktemp("both")
    added, sizes = [], []
    for one in (library, None):
        index, writer = opened(one, folder / str(one is None))
        added.append(writer.add(Chunk.of(entries)).entries)
        writer.commit()
        writer.close(waits=True)
        index.reload()
        sizes.append(index.searcher().num_docs)
    assert added[0] == added[1] == sizes[0] == sizes[1]
