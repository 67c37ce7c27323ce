"""Documents and index entries are the same, whether the compiled part or Python makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.broker.port import ConsumedBatch, Message
from logboom.clock import ManualClock
from logboom.event import IndexDays, event_id
from logboom.native import Library
from logboom.query.analysis import folded
from logboom.store import Document
from logboom.store.local.entry import EntryMaker, own_position
from logboom.store.local.seen import Stretch
from processor.preparing import Preparer
from processor.tallying import DURATION_ENDS_NS, Tally

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 7, 27, tzinfo=UTC)
RUN = "mp2851rqn1642"
ATTRIBUTES = {"seq": 1, "region": "eu", "cart": {"items": [1, 2]}}


def value_of(offset: int = 4096, /, **fields: Any) -> bytes:
    """An event as the shipper lays it out."""
    about = {"duration": 5, "id": event_id(RUN, offset), "created": "2026-11-21T07:00:00.116Z"}
    event: dict[str, Any] = {
        "@timestamp": "2026-11-21T06:24:28.566Z",
        "event": about,
        "log": {"source": RUN, "offset": offset, "level": "info", "file": {"path": "/a.log"}},
        "message": "it works, 가나다\t",
        "service": {"name": "cart"},
        "attributes": ATTRIBUTES,
        "host": {"name": "vm"},
    }
    return orjson.dumps({k: v for k, v in (event | fields).items() if v is not None})


def prepared(library: Library | None, values: list[bytes]) -> tuple[list[Document], int, Tally]:
    """The documents, how many of them are errors, and what is counted of them."""
    preparer = Preparer(IndexDays(timedelta(days=90)), ManualClock(NOW), library)
    batch = ConsumedBatch(3, range(len(values)), [Message(b"", value) for value in values])
    made = preparer.prepare([batch])
    return made.documents, preparer.errors, made.tally


def both(library: Library, values: list[bytes]) -> list[bool]:
    """Holds both ways to the same documents and entries; says which entries were made natively."""
    documents, errors, counted = prepared(library, values)
    wanted_documents, wanted_errors, tallied = prepared(None, values)
    assert (documents, errors) == (wanted_documents, wanted_errors)
    assert (counted.events, counted.minutes) == (tallied.events, tallied.minutes)
    assert counted.durations.keys() == tallied.durations.keys()
    for service, durations in counted.durations.items():
        assert durations.counts == tallied.durations[service].counts
        assert durations.sum_ns == pytest.approx(tallied.durations[service].sum_ns)
    natively = EntryMaker(DAY, library)
    in_python = EntryMaker(DAY)
    of_the_day = [document for document in documents if document.day == DAY]
    if not of_the_day:
        return []
    ready, expected = natively.ready(of_the_day, 7), in_python.ready(of_the_day, 7)
    hold(ready.stretches, of_the_day)
    hold(expected.stretches, of_the_day)
    for made, wanted in zip(ready.chunk.entries, expected.chunk.entries, strict=True):
        assert orjson.loads(made) == orjson.loads(wanted)
    return [number not in ready.left for number in range(len(of_the_day))]


def hold(stretches: list[Stretch], documents: list[Document]) -> None:
    """Holds stretches to the documents that they stand for."""
    begin = 0
    for length, run, lowest, highest in stretches:
        positions = [own_position(one) for one in documents[begin : begin + length]]
        begin += length
        if run is None:
            assert positions == [None]
            continue
        offsets = [position[1] for position in positions if position and position[0] == run]
        assert len(offsets) == length
        assert (offsets[0], offsets[-1]) == (lowest, highest)
        assert all(one < another for one, another in pairwise(offsets))
    assert begin == len(documents)


def calm(library: Library, values: list[bytes]) -> list[bool]:
    made = library.prepare(values, "2026-11-21T07:27:00.000Z", DURATION_ENDS_NS)
    return [value != b"" for value in made.values]


def test_usual_events_are_made_natively(library: Library) -> None:
    values = [value_of(offset) for offset in (0, 300, 2**40)]
    assert calm(library, values) == [True] * 3
    assert both(library, values) == [True] * 3


@pytest.mark.parametrize(
    "fields",
    [
        {"trace": {"id": "5adbf299abd7dec06f57797f684a8d4f"}, "span": {"id": "4bf92f3577b34da6"}},
        {"transaction": {"id": "x" * 128}},
        {"client": {"ip": "10.0.0.7"}},
        {"client": {"ip": "2001:db8::1"}},
        {"http": {"response": {"status_code": 404}}},
        {"tags": ["multiline"]},
        {"log": {"source": RUN, "offset": 4096, "level": "error"}},
        {"log": {"source": RUN, "offset": 4096, "level": "fatal"}, "trace": {"id": "x" * 16}},
        {"attributes": {}},
        {"user": {"id": "u1"}, "url": {"path": '/a"b\\c'}},
        {"message": "2026-11-21 06:24:28Z", "trace": {"id": "5adbf299abd7dec06f57797f684a8d4f"}},
        {"message": "결제 오류가 발생했습니다"},
        {"message": "caf\u00e9 接続に失敗しました，再試行"},
        {"attributes": {"wide": "\uff25"}},
    ],
)
def test_so_are_these(library: Library, fields: dict[str, Any]) -> None:
    assert calm(library, [value_of(**fields)]) == [True]
    assert both(library, [value_of(**fields)]) == [True]


@pytest.mark.parametrize(
    "fields",
    [
        {"service": {"name": "a\tb"}},
        {"service": {"name": "a\u2028b\u2029c\u0085d"}},
        {"service": {"name": ""}},
        {"service": {"name": "cart", "version": "1"}},
        {"service": None, "http": {"response": {"status_code": 301}}},
        {"tags": ["error", "multiline"]},
        {"http": {"response": {"status_code": 700}}},
    ],
)
@pytest.mark.parametrize("duration", [5, -5, 0.25, 2.5e9, 10**18, "5", True, None, [1]])
def test_counts_are_the_same(library: Library, fields: dict[str, Any], duration: object) -> None:
    about = {"duration": duration, "id": event_id(RUN, 4096), "created": "2026-11-21T07:00:00.116Z"}
    both(library, [value_of(**fields, event=about), value_of(8192), value_of(9000, **fields)])


@pytest.mark.parametrize(
    "fields",
    [
        {"log": {"source": RUN, "offset": 4096, "level": "error"}, "tags": ["multiline"]},
        {"log": {"source": RUN, "offset": 4096}},
        {"error": {"message": "no"}},
        {"http": {"response": {"status_code": 503}}},
        {"http": {"request": {"method": "GET"}}},
        {"message": None},
        {"@timestamp": "2026-11-20T23:59:59.999Z"},
        {"@timestamp": "2026-11-21T06:24:28Z"},
        {"@timestamp": "2026-11-31T06:24:28.566Z"},
    ],
)
def test_these_documents_are_left_to_python(library: Library, fields: dict[str, Any]) -> None:
    assert calm(library, [value_of(**fields)]) == [False]
    both(library, [value_of(**fields)])


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": {"at": "2026-11-21T06:24:28.566Z"}},
        {"attributes": {"list": [{"a": 1}]}},
        {"attributes": {"long": "x" * 9000}},
        {"attributes": [1]},
        {"trace": {"id": "short"}},
        {"trace": {"id": "x" * 129}},
        {"trace": {"id": "5adbf299abd7dec0", "more": 1}},
        {"client": {"ip": "10.0.0.7", "port": 1}},
        {"error": {"message": "no", "stack_trace": "at x"}},
        {"message": "\uff25\uff32\uff32"},
        {"message": "cafe\u0301"},
        {"message": "x²"},
    ],
)
def test_these_entries_are_left_to_python(library: Library, fields: dict[str, Any]) -> None:
    assert both(library, [value_of(**fields)]) == [False]


@pytest.mark.parametrize("plane", range(4))
def test_no_sign_that_is_folded_is_left_as_it_stands(library: Library, plane: int) -> None:
    signs = [chr(code) for code in range(plane << 16, (plane + 1) << 16) if code >> 11 != 0x1B]
    documents, _, _ = prepared(library, [value_of(message=f"e{sign}e") for sign in signs])
    left = set(EntryMaker(DAY, library).ready(documents, 0).left)
    for number, sign in enumerate(signs):
        if number not in left:
            assert folded(f"e{sign}e") == f"e{sign}e"


def test_events_of_others_are_left_to_python(library: Library) -> None:
    usual = value_of()
    foreign = [
        b"", b"{}", b"no JSON", usual[:-1], usual + b" ", usual.replace(b'"source"', b'"sourse"'),
        usual.replace(event_id(RUN, 4096).encode(), b"0" * 22), usual.replace(b":", b": "),
        usual.replace("가".encode(), b"\xff\xff\xff"), usual.replace(b'"host"', b'"service"'),
    ]  # fmt: skip
    assert not any(calm(library, foreign))
    both(library, foreign)


def test_an_id_that_is_not_that_of_the_event_is_kept(library: Library) -> None:
    ((document,), _, _) = prepared(library, [value_of()])
    renamed = Document("another", DAY, document.value)
    ready = EntryMaker(DAY, library).ready([renamed], 0)
    assert ready.left == [0]
    assert ready.stretches == [(1, None, 0, 0)]
    assert orjson.loads(ready.chunk.entries[0])["_id"] == "another"


def test_events_of_one_run_are_one_stretch(library: Library) -> None:
    documents, _, _ = prepared(
        library, [value_of(offset) for offset in (0, 300, 900, 900, 1200, 5)]
    )
    ready = EntryMaker(DAY, library).ready(documents, 0)
    assert ready.stretches == [(3, RUN, 0, 900), (2, RUN, 900, 1200), (1, RUN, 5, 5)]


SCALARS = st.one_of(
    st.text(max_size=30), st.integers(-(2**63), 2**63), st.booleans(), st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["2026-11-21T06:24:28Z", "2026-11-21 06:24:28+01:00", 1e22, -0.0]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(st.text(max_size=4), inner, max_size=3), st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["message", "attributes", "trace", "span", "client", "http", "tags", "error", "user", "x", "event", "log"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=4),
    attributes=st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    cut=st.integers(0, 500),
)
def test_any_event_is_the_same(
    library: Library, changes: list[dict[str, Any]], attributes: dict[str, Any], cut: int
) -> None:
    values = []
    for number, change in enumerate(changes):
        fields = {"attributes": attributes} | change
        if "log" in fields:
            level = "error" if isinstance(fields["log"], str) else fields["log"]
            fields["log"] = {"source": RUN, "offset": number * 700, "level": level}
        try:
            values.append(value_of(number * 700, **fields))
        except TypeError:
            continue  # a number beyond 64 bits, which the shipper writes in another way
    both(library, [*values, *(value[:cut] for value in values[:1])])
