"""The reduced form of an event holds what any index of ours takes, and all of the event as a text."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.event import Event
from logboom.store import Document
from logboom.store.elastic.reducing import REDUCED, reduced

DAY = date(2026, 3, 14)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(["@timestamp", "message", "event", "log", "service", "error", "tags", "attributes"])  # fmt: skip


def form(event: Event) -> Event:
    return reduced(Document.of("one", DAY, event), "because").event


def test_what_finds_an_event_stays() -> None:
    event: Event = {
        "@timestamp": "2026-03-14T09:00:00.123456789Z",
        "message": "it broke",
        "event": {"id": "one", "created": "2026-03-14T09:00:01.000Z"},
        "log": {
            "level": "error",
            "source": "run",
            "offset": 7,
            "odd": {},
            "file": {"path": "/var/log/a.log", "inode": 5},
        },
        "service": {"name": "cart", "version": 3},
        "trace": {"id": "t"},
        "tags": ["error", 5],
        "attributes": {"": 1},
    }
    assert form(event) == {
        "@timestamp": event["@timestamp"],
        "message": "it broke",
        "event": {**event["event"], "original": orjson.dumps(event).decode()},
        "log": {"level": "error", "source": "run", "offset": 7, "file": {"path": "/var/log/a.log"}},
        "service": {"name": "cart"},
        "trace": {"id": "t"},
        "tags": ["error", REDUCED],
        "attributes": {REDUCED: {"reason": "because"}},
    }


@pytest.mark.parametrize("file", ["/var/log/a.log", {"path": {"a": 1}}, {"path": 5}, [], None, {}])
def test_a_file_that_may_be_what_was_refused_is_left_out(file: Any) -> None:
    assert form({"log": {"file": file, "level": "info"}})["log"] == {"level": "info"}


@pytest.mark.parametrize("value", [b'{"a":', b"[1]", b"\xff\xfe", b"", b" nonsense\n"])
def test_what_is_no_event_becomes_a_text(value: bytes) -> None:
    found = reduced(Document("one", DAY, value), "because").event
    text = value.strip().decode("utf-8", "backslashreplace")
    assert found["message"] == found["event"]["original"] == text
    assert found["@timestamp"] == "2026-03-14T00:00:00.000Z"


@pytest.mark.parametrize("time", ["yesterday", 5, None, "2026-03-14", "2026-02-30T09:00:00.000Z"])
def test_a_time_that_is_none_gives_way_to_when_it_was_read(time: Any) -> None:
    created = "2026-03-14T09:00:01.000Z"
    assert form({"@timestamp": time, "event": {"created": created}})["@timestamp"] == created
    assert form({"@timestamp": time})["@timestamp"] == "2026-03-14T00:00:00.000Z"


@given(st.dictionaries(NAMES, ANY, max_size=5))
def test_every_part_has_the_type_that_it_must_have(event: dict[str, Any]) -> None:
    try:
        document = Document.of("one", DAY, event)
    except ValueError:
        return  # no JSON
    found = orjson.loads(reduced(document, "\ud800 because").value)
    assert found["event"]["id"] == "one"
    assert all(isinstance(tag, str) for tag in found["tags"])
    assert isinstance(found["message"], str)
    for name in ("log", "service", "error", "event"):
        values = dict(found.get(name, {}))
        offset = values.pop("offset", 0)
        assert type(offset) is int
        assert isinstance(values.pop("file", {"path": ""})["path"], str)
        assert all(isinstance(value, str) for value in values.values())
