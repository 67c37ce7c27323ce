"""Does an event match where it should, and nowhere else?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.query.lucene import parse_query
from logboom.query.memory import compile_query
from logboom.query.model import (
    Exists,
    Fuzzy,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)
from tests.unit.query import oracle
from tests.unit.query.drawing import patterns, queries, regexps

NOW_NS = 1_773_192_615_123_456_789

EVENT: dict[str, Any] = {
    "@timestamp": "2026-03-11T01:30:15.123Z",
    "message": "Connection to payment-service refused: user-id=42 결제 오류가 발생 ÉCOLE",
    "log": {"level": "error", "logger": "com.acme.Pay", "offset": 1000},
    "service": {"name": "checkout"},
    "error": {
        "type": "java.net.ConnectException",
        "message": "refused",
        "stack_trace": "at com.acme.Pay.run(Pay.java:17)",
    },
    "http": {"response": {"status_code": 503}},
    "url": {"path": "/api/v1/pay"},
    "client": {"ip": "10.1.2.3"},
    "tags": ["slow", "eu"],
    "attributes": {
        "n": 5,
        "f": 1.5,
        "s": "five",
        "digits": "7",
        "ok": True,
        "none": None,
        "empty": [],
        "a.b": "dotted",
        "a": {"c": "nested", "b.d": 1},
        "list": [1, "x", [2, {"deep": "y"}]],
        "items": [{"sku": "p1", "n": 1}, {"sku": "p2", "n": 2}],
        "level": "own",
    },
}


def found(text: str, event: dict[str, Any] = EVENT) -> bool:
    return compile_query(parse_query(text, now_ns=NOW_NS))(event)


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "connection", "CONNECTION", "refused", "école", "결제", "오류가", "payment-service",
        "service.payment OR payment.service", '"connection to payment"', '"to refused"~2', "42",
        "user-id=42", "pay.java:17", "ConnectException OR run", "connection refused",
        "오류", "류", '"결제 오류"', '"오류 발생"', '"결제 발생"~1',
        "conn*", "*tion", "c?nnection", "오류*", "/conn.*/", "/(refused|accepted)/", "conection~1",
        "ocnnection~1", "connexxion~", "message:connection", 'message:"payment service refused"',
        "error.stack_trace:acme", "-absent", "NOT (absent OR missing)", "absent OR connection",
        "level:ERROR", "level:>=warn", "level:err*", "service:checkout", "service:/check.*/",
        "service:chekout~1", "service:(cart OR checkout)", "service:[checkout TO checkouu}",
        "logger:com.acme.*", "error:java.net.ConnectException", "path:/api/v1/pay", "path:/api/*",
        "status:503", "status:>=500", "status:[500 TO 599]", "status:{502 TO 504}", "log.offset:<1001",
        "ip:10.1.2.3", "ip:10.0.0.0/8", "ip:::/0", "ip:::ffff:10.1.2.3", "ip:[10.1.2.0 TO 10.1.2.3]",
        "ip:>10.0.255.255", "time:2026-03-11", "time:2026-03-11T01:30:15", "time:<now",
        "time:>=now-1m", "tag:slow", "tag:eu", "tags:(slow AND eu)",
        "n:5", "n:5.0", "n:>4", "n:[5 TO 5]", "f:1.5", "f:<2", "s:five", "s:fi*", "s:/f.*/", "s:fvie~1",
        "s:[a TO g]", "digits:7", "ok:true", "attributes.n:5", "attributes.a.b:dotted", "a.b:dotted",
        "a.c:nested", "a.b.d:1", "list:1", "list:x", "list:2", "list.deep:y", "items.sku:p2",
        "items.n:>1", "attributes.level:own", "n:*", "_exists_:a", "_exists_:a.b", "_exists_:a.b.d",
        "_exists_:message", "_exists_:error", "_exists_:http", "list:*", "items:*", "a:*", "attributes.a:*",
        "-_exists_:none", "-empty:*", "message:[connecting TO connections]",
    ],
)  # fmt: skip
def test_it_matches(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "-*", "absent", "connect", "connectio?n", "류오", "/오류/", '"to connection"', '"to refused"~1', '"refused to"~9',
        "service_payment_absent", "/conn/", "connexxxion~", "connection absent", "-connection",
        "message:acme", "error.message:connection", "level:warn", "level:<error", "service:Checkout",
        "service:check", "service:CHECK*", "logger:pay", "path:/api", "status:500", "status:>503",
        "log.offset:>1000", "ip:10.1.2.4", "ip:11.0.0.0/8", "ip:::/64 -ip:10.0.0.0/8", "ip:>10.1.2.3",
        "time:2026-03-12", "time:>now", "time:<2026-03-11", "tag:fast", "n:6", "n:<5", "n:five",
        "s:5", "s:Five", "s:>5", "s:fi", "digits:>5", "ok:false", "ok:1", "n:true", "list:3", "deep:y",
        "items:p1", "items.sku:(p1 -p2)", "level:info", "none:*", "empty:*", "a.x:*", "trace:*",
        "attributes.message:*", "message:[a TO b]", "n:[a TO z]", "n:f*",
    ],
)  # fmt: skip
def test_it_does_not_match(text: str) -> None:
    assert not found(text)


def test_values_in_odd_places_do_not_raise() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"message": 5, "log": "text", "service": ["a", {"name": "b"}], "attributes": "none"},
        {"message": ["a b", None, "c"], "client": {"ip": "not an ip"}, "@timestamp": "yesterday"},
        {"message": {"a": 1}, "http": {"response": {"status_code": "503"}}, "log": {"level": 3}},
    ]
    for text in (
        "connection",
        "level:error",
        "status:>=500",
        "ip:10.0.0.0/8",
        "time:<now",
        "k:1",
        "k:*",
    ):
        matcher = compile_query(parse_query(text, now_ns=NOW_NS))
        assert [matcher(event) for event in odd] == [
            False, False, False, text == "status:>=500"
        ]  # fmt: skip
    assert found("service:b", odd[1])
    assert found('"a b"', odd[2])
    assert not found('"b c"', odd[2])
    assert found("message:5", odd[1])
    assert found("message:*", odd[1])


def test_many_threads_may_share_a_matcher() -> None:
    matcher = compile_query(parse_query("/(a|b)*c[0-9]{1,3}/", now_ns=NOW_NS))
    texts = [f"{'ab' * (n % 7)}c{n}" for n in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda text: matcher({"message": text}), texts))
    assert outcomes == [n < 1000 for n in range(2000)]


_TEXT = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "ab",
            "aab",
            "ba",
            "가나",
            "a가나b",
            "검색어",
            "ab12c가",
            "\uff41\uff42",
            "a\u0308",
            "\u1102\u1161",
        ]
    ),
    max_size=5,
).map(" ".join)
_VALUES = st.sampled_from(["a", "b", "ab", "aab", "A", "5", "-1", "true", "", "a b", "ä"])
_SCALARS = _VALUES | st.sampled_from([5, 5.0, -1, 0, 1.5, True, False, None])
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["k", "key", "a", "a.b", "b"]),
    st.recursive(
        _SCALARS,
        lambda one: (
            st.lists(one, max_size=2)
            | st.dictionaries(st.sampled_from(["b", "k"]), one, max_size=2)
        ),
        max_leaves=3,
    ),
    max_size=3,
)
_EVENTS = st.fixed_dictionaries(
    {"message": _TEXT},
    optional={
        "@timestamp": st.sampled_from(
            ["2026-03-11T00:00:00.000Z", "2026-03-11T00:00:00.000001Z", "2026-03-12T00:00:00.5Z"]
        ),
        "error": st.fixed_dictionaries({"message": _TEXT}, optional={"type": _VALUES}),
        "service": st.fixed_dictionaries({"name": _VALUES}),
        "tags": st.lists(_VALUES, max_size=3),
        "process": st.fixed_dictionaries({"pid": st.integers(-2, 6)}),
        "client": st.fixed_dictionaries({"ip": st.sampled_from(["10.0.0.1", "10.0.1.0", "::1"])}),
        "attributes": _ATTRIBUTES,
    },
)
_FIELDS = st.sampled_from(
    [None, "message", "error.message", "service.name", "tags", "attributes.k", "attributes.a.b", "attributes.a"]
)  # fmt: skip
_NAMED = _FIELDS.filter(lambda name: name is not None)
_WORDS = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "ba",
        "a b",
        "가나",
        "5",
        "true",
        "나",
        "a가",
        "검색",
        "가 a",
        "나 검색",
        "a 가",
        "\uff21",
        "ä",
        "b a\u0308",
        "\u1102\u1161",
    ]
)
_ENDS = st.none() | st.sampled_from(["a", "ab", "b", "5", "-1", "1.5"])
_DATES = st.none() | st.sampled_from(["2026-03-11T00:00:00.000Z", "2026-03-12T00:00:00.000Z"])
_LEAVES = st.one_of(
    st.builds(Term, _FIELDS, _WORDS),
    st.builds(Phrase, _FIELDS, _WORDS, st.integers(0, 2)),
    st.builds(Wildcard, _FIELDS, patterns(st.sampled_from(["a", "b"]))),
    st.builds(Regex, _FIELDS, regexps()),
    st.builds(Fuzzy, _FIELDS, st.sampled_from(["a", "ab", "ba", "aab", "abab"]), st.integers(0, 2)),
    st.builds(Exists, _NAMED),
    st.builds(Range, _NAMED, _ENDS, _ENDS, st.booleans(), st.booleans()),
    st.builds(Range, st.just("@timestamp"), _DATES, _DATES, st.booleans(), st.booleans()),
    st.builds(Term, st.just("process.pid"), st.integers(-2, 6).map(str)),
    st.builds(Term, st.just("client.ip"), st.sampled_from(["10.0.0.1", "10.0.0.0/24", "::/64"])),
)


def agree(query: Query, events: list[dict[str, Any]]) -> None:
    matcher = compile_query(query)
    assert [matcher(event) for event in events] == [oracle.matches(query, e) for e in events]


@given(_LEAVES, st.lists(_EVENTS, min_size=6, max_size=9))
@settings(max_examples=150)
def test_each_leaf_agrees_with_the_plainest_evaluator(
    query: Query, events: list[dict[str, Any]]
) -> None:
    agree(query, events)


@given(queries(_LEAVES), st.lists(_EVENTS, min_size=1, max_size=5))
@settings(max_examples=80)
def test_joined_leaves_agree_with_the_plainest_evaluator(
    query: Query, events: list[dict[str, Any]]
) -> None:
    agree(query, events)
