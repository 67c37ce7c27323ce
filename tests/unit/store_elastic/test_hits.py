"""Events of Elasticsearch are handed on as they are stored: the same as if read and written anew."""

from __future__ import annotations

import json
from datetime import date
from operator import attrgetter
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.event import Event, encode_event
from logboom.native import native_library
from logboom.store import Document
from logboom.store.elastic.hits import event_of, joined, line_of, read_found, read_hit
from logboom.store.elastic.spelling import spelled
from logboom.store.stored_events import StoredEvents, with_id

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = b',"logboom":{"words":{"message":"a b"}}'


def stored(event: Event) -> bytes:
    """The document of an event for a server that takes our words along."""
    text = encode_event(event)
    return text[:-1] + spelled(Document.of("x", date(2026, 3, 14), event)) + b"}"


def answer_of(*sources: bytes, **more: Any) -> bytes:
    """An answer of Elasticsearch's."""
    hits = [
        b'{"_index":"i","_id":"id-%d","_score":null,"_source":%b,"sort":[1,2,"x"]}' % (number, one)
        for number, one in enumerate(sources)
    ]
    rest = {"took": 1, "timed_out": False, "_shards": {"total": 1, "failed": 0}, **more}
    total = b'{"value":7,"relation":"eq"}'
    found = b'{"total":%b,"max_score":null,"hits":[%b]}' % (total, b",".join(hits))
    return orjson.dumps(rest)[:-1] + b',"hits":%b}' % found


def texts_of(*sources: bytes) -> list[bytes]:
    """What is answered for documents, with the compiled part or without."""
    content = answer_of(*sources)
    found = read_found(content, len(sources))
    with patch("logboom.store.elastic.hits.native_library", lambda: None):
        without = read_found(content, len(sources))
    assert (list(found.hits), found.total, found.shards) == (
        list(without.hits), without.total, without.shards,
    )  # fmt: skip
    shown = StoredEvents(found.hits, attrgetter("text"), read_hit, joined)
    texts = list(shown.texts())
    for part in (shown, shown[:1], shown[1:], shown[1:-1], shown[:0], shown[::-1]):
        assert isinstance(part, StoredEvents)
        assert part.list_text() == b"[%b]" % b",".join(part.texts())
    assert texts == [
        with_id(f"id-{number}", line_of(source), event_of) for number, source in enumerate(sources)
    ]
    return texts


@given(TEXTS, TEXTS, TEXTS)
def test_an_event_is_answered_as_it_was_written(message: str, trace: str, key: str) -> None:
    event: Event = {
        "@timestamp": "2026-03-14T09:00:00Z",
        "message": message,
        "error": {"stack_trace": trace},
        "attributes": {key: message, "logboom": {"words": {"message": trace}}},
    }
    assert line_of(stored(event)) == orjson.dumps(event)
    (text,) = texts_of(stored(event))
    assert text == orjson.dumps({"_id": "id-0", **event})


ODD = {
    "our words not at the end": b'{"logboom":{"words":{"message":"a b"}},"message":"a b"}',
    "our words, and more behind": b'{"message":"a"%b,"n":1}' % WORDS,
    "an object of that name further in": b'{"attributes":{"n":1%b}}' % WORDS,
    "both": b'{"attributes":{"n":1%b}%b}' % (WORDS, WORDS),
    "both, ours first": b'{"n":1%b,"attributes":{"n":1%b}}' % (WORDS, WORDS),
    "nothing else": b'{"logboom":{"words":{"message":"a"}}}',
    "nothing": b"{}",
    "written over several lines": b'{\n  "message" : "a",\n  "n":1%b\n}' % WORDS,
    "spaces": b'{ "message" : "a" %b }' % WORDS,
    "a field called _id": b'{"_id":"mine","message":"a"}',
    "a text with that name": b'{"message":"\\"logboom\\":{\\"words\\":{}}, \\"_id\\":1"}',
    "large numbers": b'{"n":18446744073709551615,"m":-9223372036854775808,"x":1.50}',
    "half a character": b'{"message":"\\ud83d","n":1%b}' % WORDS,
}


@pytest.mark.parametrize("source", ODD.values(), ids=ODD)
def test_whatever_others_wrote_is_answered_without_our_words(source: bytes) -> None:
    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in members}) == len(members)
        return dict(members)

    expected = json.loads(source)
    expected.pop("logboom", None)
    usual = b'{"message":"usual"}'
    _, text, after = texts_of(usual, source, usual)
    assert json.loads(text, object_pairs_hook=pairs) == {"_id": "id-1", **expected}
    assert b"\n" not in text
    assert json.loads(after) == {"_id": "id-2", "message": "usual"}
    assert event_of(line_of(source)) == expected


def test_numbers_beyond_64_bits_are_answered_as_they_are() -> None:
    (text,) = texts_of(b'{"n":%d}' % 2**70)
    assert text == b'{"_id":"id-0","n":%d}' % 2**70


@pytest.mark.parametrize("message", [b"fine", b"\\ud83d"])
def test_the_rest_of_an_answer_is_read(message: bytes) -> None:
    shards = {"total": 2, "failed": 1, "failures": [{"reason": {"reason": "broken"}}]}
    content = answer_of(b'{"message":"%b"}' % message, timed_out=True, _shards=shards)
    found = read_found(content, 1)
    assert (found.timed_out, found.shards) == (True, shards)
    assert found.total == {"value": 7, "relation": "eq"}
    (hit,) = found.hits
    assert (hit.place(), read_hit(hit)) == ([1, 2, "x"], json.loads(b'{"message":"%b"}' % message))


def test_an_answer_without_what_was_not_asked_for_is_read() -> None:
    found = read_found(b'{"_shards":{"total":0,"failed":0},"hits":{"hits":[{"_id":"a"}]}}', 1)
    assert (found.timed_out, found.total) == (False, {})
    assert [(hit.place(), hit.text) for hit in found.hits] == [([], b'{"_id":"a"}')]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)


@pytest.mark.skipif(native_library() is None, reason="there is no compiled part")
@given(st.lists(st.dictionaries(TEXTS | st.just("logboom"), JSON), max_size=4), st.booleans())
def test_the_compiled_part_reads_what_python_reads(events: list[Event], ours: bool) -> None:
    library = native_library()
    assert library is not None
    events = [{name: event[name] for name in event if name != "_id"} for event in events]
    sources = [stored(event) if ours else encode_event(event) for event in events]
    content = answer_of(*sources)
    cut = library.answers.hits(content, b"logboom", len(sources))
    texts = texts_of(*sources)
    if cut is not None:
        assert cut.text[: cut.ends[-1] if texts else 0] == b",".join(texts)
    if not any("logboom" in event or not event for event in events):
        assert cut is not None, "it was left to Python without need"


@pytest.mark.skipif(native_library() is None, reason="there is no compiled part")
@given(st.data())
def test_the_compiled_part_takes_no_broken_answer_for_a_whole_one(data: st.DataObject) -> None:
    library = native_library()
    assert library is not None
    content = answer_of(stored({"message": "a b", "attributes": {"n": [1, {"m": "x"}]}}), b"{}")
    end = data.draw(st.integers(0, len(content) - 1))
    assert library.answers.hits(content[:end], b"logboom", 2) is None
    mutated = bytearray(content)
    mutated[end] = data.draw(st.integers(0, 255))
    library.answers.hits(bytes(mutated), b"logboom", 2)
    assert library.answers.hits(content, b"logboom", 1) is None
