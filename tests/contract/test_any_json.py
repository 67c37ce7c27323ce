"""Every store keeps whatever JSON an application sends, and finds it again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from logboom.bounds import bounded_attributes, readable
from logboom.event import Event, decode_json
from logboom.query.model import And, MatchAll, Query, Term
from logboom.store import (
    Count,
    Document,
    Outcome,
    SearchRequest,
    Store,
    StoreWriter,
    TimeRange,
)
from logboom.store.elastic.reducing import REDUCED
from tests.contract.stores import DAY, document

EVENTS = 400
LEAVES = 150
GOT = 20
LONGEST_KEYWORD = 8191

ODD_KEYS = [
    ".", "..", "a.", ".a", "a..b", " ", "a b", "\u0000", "\u202e", "*", "_id", "_source", "@timestamp",
    "k" * 2000, "ключ", "🌲", "a", "a.b", "a.b.c", "\\", '"', "{", "null", "length", "\n",
]  # fmt: skip
BLANK = ["  ", "\t\n", "\u3000", "\x1f", "\u2028", " . ", "a. "]
PLAIN_KEYS = st.sampled_from(["a", "b", "c", "size", "user_id", "a.b", "tags", "Name"])
ANY_KEYS = PLAIN_KEYS | st.sampled_from(ODD_KEYS) | st.text(max_size=8)
LEAF = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.integers(-9, 9)
    | st.integers(-(10**9), 10**9).map(lambda number: number / 1000) | st.text(max_size=12)
    | st.sampled_from(["", "x" * 40_000, "2026-03-14T09:00:00Z", "12", "true", "\u0000", "10.0.0.1"])
)  # fmt: skip
BEYOND = (
    LEAF
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**64, -(2**70), 10**400, "\ud800 alone", "ok\udfff"])
)
OWN = st.sampled_from(
    ["log", "service", "host", "http", "error", "url", "client", "process", "tags", "trace", "user", "more"]
)  # fmt: skip


def nested(keys: st.SearchStrategy[str], leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any JSON of such keys and leaves."""
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    )


