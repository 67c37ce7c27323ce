"""The compiled part makes the events that Python makes, or leaves them to it."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.native import Library
from logboom.native.library import Events, Lines
from shipper.events.native_splicing import NativeSplicer
from shipper.events.normalise import SourceContext
from shipper.events.splicing import Splicer
from shipper.redaction.redact import Redactor

READ_TEXT = "2026-11-21T07:27:00.116Z"
CONTEXT = SourceContext("mp2851rqn1642", "/var/log/app.log", "vm", "app", UTC, {"a%": 1})
USUAL: dict[str, Any] = {
    "timestamp": "2026-11-21T06:24:28.566Z",
    "level": "INFO",
    "logger": "com.acme.cart",
    "message": 'a "word" and 100% of it, 가나다, tab\t',
    "trace_id": "1d8a4eace693ae2d9a1e40b458151a99",
    "duration_ms": 12.5,
    "status": 503,
    "client_ip": "10.0.0.7",
    "seq": 7,
    "cached": True,
    "cart": {"items": 3, "100%": {"of": "it"}},
}


def hints() -> bytes:
    automaton = Redactor.with_defaults().automaton
    assert automaton is not None
    return automaton


def learnt(usual: dict[str, Any]) -> Splicer:
    splicer = Splicer(CONTEXT)
    texts = [text_of(usual)] * 20
    splicer.splice(texts, range(20), but=(), read_text=READ_TEXT)
    assert splicer.shapes
    return splicer


def text_of(event: dict[str, Any]) -> str:
    return orjson.dumps(event).decode()


def native(library: Library, splicer: Splicer, texts: list[str], *, but: set[int]) -> Events:
    made = NativeSplicer(library, CONTEXT, hints())
    buffer, starts, ends = b"", [], []
    for text in texts:
        starts.append(len(buffer))
        buffer += text.encode("utf-8", "surrogatepass") + b"\r\n"
        ends.append(len(buffer))
    return made.splice(
        buffer, (starts, ends), splicer.shapes, but=but, offset=5, read_text=READ_TEXT
    )


def compare(library: Library, splicer: Splicer, texts: list[str]) -> list[bool]:
    """Holds both to the same events; says which ones the compiled part made."""
    events = native(library, splicer, texts, but=set())
    offset, offsets = 5, []
    for text in texts:
        offsets.append(offset)
        offset += len(text.encode("utf-8", "surrogatepass")) + 2
    spliced = splicer.splice(texts, offsets, but=(), read_text=READ_TEXT)
    for number, value in enumerate(events.values):
        if value is not None:
            expected = spliced.values[number]
            assert expected is not None, texts[number]
            assert orjson.loads(value) == orjson.loads(expected)
            assert events.timestamps[number] == spliced.timestamps[number]
    return [value is not None for value in events.values]


def test_usual_lines_are_made_and_are_the_same(library: Library) -> None:
    texts = [text_of(USUAL), json.dumps({**USUAL, "message": "m"}), text_of(USUAL)]
    splicer = learnt({**USUAL, "cart": 5})
    assert compare(library, splicer, texts) == [True, False, True]
    assert compare(library, splicer, [json.dumps({**USUAL, "message": "m", "cart": 1})]) == [True]


def test_lines_that_are_left_alone_move_nothing(library: Library) -> None:
    splicer = learnt(USUAL)
    texts = [text_of({**USUAL, "seq": number}) for number in range(5)]
    events = native(library, splicer, texts, but={0, 3})
    assert [value is None for value in events.values] == [True, False, False, True, False]
    for number in (1, 2, 4):
        value = events.values[number]
        assert value is not None
        assert orjson.loads(value)["attributes"]["seq"] == number


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Traceback\n  File"},
        {"message": 5},
        {"level": "unheard-of"},
        {"timestamp": "2026-11-21T06:24:28Z"},
        {"timestamp": "2026-02-29T06:24:28.566Z"},
        {"timestamp": "2026-11-21T24:00:00.000Z"},
        {"logger": ""},
        {"status": "503"},
        {"duration_ms": -1},
        {"client_ip": "a.host"},
        {"seq": [1, 2]},
        {"cart": {"": 1}},
        {"cart": {"a": {"b": {"c": 1}}}},
        {"trace_id": "x" * 20_000},
    ],
)
def test_what_is_unusual_is_left_to_python(library: Library, change: dict[str, Any]) -> None:
    assert compare(library, learnt(USUAL), [text_of({**USUAL, **change})]) == [False]


def test_an_event_with_many_names_is_left_to_be_bounded(library: Library) -> None:
    owns = {f"own{number}": 1 for number in range(20)}
    splicer = learnt({**USUAL, **owns})
    inside = {f"k{number}": number for number in range(15)}
    crowded = text_of({**USUAL, **dict.fromkeys(owns, inside)})
    one = text_of({**USUAL, **owns, "cart": {f"k{number}": number for number in range(900)}})
    few = text_of({**USUAL, **owns, "own1": inside, "message": "m" * 2000})
    texts = [crowded, few, one]
    assert compare(library, splicer, texts) == [False, True, False]
    spliced = splicer.splice(texts, [0, 1, 2], but=(), read_text=READ_TEXT)
    assert [value is None for value in spliced.values] == [True, False, True]


def test_names_that_are_added_to_all_events_count() -> None:
    names = {f"added{number}": number for number in range(200)}
    splicer = Splicer(replace(CONTEXT, fields=names))
    texts = [text_of({**USUAL, **{f"own{number}": 1 for number in range(50)}})] * 20
    splicer.splice(texts, range(20), but=(), read_text=READ_TEXT)
    assert not splicer.shapes


SCALARS = st.one_of(
    st.text(max_size=20), st.integers(-(2**70), 2**70), st.booleans(), st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["2026-11-21T06:24:28.566Z", "::1", "WARNING", "Err", 20, 1e15, 0.5, 2.5e-7]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6
)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.dictionaries(st.sampled_from(sorted(USUAL)), VALUES), max_size=4),
    compact=st.booleans(),
    cut=st.integers(0, 400),
)
def test_both_make_the_same_of_anything(
    library: Library, changes: list[dict[str, Any]], compact: bool, cut: int
) -> None:
    separators = (",", ":") if compact else None
    texts = [json.dumps({**USUAL, **change}, separators=separators) for change in changes]
    texts += [text[:cut] for text in texts[:1]] + [text + "}" for text in texts[1:2]]
    compare(library, learnt(USUAL), texts)


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(
                ["password", "=", ":", "s3cret99", "Bearer ", "token", "4111 1111-1111 1111", "//",
                 "AKIAABCDEFGHIJKLMNOP", "eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
                 "://u:p@h", " ", "5500000000000004", "PRIVATE KEY", "12345678901234567890"],
            ),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_no_secret_goes_unsuspected(library: Library, words: list[str]) -> None:
    text = text_of({**USUAL, "message": "".join(words).replace("\n", " ")})
    splicer = learnt(USUAL)
    events = native(library, splicer, [text], but=set())
    if events.values[0] is not None and Redactor.with_defaults().redact(text)[1]:
        assert events.suspects == {0}


@pytest.mark.parametrize("program", [b"", b"\1\0\0\0", b"\0" * 7, b"\xff" * 40])
def test_a_malformed_program_is_a_bug_that_says_so(library: Library, program: bytes) -> None:
    lines = Lines(b"{}\n", array("I", [0]), array("I", [3]), array("I", [0]), bytearray(1))
    automaton = hints()
    for given_program, given_automaton in ((program, automaton), (bytes(8), program)):
        with pytest.raises(RuntimeError):
            library.splice(
                lines, given_program, given_automaton, run="r", created=READ_TEXT, offset=0
            )


def test_spans_outside_of_the_buffer_are_no_lines(library: Library) -> None:
    starts = array("I", [0, 9, 2])
    lines = Lines(b"{}\n", starts, array("I", [99, 12, 1]), starts, bytearray(3))
    events = library.splice(lines, bytes(8), hints(), run="r", created=READ_TEXT, offset=0)
    assert events.values == [None, None, None]


def test_lines_with_hints_of_secrets_are_named(library: Library) -> None:
    lines = [b"all is well", b"password=hunter22", b"", b"the password is wrong"]
    buffer, ends = b"\n".join(lines), list[int]()
    for line in lines:
        ends.append((ends[-1] + 1 if ends else 0) + len(line))
    starts = [end - len(line) for end, line in zip(ends, lines, strict=True)]
    made = NativeSplicer(library, CONTEXT, hints())
    assert made.suspects(buffer, (starts, ends)) == [1]
