"""Parsers: formats by their samples, grok by Logstash's names, times in all their forms."""

from __future__ import annotations

import pytest

from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.parsers.grok import Grok, GrokParser, PatternLibrary
from shipper.parsers.making import make_parser
from shipper.parsers.stacktrace import extract_error

SEED = "%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{DATA:logger} - %{GREEDYDATA:message}"
LIBRARY = PatternLibrary.of("legacy")


def parse(text: str, format_name: str = "auto") -> dict[str, object] | None:
    return make_parser(FileInput(path=["x"], format=format_name)).parse(text)


def test_plain_words_have_no_format() -> None:
    assert parse("something happened") is None


@pytest.mark.parametrize(
    "text", ['{"a":NaN', '{"a":Nan}', '{"a":NaN,}', '{"a":' * 9000 + "NaN" + "}" * 9000]
)
def test_what_is_no_json_in_any_reading_is_left(text: str) -> None:
    assert parse(text, "json") is None


def test_an_object_behind_a_head_may_be_loose_json() -> None:
    fields = parse('2026-10-10 13:55:36 ERROR {"msg":"slow","ratio":NaN}')
    assert fields is not None
    assert (fields["msg"], fields["ratio"]) == ("slow", "NaN")


@pytest.mark.parametrize(
    "number",
    ["18446744073709551617", "-9223372036854775809", "99999999999999999999", "-18446744073709551617", "7" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("around", ["%s", "[1, %s]", '{"a": [{"b": %s}]}'])
def test_whole_numbers_beyond_64_bits_keep_their_digits(number: str, around: str) -> None:
    fields = parse(f'{{"message":"m","n":{around % number},"x":1.5}}', "json")
    assert fields is not None
    assert number in str(fields["n"])
    assert fields["x"] == 1.5


@pytest.mark.parametrize("number", ["1e19", "-1.5e300", "18446744073709551617.5"])
def test_large_fractions_stay_numbers(number: str) -> None:
    assert parse(f'{{"message":"m","n":{number}}}', "json") == {"message": "m", "n": float(number)}


@pytest.mark.parametrize("text", ["error: none", "err: nil", "Error: null", "ERROR: <nil>"])
def test_what_says_that_there_is_no_error_has_no_level(text: str) -> None:
    assert parse(text) is None


def test_an_error_whose_message_only_begins_so_has_one() -> None:
    assert parse("error: null pointer") == {"log.level": "error", "message": "null pointer"}


def test_the_seed_pattern_matches_a_joined_event() -> None:
    text = "2026-10-10 13:55:36,123 ERROR com.acme.Checkout - boom\njava.io.IOException: x\n\tat a.b(C.java:1)"
    assert Grok([SEED], LIBRARY).match(text) == {
        "timestamp": "2026-10-10 13:55:36,123",
        "level": "ERROR",
        "logger": "com.acme.Checkout",
        "message": "boom\njava.io.IOException: x\n\tat a.b(C.java:1)",
    }


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%{INT:n:int}", "x 42", {"n": 42}),
        ("%{NUMBER:n:float}", "x 4.5", {"n": 4.5}),
        ("%{IP:[client][ip]}", "from 10.0.0.1", {"client.ip": "10.0.0.1"}),
        (r"user=(?<user>\w+)", "user=ada", {"user": "ada"}),
        ("%{WORD:a} %{WORD:b}", "one", None),
        ("%{IPV6:ip}", "::ffff:10.0.0.1", {"ip": "::ffff:10.0.0.1"}),
        ("%{UUID:u}", "id 123e4567-e89b-12d3-a456-426614174000", {"u": "123e4567-e89b-12d3-a456-426614174000"}),
        ("^%{SYSLOGTIMESTAMP:t} %{SYSLOGHOST:h}", "Oct 11 22:14:15 web-1 x", {"t": "Oct 11 22:14:15", "h": "web-1"}),
    ],
)  # fmt: skip
def test_grok_in_logstashs_syntax(pattern: str, text: str, expected: object) -> None:
    assert Grok([pattern], LIBRARY).match(text) == expected


def test_an_unknown_pattern_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean LOGLEVEL"):
        Grok(["%{LOGLEVLE:level}"], LIBRARY)


def test_own_patterns_can_be_defined() -> None:
    section = FileInput(
        path=["x"], format="grok", patterns=["%{ORDER:order}"], pattern_definitions={"ORDER": r"O-\d+"}
    )  # fmt: skip
    parser = make_parser(section)
    assert isinstance(parser, GrokParser)
    assert parser.parse("got O-17")["order"] == "O-17"  # type: ignore[index]


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean json"):
        parse("x", "jsn")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("failed\njava.io.IOException: x\n\tat a.B.c(D.java:1)", "java.io.IOException", "x"),
        ('Traceback (most recent call last):\n  File "a", line 1\nKeyError: 1', "KeyError", "1"),
        (
            "TypeError: x is not a function\n    at f (/a.js:1:2)",
            "TypeError",
            "x is not a function",
        ),
        ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()", "panic", "boom"),
    ],
)
def test_the_exception_of_a_trace_is_named(text: str, kind: str, message: str) -> None:
    fields = extract_error(text)
    assert fields is not None
    assert (fields["error.type"], fields["error.message"]) == (kind, message)
    assert fields["error.stack_trace"] in text


def test_a_text_without_a_trace_has_none() -> None:
    assert extract_error("two\nlines") is None