def drawn(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """Many examples at once: a request for each of them would take hours."""
    found: list[Any] = []

    @settings(
        max_examples=number, phases=[Phase.generate], database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


ORDINARY = st.dictionaries(PLAIN_KEYS, nested(PLAIN_KEYS, LEAF), max_size=4)
ODD = st.dictionaries(ANY_KEYS, nested(ANY_KEYS, BEYOND), max_size=4)
OVERLAID = st.dictionaries(OWN, nested(ANY_KEYS, LEAF), max_size=2)


def with_fields(number: int, fields: Event) -> Document:
    """An event with such fields, which keeps its id and its source."""
    plain = document(number)
    event = plain.event
    kept = {name: event[name] for name in ("event", "@timestamp", "message")}
    return Document.of(plain.id, DAY, {**event, **fields, **kept})


async def put_all(store: Store, writer: StoreWriter, documents: Sequence[Document]) -> None:
    answers = await writer.write(documents)
    refused = [
        pair for pair in zip(documents, answers, strict=True) if pair[1] is not Outcome.STORED
    ]
    assert not refused, f"{len(refused)} refused, the first of them {refused[0]}"
    await store.refresh()


async def assert_kept(store: Store, documents: Sequence[Document]) -> int:
    """All are there; how many of them in a reduced form, with all they had as a text."""
    page = await store.search(SearchRequest(MatchAll(), limit=2 * len(documents)))
    assert page.total == Count(len(documents))
    found = {event["event"]["id"]: event for event in page.events}
    assert len(found) == len(documents)
    for one in documents[:: len(documents) // GOT]:
        assert await store.get(one.id) == found[one.id]
    changed = [one for one in documents if found[one.id] != one.event]
    for one in changed:
        event = found[one.id]
        assert event["tags"][-1] == REDUCED
        assert event["attributes"][REDUCED]["reason"]
        assert decode_json(b" " + event["event"]["original"].encode()) == one.event
        assert event["message"] == one.event["message"]
    return len(changed)


def leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Values that a search must find, by their field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif isinstance(value, str) and len(value) <= LONGEST_KEYWORD and value.isprintable():
        yield path, value
    elif isinstance(value, int | float) and abs(value) < 2**53 and math.isfinite(value):
        yield path, orjson.dumps(value).decode()


async def test_whatever_an_application_sends_is_stored_and_found(
    store: Store, writer: StoreWriter
) -> None:
    sent = drawn(ORDINARY, EVENTS)
    documents = [with_fields(100 * n, {"attributes": one}) for n, one in enumerate(sent)]
    await put_all(store, writer, documents)
    assert await assert_kept(store, documents) == 0
    wanted = [
        (one.id, path, value)
        for one in documents
        for path, value in leaves(one.event["attributes"], "attributes")
    ]
    step = max(1, len(wanted) // LEAVES)
    for name, path, value in wanted[::step]:
        query: Query = And((Term("event.id", name), Term(path, value)))
        assert (await store.count(query, TimeRange())).value == 1, (name, path, value)


async def test_odd_keys_and_values_are_kept(store: Store, writer: StoreWriter) -> None:
    sent = [
        *({key: "x"} for key in [*ODD_KEYS, ""]),
        *({"in": {key: 1}} for key in [*ODD_KEYS, ""]),
        *drawn(ODD, EVENTS),
    ]
    documents = [with_fields(100 * n, {"attributes": one}) for n, one in enumerate(sent)]
    await put_all(store, writer, documents)
    await assert_kept(store, documents)
    assert (await store.count(Term("message", "event"), TimeRange())).value == len(documents)


async def test_own_fields_of_any_type_are_kept(store: Store, writer: StoreWriter) -> None:
    documents = [with_fields(100 * n, one) for n, one in enumerate(drawn(OVERLAID, EVENTS))]
    await put_all(store, writer, documents)
    await assert_kept(store, documents)
    assert (await store.count(Term("message", "event"), TimeRange())).value == len(documents)


async def test_no_name_of_an_attribute_keeps_the_others_from_being_found(
    store: Store, writer: StoreWriter
) -> None:
    sent = [
        *({key: "x", "beside": 5} for key in [*ODD_KEYS, *BLANK, ""]),
        *({"in": {key: "x"}, "beside": 5} for key in [*ODD_KEYS, *BLANK, ""]),
        *drawn(ODD, EVENTS),
    ]
    bounded = [readable(bounded_attributes(one).attributes) for one in sent]
    documents = [with_fields(100 * n, {"attributes": one}) for n, one in enumerate(bounded)]
    await put_all(store, writer, documents)
    assert await assert_kept(store, documents) == 0
    wanted = [
        (one.id, path, value)
        for one in documents
        for path, value in leaves(one.event["attributes"], "attributes")
    ]
    for name, path, value in wanted[: 4 * len(ODD_KEYS)] + wanted[:: len(wanted) // LEAVES]:
        query: Query = And((Term("event.id", name), Term(path, value)))
        assert (await store.count(query, TimeRange())).value == 1, (name, path, value)


def is_told_apart(number: float) -> bool:
    """False for whole ones that the embedded store's index may take for their neighbours."""
    return not 2**52 <= abs(number) <= 2**63


async def test_a_number_of_any_size_is_found_by_its_own_digits(
    store: Store, writer: StoreWriter
) -> None:
    finite = st.floats(allow_nan=False, allow_infinity=False).filter(is_told_apart)
    small = st.floats(-1e-290, 1e-290)
    few = st.tuples(st.integers(1, 999), st.integers(-323, 300)).map(
        lambda one: float(f"{one[0]}e{one[1]}")
    )
    numbers = [
        4147514260872538.0, 1700000000000001.0, -2.009795974315888e-306, 1.1125369292536007e-308, 5e-324, 1.234567e-315, -1.7976931348623157e308,
        *drawn(finite, EVENTS // 2), *drawn(small, EVENTS // 2), *drawn(few, EVENTS // 2),
    ]  # fmt: skip
    documents = [with_fields(100 * n, {"attributes": {"x": x}}) for n, x in enumerate(numbers)]
    await put_all(store, writer, documents)
    for one, number in zip(documents, numbers, strict=True):
        query = And((Term("event.id", one.id), Term("attributes.x", repr(number))))
        assert (await store.count(query, TimeRange())).value == 1, number
