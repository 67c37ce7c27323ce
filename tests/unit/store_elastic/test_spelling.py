"""The words that a document takes along are those of its texts."""

from __future__ import annotations

from datetime import date

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.event import Event
from logboom.query.analysis import words
from logboom.store import Document
from logboom.store.elastic.spelling import respelled, spaced, spelled, without_spelling

TEXTS = st.text() | st.text(st.characters(max_codepoint=127))


@given(TEXTS)
def test_spaces_cut_out_the_words(text: str) -> None:
    assert spaced(text).split() == words(text)


def words_of(event: Event) -> bytes:
    return spelled(Document.of("x", date(2026, 3, 14), event))


def sent(event: Event) -> Event:
    """The event with what is put before its last brace."""
    found: Event = orjson.loads(orjson.dumps(event)[:-1] + words_of(event) + b"}")
    return found


@given(TEXTS, TEXTS, TEXTS)
def test_an_event_that_is_read_is_the_one_that_was_written(a: str, b: str, c: str) -> None:
    event: Event = {"message": a, "error": {"message": b, "stack_trace": c, "type": "E"}, "x": {}}
    kept = orjson.loads(orjson.dumps(event))
    found = sent(event)
    assert found["logboom"]["words"] == {
        "message": spaced(a),
        "error": {"message": spaced(b), "stack_trace": spaced(c)},
    }
    assert without_spelling(found) == kept == event


@pytest.mark.parametrize(
    "event", [{}, {"@timestamp": "x"}, {"error": {"type": "E"}}, {"error": "x"}, {"message": None}]
)
def test_an_event_without_texts_takes_nothing_along(event: Event) -> None:
    assert words_of(event) == b""


def test_texts_of_an_unexpected_shape_are_spelled_by_their_values() -> None:
    event: Event = {"message": ["Some-thing", 5, [None, {"a": 1}, True]]}
    assert sent(event)["logboom"]["words"] == {"message": ["some thing", "5", "true"]}


def test_only_texts_that_are_folded_take_their_words_along_where_the_server_cuts_them() -> None:
    wide, usual = "\uff25-\uff25 caf\u00e9", "E，caf\u00e9"
    for event, expected in (
        ({"message": usual, "x": wide}, {}),
        ({"message": wide}, {"message": ["e e caf\u00e9"]}),
        ({"message": [usual, wide, None]}, {"message": ["e e caf\u00e9"]}),
        (
            {"message": usual, "error": {"stack_trace": wide}},
            {"error": {"stack_trace": ["e e caf\u00e9"]}},
        ),
        ({"message": None, "error": "x"}, {}),
    ):
        made = respelled(Document.of("x", date(2026, 3, 14), event))
        assert made == (b',"logboom":{"folded":%s}' % orjson.dumps(expected) if expected else b"")


def test_escaped_signs_are_looked_at_too() -> None:
    value = rb'{"message":"\uff25"}'
    assert b'"e"' in respelled(Document("x", date(2026, 3, 14), value))
