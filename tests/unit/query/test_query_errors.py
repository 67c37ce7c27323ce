"""Does a text that is no query say where it goes wrong, and what to write instead?"""

from __future__ import annotations

import re
import sys
import threading
import time
from contextlib import suppress

import pytest

from logboom.errors import QueryError
from logboom.query.costs import MAX_FUZZY, MAX_FUZZY_WORD, MAX_PATTERNS
from logboom.query.leaves import MAX_TIMES
from logboom.query.lucene import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_LENGTH,
    parse_query,
    parse_query_with_notes,
)
from logboom.query.model import Term

NOW_NS = 1_773_192_615_123_456_789


def problem(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(text, now_ns=NOW_NS)
    return caught.value


@pytest.mark.parametrize(
    ("text", "position", "what", "suggestion"),
    [
        # pairs
        ("(a", 0, "never closed", "add a )"),
        ("a (b (c)", 2, "never closed", "add a )"),
        ("a)", 1, "closes nothing", "remove it"),
        ("a () b", 2, "nothing between", "remove"),
        ("service:()", 8, "nothing between", "remove"),
        ('"a b', 0, "never closed", 'add a "'),
        ('a service:"b', 10, "never closed", 'add a "'),
        ("“a b”", 0, "typographic", "straight"),
        ("status:[1 TO 5", 7, "not complete", "[from TO to]"),
        ("status:[1 5]", 7, "not complete", "[from TO to]"),
        ("status:[1 to 5]", 7, "not complete", "upper-case TO"),
        ("status:[1,5]", 7, "not complete", "[from TO to]"),
        ("status:[TO 5]", 7, "not complete", "* for an open end"),
        ("time:[2024-01-01 10:00 TO now]", 5, "not complete", '""'),
        # operators
        ("AND a", 0, "nothing to its left", '"AND"'),
        ("a OR", 2, "nothing to its right", '"OR"'),
        ("a &&", 2, "nothing to its right", '"&&"'),
        ("(a AND) b", 3, "nothing to its right", '"AND"'),
        ("a AND OR b", 6, "AND is followed by OR", '"OR"'),
        ("a OR OR b", 5, "OR is followed by OR", '"OR"'),
        ("NOT", 0, "nothing to its right", '"NOT"'),
        ("a NOT", 2, "nothing to its right", '"NOT"'),
        ("NOT AND a", 0, "nothing to its right", '"NOT"'),
        ("(NOT) a", 1, "nothing to its right", '"NOT"'),
        ("a - b", 2, "right after it", '"-"'),
        ("--verbose", 0, "right after it", '"--verbose"'),
        ("a +", 2, "right after it", '"+"'),
        ("+a OR b", 0, "need not", "+a +(b OR c)"),
        ("a^b", 1, "takes a number", "\\^"),
        ("a^", 1, "takes a number", "\\^"),
        ("(a b)~2", 5, "belongs to a word or a phrase", "leave it out"),
        ("status:>5~1", 9, "belongs to a word", "leave it out"),
        # fields
        ("level:", 5, "has no value", "level:*"),
        ("level: ", 5, "has no value", "level:*"),
        ("(level:) a", 6, "has no value", "level:*"),
        ("level: AND a", 5, "has no value", "level:*"),
        ("level:OR", 5, "has no value", "level:*"),
        (":a", 0, "cannot stand here", '":a"'),
        ('"my field":a', 10, "cannot stand here", "my\\ field:"),
        ("attr*:a", 0, "many fields", "one field"),
        ("*:a", 0, "only before *", "leave *: out"),
        ("_exists_:", 8, "has no value", ""),
        ("_exists_:a*", 11, "ends too early", "_exists_:trace.id"),
        ("ip::1", 3, "second colon", '"ip::1"'),
        ("service:-a", 8, "before a value", "-service:a"),
        ("service:+a", 8, "before a value", "service:a"),
        ("level:!=error", 6, "before a value", "-level:error"),
        (">5", 0, "needs a field", "status:>=500"),
        ("[a TO b]", 0, "needs a field", '"[a"'),
        ("a[0]", 1, "needs a field", '"a[0]"'),
        ('{"a":1}', 0, "needs a field", '"{\\"a\\":1}"'),
        ("status:>", 7, "nothing to its right", "status:>5"),
        # values
        ("status:abc", 7, "is a number", "status:5"),
        ("status:5xx", 7, "is a number", "status:[500 TO 599]"),
        ("status:4*", 7, "is a number", "status:[400 TO 499]"),
        ("status:50?", 7, "is a number", "status:[500 TO 509]"),
        ("status:=200", 7, "is a number", "status:200"),
        ("status:200.5", 7, "whole number", "status:[200 TO 201]"),
        ("status:/5.*/", 7, "is a number", "status:5"),
        ("status:500~1", 7, "is a number", "status:5"),
        ("status:1_000", 7, "is a number", "status:5"),
        ("status:>9999999999999999999", 8, "lies between", "*"),
        ("status:[5 TO 1]", 7, "nothing lies in this range", "swap"),
        ("time:[2024-02 TO 2024-01]", 5, "nothing lies in this range", "swap"),
        ("ip:[10.0.0.9 TO 10.0.0.1]", 3, "nothing lies in this range", "swap"),
        ("k:[10 TO 9]", 2, "nothing lies in this range", "swap"),
        ("service:[b TO a]", 8, "nothing lies in this range", "swap"),
        ("status:[a TO 5]", 8, "is a number", "status:5"),
        ("ip:10.1.2", 3, "IP address", "10.0.0.0/8"),
        ("ip:10.1.2.300", 3, "IP address", "10.0.0.0/8"),
        ("ip:10.1.*", 3, "IP address", "ip:10.1.0.0/16"),
        ("ip:fe80::1%eth0", 3, "IP address", "10.0.0.0/8"),
        ("ip:>10.0.0.0/8", 4, "is a network", "ip:10.0.0.0/8"),
        ("time:foo", 5, "is not a time", "2024-01-31"),
        ("time:2024-01-*", 5, "is a time", "time:2024-01"),
        ("time:>=2024-13-01", 7, "is not a time", "2024-01-31"),
        ("k:>now-1h", 3, "not as a time", "2026-03-11"),
        ("k:>=2026-03-11||-1d/d", 4, "not as a time", "2026-03-11"),
        ("service:(a OR 2026-03-11||/d)", 14, "not as a time", "2026-03-11"),
        ("time:yesterday||-1d", 5, "is not a time", "2024-01-31"),
        ("time:>=now||-1d", 7, "is not a time", "2024-01-31"),
        ("level:foo", 6, "no level", "trace debug info warn error fatal"),
        ("level:foo", 6, "no level", "attributes.level"),
        ("level:error,warn", 6, "no level", "level:(error OR warn)"),
        ("service !~ web", 9, "cannot stand here", "write -service:/…/"),
        ("level : error", 6, "cannot stand here", "level:…"),
        ("level :error", 6, "cannot stand here", "level:…"),
        ('{service="web"} |= "x"', 0, "needs a field", "write service:web"),
        ('{app!="a b"}', 0, "needs a field", 'write -app:"a b"'),
        ("status:500,503", 7, "is none", "write status:(500 OR 503)"),
        ("status:500|503|504", 7, "is none", "write status:(500 OR 503 OR 504)"),
        ("status:500..599", 7, "is none", "write status:[500 TO 599]"),
        ("status:500-599", 7, "is none", "write status:[500 TO 599]"),
        ("level:=error", 6, "no level", "level:error"),
        ("level:[error TO warn]", 6, "no level lies", "ascending"),
        ("message:[a-b TO c]", 9, "from word to word", "one word"),
        # words
        ("---", 0, "right after it", '"---"'),
        ('"---"', 0, "no letters or digits", "by words"),
        ("a~3", 1, "distance of 0, 1 or 2", "~1"),
        ("a*~1", 2, "distance of 0, 1 or 2", "~1"),
        ("user-id~1", 0, "is for one word", "user~1 id~1"),
        ('"a b"~x', 5, "how many moves", "~2"),
        ('"a b"~1001', 5, "how many moves", "~2"),
        ("~a", 0, "cannot stand here", '"~a"'),
        ("a\\", 1, "escapes nothing", '"a\\\\"'),
        (r"C:\Users", 2, "means nothing", r"\\U"),
        (r'"C:\Users"', 3, "means nothing", r"\\U"),
        (r"\ud83d", 0, "half of a character", "itself"),
        ("a \ud800", 2, "half of a character", "whole"),
        # regular expressions
        ("/a(b/", 2, "never closed", "\\("),
        ("/a[b/", 2, "never closed", "\\["),
        ("/a)/", 2, "closes nothing", "\\)"),
        ("/*a/", 1, "repeats nothing", "\\*"),
        ("/a**/", 3, "cannot be repeated", "group"),
        ("/a+?/", 3, "cannot be repeated", "group"),
        ("/a|/", 3, "nothing here", "?"),
        ("/^abc$/", 1, "whole word", "write /abc/"),
        ("/^abc/", 1, "whole word", "write /abc.*/"),
        ("/abc$/", 4, "whole word", "write /.*abc/"),
        ("/(?i)abc/", 2, "not known here", "plain group"),
        (r"/\babc/", 1, "escaped punctuation", "a backslash before it"),
        ("/a{3,1}/", 2, "from less to more", "{1,3}"),
        ("/a{x}/", 2, "begins a repetition", "\\{"),
        ("/a~b/", 2, "no plain character", "\\~"),
        ("/a@b/", 2, "no plain character", "\\@"),
        ("b OR service:/(a{100}){100}/", 14, "too many", "* or +"),
        ("path:/api/v1/.*", 5, "begins like a regular expression", "\\/"),
    ],
)
def test_an_error_has_its_place_and_its_mending(
    text: str, position: int, what: str, suggestion: str
) -> None:
    error = problem(text)
    assert what in error.what
    assert error.position == position
    assert suggestion in str(error.suggestion)
    assert error.suggestion
    assert f"character {position + 1}" in str(error)


def test_the_length_is_limited() -> None:
    assert parse_query("a" * MAX_LENGTH, now_ns=NOW_NS)
    error = problem("a" * (MAX_LENGTH + 1))
    assert "10000 is the limit" in error.what
    assert error.position == MAX_LENGTH


def test_the_depth_is_limited() -> None:
    text = "(a OR (b " * (MAX_DEPTH // 2) + "c" + "))" * (MAX_DEPTH // 2)
    assert parse_query(text, now_ns=NOW_NS)
    assert "100 deep" in problem("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1)).what
    assert "100 deep" in problem("(" * (MAX_LENGTH - 1)).what


def test_the_clauses_are_limited() -> None:
    assert parse_query("a " * MAX_CLAUSES, now_ns=NOW_NS)
    assert "1000 clauses" in problem("a " * (MAX_CLAUSES + 1)).what


def test_the_times_are_limited() -> None:
    assert parse_query("time:2024 " * 1000, now_ns=NOW_NS)
    text = " OR ".join(f"time:{year}" for year in range(1900, 1900 + MAX_TIMES))
    assert parse_query(text, now_ns=NOW_NS)
    assert "100 different times" in problem(text + " OR time:2100").what


def test_a_chain_of_negations_costs_no_stack() -> None:
    assert parse_query("NOT " * 2000 + "a", now_ns=NOW_NS)
    assert parse_query("!" * 9999 + "a", now_ns=NOW_NS)


def test_the_deepest_query_needs_little_stack() -> None:
    text = "a OR (b " * MAX_DEPTH + "c" + ")" * MAX_DEPTH
    limit = sys.getrecursionlimit()
    failures: list[BaseException] = []

    def parse() -> None:
        try:
            parse_query(text, now_ns=NOW_NS)
        except RecursionError as error:
            failures.append(error)

    thread = threading.Thread(target=parse)
    sys.setrecursionlimit(700)
    try:
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
    assert not failures


@pytest.mark.parametrize(
    ("text", "position", "note"),
    [
        ("a and b", 2, "the operator is AND"),
        ("a or b", 2, "the operator is OR"),
        ("not b", 0, "the operator is NOT"),
        ("a b OR c", 2, "a (b OR c)"),
        ("a => b", 2, "it was left out"),
        ('a "---"', 2, "it was left out"),
        ("10:15:32", 0, "read as text"),
        ("a Pay.java:17", 2, "read as text, and as the field attributes.Pay.java"),
        ("levle:error", 0, "did you mean level?"),
        ("Level:error", 0, "did you mean level?"),
        ("servce:checkout", 0, "did you mean service?"),
        ("SomeException: it", 0, "read as the field attributes.SomeException"),
        ("level=error", 0, "asked by level:"),
        ("status>=500", 0, "asked by status:>=…"),
        ("status!=500", 0, "asked by -status:"),
        (
            "level = error",
            0,
            "level = error was searched for as text; the field is asked by level:",
        ),
        ("a status >= 500", 2, "asked by status:>=…"),
        ('service="web"', 0, "asked by service:"),
        ('time>"2026-11-22"', 0, "asked by time:>"),
        ('message=~"refused"', 0, "asked by message:/…/"),
        ("status in (500, 503)", 0, "write status:(500 OR 503)"),
        ('service IN ("a b",web)', 0, 'write service:("a b" OR web)'),
        ("level:error | stats count", 12, "begins no command"),
        ("a 192.168.0.0/16", 2, "write ip:192.168.0.0/16"),
        ("service:(web or db)", 13, "the operator is OR"),
        ("severity:error", 0, "what loggers call so is log.level"),
        ("duration_ms:>1000", 0, "what loggers call so is event.duration"),
        ("service.keyword:web", 0, "did you mean service?"),
        ("message.keyword:boom", 0, "did you mean message?"),
        ("_missing_:trace.id", 0, "write NOT _exists_:…"),
        ("path:/api/", 5, 'write "/api/"'),
        ("/a b/", 0, "no spaces"),
        ("conn*-refused", 0, "several words"),
        ("a -.*", 3, "left out"),
        ('service:"a b"~2', 8, "no effect"),
        ("level:>fatal", 6, "Nothing lies in this range"),
        ("k:>1e400", 2, "compared as a text"),
        ("k:[5 TO abc]", 2, "compared as a text"),
        ("k:[5 TO 5}", 2, "Nothing lies in this range"),
        ("k:(5 OR -3)", 8, "read as the number -3; write NOT 3"),
        ("user:(-1)", 6, "read as the number -1; write NOT 1"),
        ("duration:>100 ms", 14, "ms was searched for as a word"),
        ("(duration:5 s) a", 12, "s was searched for as a word"),
        ("status:(500 503)", 12, "have both; write status:(500 OR 503)"),
        ("status:(500 502 503)", 12, "status:(500 OR 502)"),
        ('service:("a b" c)', 15, 'service:("a b" OR c)'),
        ("-ip:(10.0.0.1 10.0.0.2)", 14, "ip:(10.0.0.1 OR 10.0.0.2)"),
        ("k:(a b OR c)", 5, "k:(a OR b)"),
    ],
)
def test_what_may_not_have_been_meant_is_noted(text: str, position: int, note: str) -> None:
    notes = parse_query_with_notes(text, now_ns=NOW_NS).notes
    assert any(note in one.text and one.position == position for one in notes), notes


@pytest.mark.parametrize("text", ["10:15:32", "2x.c:42", "main.c:42", "a.b.c:4:2", r"my\ a.py:3"])
def test_what_a_note_advises_for_a_field_is_read_so(text: str) -> None:
    (note,) = parse_query_with_notes(text, now_ns=NOW_NS).notes
    advised = re.search(r"write (?:.* or )?(attributes\..*):… for", note.text)
    assert advised is not None
    reading = parse_query_with_notes(f"{advised[1]}:42", now_ns=NOW_NS)
    assert reading.notes == ()
    assert reading.query == Term(advised[1].replace("\\", ""), "42")


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a AND b OR c", "level:error -service:x", "k:5", "user.name:x", "attributes.x:5", "attributes.a.c:5",
     "http://a/b", "java.lang.*", 'message:"and"', "tags:a", "time:>now-1h", "k:>5", "k:[E TO F]", "k:>2026-11-20", "std::vector", "status:(>=400 <500)", "path:(*a* *b*)", "k:(a AND b)", "message:(a b)",
     "x=\"y\"", "k in (a b)", "level", "https://a.b/c?d=7", "Orders.place() failed", "at a.B.c()", "path:10.0.0.0/8", "service:(a -b)", "k:(a a)", "k:(+a +b)", "k:(a b*)", "duration:>5s s", "k:5 s", "duration:5 m2"],
)  # fmt: skip
def test_a_plain_query_has_no_notes(text: str) -> None:
    assert parse_query_with_notes(text, now_ns=NOW_NS).notes == ()


@pytest.mark.parametrize("field", ["", "service:", "region:", "message:"])
def test_words_with_a_distance_are_bounded(field: str) -> None:
    longest = f"{field}{'z' * MAX_FUZZY_WORD}~1"
    parse_query(longest, now_ns=NOW_NS)
    found = problem(f"a {field}{'z' * (MAX_FUZZY_WORD + 1)}~2")
    assert found.position == len("a " + field)
    assert "100 is the limit" in found.what
    assert "leave the ~ out" in (found.suggestion or "")
    parse_query(f"{field}{'z' * (MAX_FUZZY_WORD + 1)}~0", now_ns=NOW_NS)
    many = [longest] * (MAX_FUZZY // MAX_FUZZY_WORD)
    parse_query(" OR ".join(many), now_ns=NOW_NS)
    found = problem(" OR ".join([*many, f"{field}z~"]))
    assert found.position == len(" OR ".join([*many, field]))
    assert "characters together" in found.what


@pytest.mark.parametrize("costly", ["service:*a*b", "?a", "/a+/", "region:/a.b/", "-level:*x"])
def test_patterns_with_an_open_begin_are_bounded(costly: str) -> None:
    parse_query(" OR ".join([costly] * MAX_PATTERNS + ["a*", "trace:*"]), now_ns=NOW_NS)
    found = problem(" OR ".join([costly] * (MAX_PATTERNS + 1)))
    assert found.position is not None
    assert found.position > len(" OR ".join([costly] * MAX_PATTERNS))
    assert f"more than {MAX_PATTERNS} regular" in found.what


def test_words_of_operators_are_no_values_side_by_side() -> None:
    (note,) = parse_query_with_notes("service:(web or db)", now_ns=NOW_NS).notes
    assert "the operator is OR" in note.text


@pytest.mark.parametrize("end", [" ~", " :y", " x !~y", " !~", '"', "/"])
@pytest.mark.parametrize("piece", ["a", "a.b", "1", " ", "a ", "a=", "a in (", "\\ ", "{a", "十"])
def test_the_time_for_an_error_grows_with_the_length(piece: str, end: str) -> None:
    text = (piece * MAX_LENGTH)[: MAX_LENGTH - len(end)] + end
    begun = time.process_time()
    with suppress(QueryError):
        parse_query(text, now_ns=NOW_NS)
    assert time.process_time() - begun < 0.5, "usual is 0.03 s"
