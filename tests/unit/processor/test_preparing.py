"""Messages become documents: each of them, changed as little as can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.bounds import MAX_KEYS
from logboom.broker import ConsumedBatch, Message
from logboom.clock import ManualClock
from logboom.event import TIME_OUT_OF_RANGE, IndexDays, event_id, source_run
from logboom.head import head_of
from logboom.native import native_library
from logboom.store import Document
from processor.preparing import FOREIGN, Preparer

RUN = source_run("prepared", 0)
NOW = datetime(2026, 3, 14, 9, 0, 5, tzinfo=UTC)
INGESTED = "2026-03-14T09:00:05.000Z"


def preparer() -> Preparer:
    return Preparer(IndexDays(timedelta(days=90)), ManualClock(NOW))


def event(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@timestamp": "2026-03-14T09:00:00.123Z",
        "event": {"id": event_id(RUN, 77), "created": "2026-03-14T09:00:01.000Z"},
        "log": {"source": RUN, "offset": 77, "level": "info"},
        "message": "hello",
        "attributes": {"seq": 1},
    }
    return made | fields


def prepared(*values: bytes) -> list[Document]:
    messages = [Message(b"key", value) for value in values]
    return preparer().prepare([ConsumedBatch(3, range(40, 40 + len(values)), messages)]).documents


def of(made: dict[str, Any]) -> Document:
    (document,) = prepared(orjson.dumps(made))
    return document


ODD_TIMES = (
    "2026-W11T09:00:00.000Z", "2026-W11-6T09:00:00.000Z", "2026W11T09:00:00.000Z",
    "20260314T090000.000Z", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.999Z",
    "0000-00-00T00:00:00Z", "2026-03-14", "2026-03-14T25:00:00.000Z", "2026-03-14T09:00:00.000",
)  # fmt: skip


@pytest.mark.parametrize("created", [*ODD_TIMES, "2026-03-14T09:00:01.000Z"])
@pytest.mark.parametrize("time", [*ODD_TIMES, "2026-03-14T09:00:00.000Z"])
def test_no_time_stops_it(time: str, created: str) -> None:
    made = event(**{"@timestamp": time, "event": {"id": "theirs", "created": created}})
    for library in (None, native_library()):
        one = Preparer(IndexDays(timedelta(days=90)), ManualClock(NOW), library)
        messages = [Message(b"key", orjson.dumps(made))]
        (document,) = one.prepare([ConsumedBatch(3, [40], messages)]).documents
        assert document.id in {"theirs", "foreign-3-40"}
        assert document.event["message"] == "hello"


def test_a_calm_event_only_gets_its_index_time() -> None:
    made = event()
    document = of(made)
    made["event"]["ingested"] = INGESTED
    assert document.event == made
    assert (document.id, document.day) == (event_id(RUN, 77), date(2026, 3, 14))
    assert document.head == head_of(document.value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"log": {"level": "error"}}, "level"),
        ({"log": {"level": "fatal"}, "error": {"type": "E"}}, "level"),
        ({"error": {"type": "E"}}, "exception"),
        ({"error": {"stack_trace": "at x"}}, "exception"),
        ({"http": {"response": {"status_code": 503}}}, "http_status"),
        ({"log": {}, "message": "Error: it broke"}, "text"),
        ({"log": {}, "message": "java.io.IOException: broken pipe"}, "text"),
        ({"log": {}, "message": "kernel: Out of memory: Kill process 5"}, "text"),
        ({"log": {}, "message": "FATAL - no room", "tags": ["a"]}, "text"),
    ],
)
def test_an_error_is_tagged_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    document = of(event(**fields))
    assert document.head == head_of(document.value)
    found = document.event
    assert found["error"]["detected_by"] == reason
    assert found["tags"][-1] == "error"
    assert {**found["error"], **fields.get("error", {})} == found["error"]


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "Error: but its level is calm"},
        {"http": {"response": {"status_code": 404}}, "log": {}, "message": "error: 404"},
        {"http": {"response": {"status_code": "500"}}},
        {"error": {}},
        {"log": {}, "message": "0 errors"},
        {"log": {}, "message": "done, error=nil"},
        {"log": {}, "message": "retry without error"},
        {"log": {}, "message": "no exceptions were thrown"},
        {"log": {"level": 5}},
        {"error": "just a word"},
    ],
)
def test_what_is_no_error_is_not_tagged(fields: dict[str, Any]) -> None:
    found = of(event(**fields)).event
    assert "tags" not in found
    assert found.get("error") == fields.get("error")


def test_an_error_in_a_field_of_another_type_is_tagged_all_the_same() -> None:
    found = of(event(error="a word", log={"level": "error"}, tags="one")).event
    assert found["error"] == "a word"
    assert found["tags"] == ["one", "error"]


def test_an_event_out_of_range_goes_to_the_day_it_was_read() -> None:
    document = of(event(**{"@timestamp": "1999-01-01T00:00:00.000Z"}))
    assert document.day == date(2026, 3, 14)
    assert document.event["@timestamp"] == "1999-01-01T00:00:00.000Z"
    assert document.event["tags"] == [TIME_OUT_OF_RANGE]


def test_a_late_event_goes_to_its_own_day() -> None:
    assert of(event(**{"@timestamp": "2026-03-10T23:59:59.999Z"})).day == date(2026, 3, 10)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"\xff\xfe", b"plain text", b"[1,2]", b'"x"', b"null", b'{"message":"m"}', b"{",
        b'{"@timestamp":5,"message":"m","event":{"id":"x","created":"2026-03-14T09:00:01Z"}}',
        b'{"@timestamp":"2026-03-14T09:00:01Z","message":"m","event":{"id":"x","created":"never"}}',
        b'{"@timestamp":"xxxxxxxxxxxxxxxxxxxxxxxx","message":"m","event":{"id":"a","created":"xxxxxxxxxxxxxxxxxxxxxxxx"}}',
        b'{"@timestamp":"2026-02-30T09:00:01.000Z","event":{"id":"a","created":"2026-02-30T09:00:01.000Z"},"message":"m"}',
        b'{"@timestamp":"2026-03-14T09:00:01.000Z","event":{"id":"a","created":"2026-03-14T09:00:01.000Z"},"message":"m","x":"\xff"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"@timestamp":"2026-03-14T09:00:01Z","event":{"id":"a","created":"2026-03-14T09:00:01Z"},"message":"m","attributes":'
        + b'{"a":' * 1020 + b"1" + b"}" * 1021,
        b'{"@timestamp":"2026-03-14T09:00:01Z","message":7,"event":{"id":"x","created":"2026-03-14T09:00:01Z"}}',
    ],
)  # fmt: skip
def test_a_message_that_is_no_event_of_ours_is_kept_as_what_it_is(value: bytes) -> None:
    document = prepared(b"{}", value)[1]
    assert document.id == "foreign-3-41"
    assert FOREIGN in document.event["tags"]
    assert document.day == date(2026, 3, 14)


def test_what_others_wrote_over_several_lines_becomes_one_line() -> None:
    value = orjson.dumps(event(), option=orjson.OPT_INDENT_2)
    (document,) = prepared(value)
    assert b"\n" not in document.value
    assert document.id == event_id(RUN, 77)


def test_the_index_time_goes_to_the_event_and_to_nothing_that_looks_like_it() -> None:
    about = event()["event"]
    made = {"@timestamp": event()["@timestamp"], "attributes": about} | event(attributes=about)
    found = of(made).event
    assert found["event"]["ingested"] == INGESTED
    assert found["attributes"] == about


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
field_names = st.sampled_from(
    ["error", "http", "tags", "log", "message", "attributes", "event", "trace", "client", "own"]
)


def test_a_strange_message_with_ten_thousand_names_keeps_them_as_text() -> None:
    made = {f"key{n}": n for n in range(10_000)}
    found = of(made).event
    assert found["tags"] == [FOREIGN, "many_keys"]
    kept = found["attributes"]["foreign"]
    assert len(kept) <= MAX_KEYS + 1
    rest = orjson.loads("".join(kept.pop("_rest")))
    assert kept | rest == made


def test_a_text_that_is_cut_between_many_names_is_told() -> None:
    found = of({"long": "x" * 40_000, **{f"key{n}": n for n in range(300)}}).event
    assert found["tags"] == [FOREIGN, "many_keys", "truncated"]


@given(st.dictionaries(field_names, json_values, max_size=4))
def test_of_whatever_an_event_is_made_nothing_is_lost(fields: dict[str, Any]) -> None:
    made = event(**fields)
    found = of(made).event
    if found["event"]["id"].startswith(FOREIGN):
        assert found["attributes"]["foreign"] == made
        return
    assert found["event"].pop("ingested") == INGESTED
    for name, value in made.items():
        if name not in {"error", "tags"}:
            assert found[name] == value
    if isinstance(made.get("error"), dict):
        assert {**found["error"], **made["error"]}.keys() == found["error"].keys()
