"""Events that are spliced are the events that the normaliser would have made."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.spellings import SPELLINGS
from shipper.events.normalise import Normaliser, SourceContext
from shipper.events.splicing import Splicer

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


FITTING: dict[str, st.SearchStrategy[Any]] = {
    "time": st.sampled_from(["2026-11-21T06:24:28.566Z", "2026-11-21 06:24:28,5", 1795246020, 1795246020.5]),
    "ts": st.sampled_from(["2026-11-21T06:24:28Z", "yesterday"]),
    "level": st.sampled_from(["INFO", "error", "warn", 30, "unheard-of"]),
    "severity": st.sampled_from(["INFO", "error"]),
    "duration_ms": st.floats(0, 1e6) | st.integers(0, 10**6),
    "event.duration": st.floats(0, 1e6) | st.integers(0, 10**6),
    "status": st.integers(100, 599) | st.just("503"),
    "client_ip": st.sampled_from(["10.0.0.1", "::1", "gw.local"]),
    "remote_addr": st.sampled_from(["10.0.0.2", "gw.local"]),
    "client.address": st.sampled_from(["10.0.0.2", "gw.local"]),
}  # fmt: skip
"""What the fields of these names usually hold."""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text("abc -%{}가", min_size=1, max_size=8)
scalars = st.one_of(
    texts, st.integers(-(2**70), 2**70), st.floats(), st.booleans(), st.none(), st.just("a\nb")
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(
    [
        *FITTING,
        *SPELLINGS,
        *["seq", "region", "a.b", "a%s", "x{1}"] * 12,
        "http",
        "error",
        "",
        "attributes",
    ]
)


def written(members: list[tuple[str, Any]], ascii_only: bool) -> str:
    """An object as JSON; names may be repeated, in it and in the objects of its values."""
    parts = (
        f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=ascii_only)}"
        for name, value in members
    )
    return "{" + ",".join(parts).replace('"twice":', '"a":') + "}"


def test_every_event_that_is_spliced_is_the_same() -> None:
    spliced_events = 0

    @settings(max_examples=600)
    @given(shape=st.lists(names, max_size=5), draw=st.data(), ascii_only=st.booleans())
    def same(shape: list[str], draw: st.DataObject, ascii_only: bool) -> None:
        nonlocal spliced_events

        def usual(name: str) -> Any:
            if draw.draw(st.integers(0, 19)) == 0:
                return draw.draw(values)
            own = words | st.fixed_dictionaries({"a": st.integers(), "twice": words})
            return draw.draw(FITTING.get(name, words if name in SPELLINGS else own))

        def event() -> str:
            members = [("@timestamp", "2026-11-21T06:24:28.566Z"), ("msg", "m")]
            return written([*members, *((name, usual(name)) for name in shape)], ascii_only)

        splicer = learnt(event(), context(region="eu"))
        for offset in range(3):
            text = event()
            spliced = splicer.splice([text], [offset], but=(), read_text=READ_TEXT)
            (value,) = spliced.values
            if value is not None:
                spliced_events += 1
                assert orjson.loads(value) == normalised(text, context(region="eu"), offset)
                assert value == orjson.dumps(orjson.loads(value)) or b'"a"' not in value
                assert spliced.timestamps == [orjson.loads(value)["@timestamp"]]

    same()
    assert spliced_events > 200


def test_of_a_name_that_an_object_has_twice_the_last_one_counts() -> None:
    text = '{"time":"2026-11-21T06:24:28.566Z","msg":"m","ctx":{"a":1,"b":{"c":1,"c":2},"a":"t"}}'
    (value,) = splice(learnt(text, context()), text)
    assert value is not None
    assert b'"ctx":{"a":"t","b":{"c":2}}' in value


def test_a_shape_is_learnt_however_many_others_came_once() -> None:
    splicer = Splicer(context())
    for number in range(3000):
        splice(splicer, f'{{"time":1795246020,"msg":"m","id{number}":1}}')
    usual = orjson.dumps(USUAL).decode()
    splice(splicer, *[usual] * 20)
    assert splice(splicer, usual) != [None]
