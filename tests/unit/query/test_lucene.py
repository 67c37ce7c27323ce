"""Does a query mean what its writer meant?"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from logboom.query.lucene import parse_query, parse_query_with_notes
from logboom.query.model import (
    And,
    Exists,
    Fuzzy,
    MatchAll,
    Not,
    Or,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)

# 2026-03-11T01:30:15.123456Z
NOW_NS = 1_773_192_615_123_456_789


def parsed(text: str, zone: str = "UTC") -> Query:
    return parse_query(text, now_ns=NOW_NS, zone=ZoneInfo(zone))


def word(value: str) -> Term:
    return Term(None, value)


A, B, C, D = word("a"), word("b"), word("c"), word("d")


def between(field: str, lower: str | None, upper: str | None, *, ends: str = "[]") -> Range:
    return Range(
        field,
        lower,
        upper,
        include_lower=lower is not None and ends[0] == "[",
        include_upper=upper is not None and ends[1] == "]",
    )


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", MatchAll()),
        ("  \t\n", MatchAll()),
        ("*", MatchAll()),
        ("*:*", MatchAll()),
        ("**", MatchAll()),
        ("a", A),
        ("a b", And((A, B))),
        ("a\u3000b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a && b", And((A, B))),
        ("a&&b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a || b", Or((A, B))),
        ("a||b", Or((A, B))),
        ("a||-1d", Or((A, Not(word("1d"))))),
        ("2026-03-11||-1d", Or((word("2026-03-11"), Not(word("1d"))))),
        (
            "status:>=500||-1d",
            Or((between("http.response.status_code", "500", None), Not(word("1d")))),
        ),
        ("k:(-2.5e3 OR 5)", Or((Term("attributes.k", "-2.5e3"), Term("attributes.k", "5")))),
        ("k:(5 NOT -3)", And((Term("attributes.k", "5"), Not(Term("attributes.k", "-3"))))),
        (
            "k:(5 -a -3d)",
            And(
                (
                    Term("attributes.k", "5"),
                    Not(Term("attributes.k", "a")),
                    Not(Term("attributes.k", "3d")),
                )
            ),
        ),
        ("k:(5 -(3))", And((Term("attributes.k", "5"), Not(Term("attributes.k", "3"))))),
        ("user:(-1)", Term("user.id", "-1")),
        ("status:(+200)", Term("http.response.status_code", "200")),
        ("duration:(-3)", Term("event.duration", "-3")),
        ("message:(a -3)", And((Term("message", "a"), Not(Term("message", "3"))))),
        (
            "ip:(10.0.0.0/8 -10.1.2.3)",
            And((Term("client.ip", "10.0.0.0/8"), Not(Term("client.ip", "10.1.2.3")))),
        ),
        (
            "time:(-2026)",
            Not(
                between(
                    "@timestamp", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z", ends="[}"
                )
            ),
        ),
        ("k:a||/d", Or((Term("attributes.k", "a"), word("/d")))),
        ("k:2026-03-11||-1days", Or((Term("attributes.k", "2026-03-11"), Not(word("1days"))))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("a AND b OR c", Or((And((A, B)), C))),
        ("a b OR c d", Or((And((A, B)), And((C, D))))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a(b)c", And((A, B, C))),
        ("((a))", A),
        ("a AND (b AND c)", And((A, B, C))),
        ("a OR (b OR (c OR d))", Or((A, B, C, D))),
        ("NOT a", Not(A)),
        ("! a", Not(A)),
        ("!a", Not(A)),
        ("-a", Not(A)),
        ("+a", A),
        ("+a -b", And((A, Not(B)))),
        ("a NOT b", And((A, Not(B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("a OR NOT b", Or((A, Not(B)))),
        ("NOT a OR b", Or((Not(A), B))),
        ("NOT NOT a", A),
        ("-(-a)", A),
        ("-(a b)", Not(And((A, B)))),
        ("NOT(a)", Not(A)),
        ("* -a", And((MatchAll(), Not(A)))),
        ("android ORDER notary", And((word("android"), word("ORDER"), word("notary")))),
        ("a^2 (b c)^0.5", And((A, B, C))),
        (r"a \-b", And((A, word("-b")))),
    ],
)
def test_operators(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Connection", word("Connection")),
        ("user-id", word("user-id")),
        ("failed!", word("failed!")),
        ("a/b", word("a/b")),
        ("/var/log/app", word("/var/log/app")),
        ("걸린 시간", And((word("걸린"), word("시간")))),
        ('"Connection refused"', Phrase(None, "Connection refused")),
        ('"a b"~3', Phrase(None, "a b", 3)),
        ('"a b"~3^2', Phrase(None, "a b", 3)),
        (r'"say \"a\" \\ b"', Phrase(None, 'say "a" \\ b')),
        ('"a AND (b"', Phrase(None, "a AND (b")),
        ('key="value"', And((word("key="), Phrase(None, "value")))),
        ("conn*", Wildcard(None, "conn*")),
        ("CONN?ct*", Wildcard(None, "conn?ct*")),
        (r"a\*b*", And((A, Wildcard(None, "b*")))),
        ("java.lang.*", word("java lang")),
        ("*.log", word("log")),
        ("conn*-refused", And((Wildcard(None, "conn*"), word("refused")))),
        ("/conn.*/", Regex(None, "conn.*")),
        ("/Conn[A-F]\\d+/", Regex(None, "conn[A-Fa-f][0-9]+")),
        (r"/a\/b/", Regex(None, r"a\/b")),
        ("/(a|b) c/", Regex(None, "(a|b) c")),
        ("conection~", Fuzzy(None, "conection", 2)),
        ("Conection~1", Fuzzy(None, "conection", 1)),
        ("connection~0", word("connection")),
        (r"a\:b", word("a:b")),
        (r"\(a\)", word("(a)")),
        (r"\u0041b", word("Ab")),
        (r"\ud83d\ude00a", word("😀a")),
        (r"C:\\Users", word(r"C:\Users")),
        ("10:15:32", word("10:15:32")),
        ("2024-01-01T00:00:00Z", word("2024-01-01T00:00:00Z")),
        ("http://host:80/path", word("http://host:80/path")),
        ("Pay.java:17", Or((word("Pay.java:17"), Term("attributes.Pay.java", "17")))),
        ("app.py:3", Or((word("app.py:3"), Term("attributes.app.py", "3")))),
        ("a.b.c:4", Or((word("a.b.c:4"), Term("attributes.a.b.c", "4")))),
        ("a OR a.c:4:2", Or((A, word("a.c:4:2"), Term("attributes.a.c", "4:2")))),
        ("-a.c:4", Not(Or((word("a.c:4"), Term("attributes.a.c", "4"))))),
        ("a*.c:4", And((Wildcard(None, "a*"), word("c 4")))),
        ("message:(a.c:4)", Term("message", "a.c:4")),
        ("attributes.a.b.c:4", Term("attributes.a.b.c", "4")),
        ("attributes.10:15:32", Term("attributes.10", "15:32")),
        ("std::vector", word("std::vector")),
        ("::1", word("::1")),
        ("a => b", And((A, B))),
        ('a OR "---" OR b', Or((A, B))),
    ],
)
def test_texts(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("level:error", Term("log.level", "error")),
        ("level: error", Term("log.level", "error")),
        ('level:"ERROR"', Term("log.level", "error")),
        ("level:WARNING", Term("log.level", "warn")),
        ("level:Critical", Term("log.level", "fatal")),
        ("level:SEVERE", Term("log.level", "error")),
        ("level:ERR*", Wildcard("log.level", "err*")),
        ("level:/ERR.*/", Regex("log.level", "err.*")),
        (
            "level:>=warn",
            Or((Term("log.level", "warn"), Term("log.level", "error"), Term("log.level", "fatal"))),
        ),
        ("level:<debug", Term("log.level", "trace")),
        (
            "level:{info TO FATAL]",
            Or((Term("log.level", "warn"), Term("log.level", "error"), Term("log.level", "fatal"))),
        ),
        ("service:Checkout", Term("service.name", "Checkout")),
        ('service:"check out"', Term("service.name", "check out")),
        ('service:"check out"~2', Term("service.name", "check out")),
        ('service:""', Term("service.name", "")),
        (r"service:check\ out", Term("service.name", "check out")),
        ("service:check*", Wildcard("service.name", "check*")),
        (r"service:a\*b*", Wildcard("service.name", r"a\*b*")),
        ("service:/Check.*/", Regex("service.name", "Check.*")),
        ("service:chekout~1", Fuzzy("service.name", "chekout", 1)),
        (
            "service:(checkout OR cart)",
            Or((Term("service.name", "checkout"), Term("service.name", "cart"))),
        ),
        ("service:(a level:error)", And((Term("service.name", "a"), Term("log.level", "error")))),
        ("-service:a", Not(Term("service.name", "a"))),
        ("service:*", Exists("service.name")),
        ("_exists_:trace", Exists("trace.id")),
        ('_exists_:"trace.id"', Exists("trace.id")),
        ("_exists_:k", Exists("attributes.k")),
        ("message:a", Term("message", "a")),
        ("message:(a b)", And((Term("message", "a"), Term("message", "b")))),
        ('message:"a b"', Phrase("message", "a b")),
        ("trace:4bf92f3577b34da6", Term("trace.id", "4bf92f3577b34da6")),
        ("path:/api/v1/x", Term("url.path", "/api/v1/x")),
        ("path:/api/*", Wildcard("url.path", "/api/*")),
        ("path:/api", Term("url.path", "/api")),
        ('path:"/api/"', Term("url.path", "/api/")),
        (r"path:/\/api\/.*/", Regex("url.path", r"\/api\/.*")),
        ("url.original:http://a/b:80", Term("url.original", "http://a/b:80")),
        ("logger:com.acme.Foo:12", Term("log.logger", "com.acme.Foo:12")),
        ("k:5", Term("attributes.k", "5")),
        ("attributes.k:5", Term("attributes.k", "5")),
        (r"my\ key:5", Term("attributes.my key", "5")),
        (r"a\:b:5", Term("attributes.a:b", "5")),
        ("app.py:x", Term("attributes.app.py", "x")),
        ("k:a:b", Term("attributes.k", "a:b")),
        ("k:-5", Term("attributes.k", "-5")),
        ("k:(-5)", Term("attributes.k", "-5")),
        ("id:0123", Term("event.id", "0123")),
    ],
)
def test_fields(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("status:500", Term("http.response.status_code", "500")),
        ("status:5e2", Term("http.response.status_code", "500")),
        ('status:"500"', Term("http.response.status_code", "500")),
        ("status:>=500", between("http.response.status_code", "500", None)),
        ("status:>= 500", between("http.response.status_code", "500", None)),
        ("status:>500", between("http.response.status_code", "501", None)),
        ("status:<500", between("http.response.status_code", None, "499")),
        ("status:[500 TO 599]", between("http.response.status_code", "500", "599")),
        ("status:{500 TO 599}", between("http.response.status_code", "501", "598")),
        ("status:{499.5 TO *]", between("http.response.status_code", "500", None)),
        (
            "status:(>=500 AND <600)",
            And(
                (
                    between("http.response.status_code", "500", None),
                    between("http.response.status_code", None, "599"),
                )
            ),
        ),
        ("status:[* TO *]", Exists("http.response.status_code")),
        ("log.offset:>-5", between("log.offset", "-4", None)),
        ("duration:>=1.5s", between("event.duration", "1500000000", None)),
        ("duration:>=1h30m", between("event.duration", "5400000000000", None)),
        ('duration:"1m 30.5s"', Term("event.duration", "90500000000")),
        ("duration:<20ms", between("event.duration", None, "19999999")),
        ("duration:250", Term("event.duration", "250")),
        ("k:[1 TO 5}", between("attributes.k", "1", "5", ends="[}")),
        ("k:>1.5", between("attributes.k", "1.5", None, ends="{}")),
        ("k:[a TO b]", between("attributes.k", "a", "b")),
        ('k:["a b" TO *}', between("attributes.k", "a b", None)),
        ("service:[a TO c}", between("service.name", "a", "c", ends="[}")),
        ("message:[Alpha TO Beta]", between("message", "alpha", "beta")),
        ("ip:10.1.2.3", Term("client.ip", "10.1.2.3")),
        ("ip:10.0.0.0/8", Term("client.ip", "10.0.0.0/8")),
        ("ip:10.1.2.3/8", Term("client.ip", "10.0.0.0/8")),
        ("ip:::1", Term("client.ip", "::1")),
        ("ip:FE80::0001", Term("client.ip", "fe80::1")),
        ('ip:"fe80::/10"', Term("client.ip", "fe80::/10")),
        ("ip:(::1 OR fe80::1)", Or((Term("client.ip", "::1"), Term("client.ip", "fe80::1")))),
        ("ip:::ffff:10.1.2.3", Term("client.ip", "10.1.2.3")),
        ("ip:[10.0.0.1 TO 10.0.0.9}", between("client.ip", "10.0.0.1", "10.0.0.9", ends="[}")),
    ],
)
def test_values_of_types(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "lower", "upper"),
    [
        ("time:2024-01-31", "2024-01-30T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("time:2024-01-31T10:15:30Z", "2024-01-31T10:15:30.000Z", "2024-01-31T10:15:31.000Z"),
        ('time:"2024-01-31 10:15"', "2024-01-31T01:15:00.000Z", "2024-01-31T01:16:00.000Z"),
        ("time:[2024-01-01 TO 2024-01-31]", "2023-12-31T15:00:00.000Z", "2024-01-31T15:00:00.000Z"),
        ("time:{2024-01-01 TO 2024-01-31}", "2024-01-01T15:00:00.000Z", "2024-01-30T15:00:00.000Z"),
        ("time:>2024-01-31", "2024-01-31T15:00:00.000Z", None),
        ("time:>=2024-01-31", "2024-01-30T15:00:00.000Z", None),
        ("time:<2024-01-31", None, "2024-01-30T15:00:00.000Z"),
        ("time:<=2024-01-31", None, "2024-01-31T15:00:00.000Z"),
        ("time:[now-1d/d TO now/d}", "2026-03-09T15:00:00.000Z", "2026-03-10T15:00:00.000Z"),
        ("time:>=now-1h", "2026-03-11T00:30:15.123456Z", None),
        ("time:>now-1h", "2026-03-11T00:30:15.123457Z", None),
        ("time:<=now", None, "2026-03-11T01:30:15.123457Z"),
        ("time:<now", None, "2026-03-11T01:30:15.123456Z"),
        ("time:[2024-01-01||/M TO *]", "2023-12-31T15:00:00.000Z", None),
        ("time:>=1706713200", "2024-01-31T15:00:00.000Z", None),
        ("time:yesterday", "2026-03-09T15:00:00.000Z", "2026-03-10T15:00:00.000Z"),
        ('time:>="어제 오후 3시"', "2026-03-10T06:00:00.000Z", None),
        ("event.created:>=2024", "2023-12-31T15:00:00.000Z", None),
    ],
)
def test_times_are_read_in_the_callers_zone(
    text: str, lower: str | None, upper: str | None
) -> None:
    query = parsed(text, "Asia/Seoul")
    assert isinstance(query, Range)
    field = "event.created" if text.startswith("event") else "@timestamp"
    assert query == between(field, lower, upper, ends="[}")


def test_an_object_exists_when_any_of_its_fields_does() -> None:
    query = parsed("_exists_:log.file")
    assert query == Or((Exists("log.file.path"), Exists("attributes.log.file")))


@pytest.mark.parametrize(
    ("text", "or_means", "and_means"),
    [
        ("a b", "a OR b", "a AND b"),
        ("a b -c", "(a OR b) AND NOT c", "a AND b AND NOT c"),
        ("+a b", "a", "a AND b"),
        ("+a -b c", "a AND NOT b", "a AND c AND NOT b"),
        ("a AND b c", "a AND b", "a AND b AND c"),
        ("a OR b c", "a OR b OR c", "c"),
        ("a OR b AND c", "b AND c", "b AND c"),
        ("a AND b OR c", "a AND b", "a"),
        ("a b AND c", "b AND c", "a AND b AND c"),
        ("-a", "NOT a", "NOT a"),
        ("a AND NOT b", "a AND NOT b", "a AND NOT b"),
        ("NOT a OR b c", "(b OR c) AND NOT a", "c AND NOT a"),
        ("+a OR b", "a", "a OR b"),
        ("(NOT a) b", "NOT a OR b", "NOT a AND b"),
        ("level:(error warn) -a", "level:(error OR warn) AND NOT a",
         "level:(error AND warn) AND NOT a"),
        ("a (b AND c) d", "a OR (b AND c) OR d", "a AND b AND c AND d"),
        ("|- AND a", "a", "a"),
    ],
)  # fmt: skip
def test_clauses_may_be_joined_as_lucenes_classic_parser_does(
    text: str, or_means: str, and_means: str
) -> None:
    assert parse_query(text, now_ns=0, classic="OR") == parse_query(or_means, now_ns=0)
    assert parse_query(text, now_ns=0, classic="AND") == parse_query(and_means, now_ns=0)


@pytest.mark.parametrize(
    "text",
    [
        "time:{2026-03-11 TO 2026-03-11]", "time:{2026-03-11 TO 2026-03-11}", "time:[now TO now}",
        "time:{2026-03-10 TO 2026-03-11}", "time:{2026-03 TO 2026-03-11]", "k:[5 TO 5}",
        "k:{5 TO 5.0]", "status:{5 TO 6}", "status:{5 TO 5}", "service:{a TO a]",
        "ip:{10.0.0.1 TO 10.0.0.1]", "message:[a TO A}", "level:>fatal", "level:<trace",
        "level:{error TO error}", "level:{warn TO error}", "duration:{1ms TO 1ms]",
    ],
)  # fmt: skip
def test_a_range_without_anything_between_its_ends_finds_nothing(text: str) -> None:
    reading = parse_query_with_notes(text, now_ns=NOW_NS)
    assert reading.query == Not(MatchAll())
    assert [note.position for note in reading.notes] == [text.index(":") + 1]
    assert parsed(f"NOT {text}") == MatchAll()
