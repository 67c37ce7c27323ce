"""Events that are spliced are the events that the normaliser would have made."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.normalise import Normaliser, SourceContext
from shipper.spellings import SPELLINGS
from shipper.splicing import Splicer

READ_NS = 1_795_246_020_116_000_000
READ_TEXT = "2026-11-21T07:27:00.116Z"
USUAL = {
    "timestamp": "2026-11-21T06:24:28.566Z",
    "level": "INFO",
    "logger": "com.acme.cart",
    "message": 'a "word" and 100% of it, 가나다, tab\t',
    "service": "checkout",
    "trace_id": "1d8a4eace693ae2d9a1e40b458151a99",
    "user_id": "u2005",
    "duration_ms": 12.5,
    "status": 503,
    "client_ip": "10.0.0.7",
    "seq": 7,
    "ratio": -0.25,
    "cached": True,
    "parent": None,
    "cart": {"items": 3, "100%": {"of": "it"}},
}


def context(**fields: object) -> SourceContext:
    return SourceContext("mp2851rqn1642", "/var/log/app.log", "vm", "app", UTC, fields)


def learnt(text: str, given_context: SourceContext) -> Splicer:
    """A splicer that has seen the shape often enough."""
    splicer = Splicer(given_context)
    splice(splicer, *[text] * 20)
    return splicer


def splice(splicer: Splicer, *texts: str, offset: int = 0) -> list[bytes | None]:
    """Splices texts that lie a thousand bytes apart."""
    offsets = [offset + 1000 * number for number in range(len(texts))]
    return splicer.splice(texts, offsets, but=(), read_text=READ_TEXT).values


def normalised(text: str, given_context: SourceContext, offset: int) -> dict[str, Any]:
    event = Normaliser(given_context, redactor=None).normalise(
        orjson.loads(text), text, offset=offset, read_ns=READ_NS, read_text=READ_TEXT
    )
    loaded: dict[str, Any] = orjson.loads(event.value)
    return loaded


@pytest.mark.parametrize("write", [orjson.dumps, lambda event: json.dumps(event).encode()])
@pytest.mark.parametrize("fields", [{}, {"environment": "a%b", "service.version": "1", "seq": 0}])
def test_a_usual_event_is_spliced_and_is_the_same(write: Any, fields: dict[str, object]) -> None:
    usual = {**USUAL, "message": "only ASCII, 100% of it"}
    text = write(usual).decode()
    splicer = learnt(text, context(**fields))
    spliced = splicer.splice([text], [314], but=(), read_text=READ_TEXT)
    (value,) = spliced.values
    assert value is not None
    assert orjson.loads(value) == normalised(text, context(**fields), 314)
    assert spliced.timestamps == [USUAL["timestamp"]]


def test_the_first_events_of_a_shape_are_not_spliced() -> None:
    splicer = Splicer(context())
    text = orjson.dumps(USUAL).decode()
    answers = [splice(splicer, text) for _ in range(30)]
    assert answers[0] == [None]
    assert answers[-1] != [None]


def test_events_of_several_shapes_among_others_keep_their_places() -> None:
    usual = orjson.dumps(USUAL).decode()
    other = '{"time":1795246020,"msg":"m","a":1}'
    splicer = Splicer(context())
    splice(splicer, *[usual, other] * 20)
    texts = [other, usual, "plain", usual, other.replace("1}", "[]}"), other, usual]
    spliced = splicer.splice(texts, range(7), but={3}, read_text=READ_TEXT)
    assert [value is None for value in spliced.values] == [0, 0, 1, 1, 1, 0, 0]
    for offset, value in enumerate(spliced.values):
        if value is not None:
            assert orjson.loads(value) == normalised(texts[offset], context(), offset)


def test_an_unusual_value_leaves_its_neighbours_alone() -> None:
    splicer = learnt(orjson.dumps(USUAL).decode(), context())
    levels = ["INFO", "unheard-of", "WARN"]
    texts = [orjson.dumps({**USUAL, "level": level}).decode() for level in levels]
    first, second, third = splice(splicer, *texts)
    assert second is None
    assert first is not None
    assert orjson.loads(first) == normalised(texts[0], context(), 0)
    assert third is not None
    assert orjson.loads(third) == normalised(texts[2], context(), 2000)


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Traceback\n  File"},
        {"message": 5},
        {"level": "unheard-of"},
        {"timestamp": "Nov 21 06:24:28"},
        {"timestamp": "2026-13-21T06:24:28.566Z"},
        {"logger": ""},
        {"status": "503"},
        {"duration_ms": -1},
        {"client_ip": "a.host"},
        {"seq": 2**70},
        {"seq": [1, 2]},
        {"cart": {"": 1}},
        {"cart": {"a": {"b": {"c": {"d": {"e": 1}}}}}},
        {"cart": {"x" * 300: 1}},
        {"parent": "x" * 20_000},
    ],
)
def test_an_unusual_event_is_left_to_the_normaliser(change: dict[str, object]) -> None:
    splicer = learnt(orjson.dumps(USUAL).decode(), context())
    try:
        text = orjson.dumps({**USUAL, **change}).decode()
    except TypeError:
        text = json.dumps({**USUAL, **change})
    assert splice(splicer, text) == [None]


@pytest.mark.parametrize(
    "text",
    [
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":1e999}',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":"\\ud800"}',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":01}',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":1',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":"\x01"}',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":1} ',
        '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":tru}',
        '{"message":"m","timestamp":"2026-11-21T06:24:28.566Z","a":1}',
    ],
)
def test_what_is_not_quite_json_or_of_another_shape_is_not_spliced(text: str) -> None:
    usual = '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":1}'
    splicer = learnt(usual, context())
    assert splice(splicer, usual) != [None]
    assert splice(splicer, text) == [None]


def test_long_runs_of_quotes_and_backslashes_do_not_take_long() -> None:
    usual = '{"timestamp":"2026-11-21T06:24:28.566Z","message":"m","a":{"b":1}}'
    splicer = learnt(usual, context())
    for piece in ('\\"', "\\\\", '{"a":', '{"a":"', "[", "9"):
        text = usual.replace('"m"', '"' + piece * (12_000 // len(piece)))
        assert splice(splicer, text) == [None]


names = st.sampled_from([*SPELLINGS, "seq", "region", "a.b", "http", "error", "a%s", "x{1}"])
scalars = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["info", "ERROR", "10.1.1.1", "2026-11-21T06:24:28.566Z", "1795246020", "a\nb"]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=300)
@given(
    shape=st.lists(names, min_size=1, max_size=6, unique=True),
    usual=st.data(),
    ascii_only=st.booleans(),
)
def test_every_event_that_is_spliced_is_the_same(
    shape: list[str], usual: st.DataObject, ascii_only: bool
) -> None:
    def draw(strategy: st.SearchStrategy[Any]) -> str:
        event = {"time": "2026-11-21T06:24:28.566Z", "msg": "m"}
        event |= {name: usual.draw(strategy) for name in shape}
        return json.dumps(event, ensure_ascii=ascii_only, separators=(",", ":"))

    splicer = learnt(draw(scalars), context(region="eu"))
    for offset in range(3):
        text = draw(values)
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            is_json = False
        else:
            is_json = True
        spliced = splicer.splice([text], [offset], but=(), read_text=READ_TEXT)
        (value,) = spliced.values
        if value is not None:
            assert is_json
            assert orjson.loads(value) == normalised(text, context(region="eu"), offset)
            assert spliced.timestamps == [orjson.loads(value)["@timestamp"]]
