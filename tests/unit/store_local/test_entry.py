"""What the index is given: it takes every event, and reads it as it is meant."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantivy import Filter, Index, TextAnalyzerBuilder, Tokenizer

from logboom.event import epoch_us, event_id, source_run
from logboom.query.analysis import WORD_PATTERN, folded, words
from logboom.store.local import leaves
from logboom.store.local.entry import EntryMaker, own_position, split_id
from logboom.store.local.ordered_numbers import ordered
from logboom.store.local.schema import (
    CREATED,
    FOREIGN_ID,
    INGESTED,
    NUMBER,
    OFFSET,
    PRESENT,
    SCHEMA,
    STRAY,
    TIME,
    teach_words,
)
from logboom.store.local.serial import decode, document_of, encode
from logboom.store.local.times import Timestamps
from logboom.store.local.unusual import NUMBERS, PATHS_PER_DAY
from logboom.store.values import Document

DAY = date(2026, 3, 14)
RUN = source_run("entry", 0)


def event(**fields: Any) -> dict[str, Any]:
    made = {
        "@timestamp": "2026-03-14T09:00:00.123Z",
        "event": {
            "id": event_id(RUN, 77),
            "created": "2026-03-14T09:00:01Z",
            "ingested": "2026-03-14T09:00:02Z",
        },
        "log": {"source": RUN, "offset": 77, "level": "info"},
        "message": "hello",
    }
    return made | fields


def entry_of(made: dict[str, Any], maker: EntryMaker | None = None) -> dict[str, Any]:
    document = Document.of(made["event"]["id"], DAY, made)
    text = (maker or EntryMaker(DAY)).make(document, 5, own_position(document))
    entry: dict[str, Any] = orjson.loads(text)
    return entry


def test_the_usual_event_goes_in_as_it_is_with_its_number_time_and_offset() -> None:
    entry = entry_of(event(attributes={"a": 1}))
    assert (entry[NUMBER], entry[OFFSET]) == (5, 77)
    assert entry[TIME] == epoch_us("2026-03-14T09:00:00.123Z")
    assert entry["attributes"] == {"a": 1}
    assert entry[CREATED] == epoch_us("2026-03-14T09:00:01Z")
    assert entry[INGESTED] == epoch_us("2026-03-14T09:00:02Z")
    assert entry["log"] == {"source": RUN, "level": "info"}
    assert entry["event"] == {}
    assert STRAY not in entry
    assert FOREIGN_ID not in entry


@pytest.mark.parametrize(
    "about",
    [
        {"duration": 5, "id": event_id(RUN, 77), "created": "C", "ingested": "I"},
        {"id": event_id(RUN, 77), "created": "C", "ingested": "I", "duration": 5},
        {"created": "C", "id": event_id(RUN, 77), "duration": 5, "ingested": "I"},
    ],
)
def test_wherever_they_stand_id_and_times_are_not_indexed_twice(about: dict[str, Any]) -> None:
    times = {"C": "2026-03-14T09:00:01Z", "I": "2026-03-14T09:00:02Z"}
    made = event(event={name: times.get(str(value), value) for name, value in about.items()})
    entry = entry_of(made)
    assert entry["event"] == {"duration": 5}
    assert entry["log"] == {"source": RUN, "level": "info"}
    assert entry[CREATED] == epoch_us("2026-03-14T09:00:01Z")


def test_the_offset_of_an_application_is_left_alone() -> None:
    assert entry_of(event(attributes={"offset": 77}))["attributes"] == {"offset": 77}


def test_a_foreign_id_is_indexed() -> None:
    entry = entry_of(event(event={"id": "x"}))
    assert entry[FOREIGN_ID] == "x"
    assert FOREIGN_ID in entry[PRESENT]
    assert "id" not in entry["event"]


def test_texts_of_errors_stand_apart() -> None:
    entry = entry_of(event(error={"type": "E", "message": "m", "stack_trace": "s"}))
    assert entry["error"] == {"type": "E"}
    assert {"error.message", "error.stack_trace"} <= set(entry[PRESENT])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"attributes": {"a": "2026-03-14T09:00:00Z"}},
        {"event": {"id": "foreign"}},
        {"attributes": {"long": "x" * 9000}},
        {"error": {"message": "\uff25", "stack_trace": ["\uff25", 5]}},
    ],
)
def test_texts_are_given_in_the_form_in_which_they_are_cut(more: dict[str, Any]) -> None:
    entry = entry_of(event(message="\uff25\uff32\uff32\uff2f\uff32：cafe\u0301", **more))
    assert entry["message"] in ("ERROR：caf\u00e9", ["ERROR：caf\u00e9"])
    if "error" in more:
        assert entry["_error_message"] == ["E"]
        assert entry["_error_stack_trace"] == ["E", "5"]


def test_values_are_given_as_they_are() -> None:
    wide = "\uff25"
    made = event(service={"name": wide}, tags=[wide], attributes={wide: wide}, message=wide)
    entry = entry_of(made)
    assert (entry["service"], entry["tags"]) == ({"name": wide}, [wide])
    assert entry["attributes"] in ({wide: wide}, {wide: [wide]})


@pytest.mark.parametrize("time", ["2026-03-13T23:59:59.999Z", "2026-03-15T00:00:00Z"])
def test_an_event_of_another_day_is_marked(time: str) -> None:
    assert entry_of(event(**{"@timestamp": time}))[STRAY] == "t"


def test_attributes_beyond_the_bound_have_no_columns() -> None:
    maker = EntryMaker(DAY)
    for start in range(0, PATHS_PER_DAY, 100):
        entry = entry_of(event(attributes={f"k{start + n}": n for n in range(100)}), maker)
        assert len(entry["attributes"]) == 100
    entry = entry_of(event(attributes={"k7": 1, "one more": 2}), maker)
    assert entry["attributes"] == {"k7": [1]}
    assert entry["_rest"] == {"one more": [2], NUMBERS: {"one more": [ordered(2)]}}
    assert entry["_present"] == ["attributes.one more"]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (event_id(RUN, 0), (RUN, 0)),
        (event_id(RUN, 32**9 - 1), (RUN, 32**9 - 1)),
        (event_id(RUN, 5).upper(), None),
        (RUN + "00000000_", None),
        (RUN + "٠٠٠٠٠٠٠٠٠", None),
        (event_id(RUN, 5) + "\n", None),
        ("x", None),
        ("", None),
    ],
)
def test_an_id_of_our_own_is_told_from_others(
    identity: str, expected: tuple[str, int] | None
) -> None:
    assert split_id(identity) == expected


@given(st.integers(0, 32**9 - 1))
def test_every_offset_is_read_back_from_its_id(offset: int) -> None:
    assert split_id(event_id(RUN, offset)) == (RUN, offset)


@given(st.datetimes(min_value=__import__("datetime").datetime(1900, 1, 1)), st.integers(0, 9))
def test_timestamps_are_read_exactly(moment: Any, digits: int) -> None:
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    text += f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    reader = Timestamps()
    for _ in range(2):
        assert reader.epoch_us(text + "Z") == epoch_us(text + "Z")


@pytest.mark.parametrize(
    "text", ["", "Z", "now", "2026-03-14", "2026-03-14T09:00:00", "2026-13-14T09:00:00Z",
             "2026-03-14T09:00:00.xZ", "2026-03-14T09:00:00.-1Z", "x" * 30]
)  # fmt: skip
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    reader = Timestamps()
    reader.epoch_us("2026-03-14T09:00:00Z")
    with pytest.raises(ValueError, match=r"timestamp|isoformat|zone|literal|month"):
        reader.epoch_us(text)


@pytest.mark.parametrize(
    "date_part", ["2026-03-14", "0001-01-01", "2026-02-30", "12026-03-14", "2026-3-14"]
)
@pytest.mark.parametrize(
    "between", ["T", "t", " ", "_", "X", '"', "\\", "/", "\n", "\0", "\x7f", "ü", "", "T "]
)
def test_what_looks_like_a_time_is_found_by_its_text(date_part: str, between: str) -> None:
    zones = ["Z", "z", "+09:00", "-00:00", "", "+0900", " Z", "Z ", "ZZ", "+25:00"]
    times = [
        "09:00:00",
        "09:00",
        "23:59:60",
        "09:00:00.5",
        "09:00:00.1234567890",
        "09:00:00,5",
        "24:00:00",
    ]
    texts = [f"{date_part}{between}{time}{zone}" for time in times for zone in zones]
    index, maker = teach_words(Index(SCHEMA)), EntryMaker(DAY)
    writer = index.writer(15_000_000, 1)
    for text in texts:
        made = event(service={"name": text}, host={"deep": [{"er": text}]}, attributes={"a": text})
        document = Document.of(made["event"]["id"], DAY, made)
        writer.add_json(maker.make(document, 5, own_position(document)).decode())
    writer.commit()
    index.reload()
    searcher = index.searcher()
    for text in texts:
        for name in ("service.name", "host.deep.er", "attributes.a"):
            assert len(searcher.search(leaves.equal(name, text)).hits) == 1, (name, text)


# -- anything goes ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["2026-03-14T09:00:00Z", "2026-03-14 09:00:00+01:00", "10.0.0.1", "7"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["@timestamp", "message", "log", "error", "event", "http", "client", "trace", "span", "tags",
     "attributes", "service", "user", "host", "odd", "", "_number", "_time", "error.message"]
)  # fmt: skip
OBJECTS = st.dictionaries(
    st.sampled_from(["id", "ip", "message", "stack_trace", "original", "offset", "source", "level"])
    | st.text(max_size=3),
    JSON,
    max_size=4,
)
EVENTS = st.dictionaries(NAMES, JSON | OBJECTS, max_size=6)


class Indexed:
    """An index in memory."""

    def __init__(self) -> None:
        self.index = teach_words(Index(SCHEMA))
        self.writer = self.index.writer(15_000_000, 1)
        self.maker = EntryMaker(DAY)


@pytest.fixture(scope="module")
def indexed() -> Indexed:
    return Indexed()


@given(made=EVENTS, identity=st.text() | st.just(event_id(RUN, 77)))
def test_whatever_json_an_event_is_it_can_be_written_and_indexed(
    indexed: Indexed, made: dict[str, Any], identity: str
) -> None:
    document = Document.of(identity, DAY, made)
    line = encode(document)
    assert b"\n" not in line
    back = decode(line)
    assert json.dumps(back, sort_keys=True) == json.dumps((identity, made), sort_keys=True)
    assert document_of(line, DAY).event == document.event
    position = own_position(document)
    try:
        indexed.writer.add_json(indexed.maker.make(document, 1, position).decode())
    except ValueError:
        entry = indexed.maker.make_carefully(document, 1, position)
        indexed.writer.add_json(entry.decode())
    indexed.writer.add_json(indexed.maker.make_least(document, 1, position).decode())


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cn"]))
    | st.text(alphabet="aZ0_ -.Σςßİıi\u0307한検ไ१\u0301Ⅳ²🚀✓", max_size=20)
)
def test_the_index_splits_texts_into_the_words_of_the_one_definition(text: str) -> None:
    tokenizer = Tokenizer.regex(WORD_PATTERN)
    analyser = TextAnalyzerBuilder(tokenizer).filter(Filter.lowercase()).build()
    assert analyser.analyze(folded(text)) == words(text)
