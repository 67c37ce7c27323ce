"""Grok: Logstash's syntax and names, on both pattern sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logboom.clock import SystemClock
from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.parsers.grok import MAX_TEXT, Grok, PatternLibrary
from shipper.parsers.grok.report import CostReport
from shipper.parsers.making import make_parser

LEGACY = PatternLibrary.of("legacy")
ECS = PatternLibrary.of("ecs-v1")
APACHE = (
    '203.0.113.7 - ada [10/Oct/2026:13:55:36 +0200] "GET /cart?id=7 HTTP/1.1" 200 2326'
    ' "https://shop.example/" "curl/8.14"'
)


def found(pattern: str, text: str, library: PatternLibrary = LEGACY) -> Any:
    return Grok([pattern], library).match(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%{INT:n:int}", "x 42", {"n": 42}),
        ("%{NUMBER:n:int}", "4.9", {"n": 4}),
        ("%{NUMBER:n:float}", "x 4.5", {"n": 4.5}),
        ("%{NOTSPACE:n:int}", "many", {"n": "many"}),
        ("%{NOTSPACE:n:long}", "9" * 5000, {"n": "9" * 5000}),
        ("%{WORD:b:boolean} %{WORD:c:boolean}", "TRUE perhaps", {"b": True, "c": "perhaps"}),
        ("%{IP:[client][ip]}", "from 10.0.0.1", {"client.ip": "10.0.0.1"}),
        (r"(?<[http][status]>\d+)", "got 200", {"http.status": "200"}),
        (r"(?<user>\w+)=(?P<value>\w+)", "ada=7", {"user": "ada", "value": "7"}),
        ("%{ORDER:id=O-[0-9]{2}}", "got O-17", {"id": "O-17"}),
        ("%{IP:ip}:%{INT:port}", "2001:db8::1:8080", {"ip": "2001:db8::1", "port": "8080"}),
        ("%{IP:ip}", "at ::ffff:10.0.0.1.", {"ip": "::ffff:10.0.0.1"}),
        ("%{PATH:path} done", r"C:\a b\c done", {"path": r"C:\a b\c"}),
        ("%{QS:text}", r'say "a \" b" now', {"text": r'"a \" b"'}),
        ("%{DATA:a} - %{GREEDYDATA:b}", "x - y - z", {"a": "x", "b": "y - z"}),
        ("%{DATA:a}: %{DATA:b}$", "x: y: z", {"a": "x", "b": "y: z"}),
        ("%{HOSTNAME:host}.log", "web.example.log", {"host": "web.example"}),
        ("%{JAVACLASS:c}Exception", "a.b.IOException", {"c": "a.b.IO"}),
        ("%{MAC:mac}", "00:1A:2b:3c:4d:5e", {"mac": "00:1A:2b:3c:4d:5e"}),
        ("(?:%{INT:n}|%{WORD:w})", "abc", {"w": "abc"}),
    ],
)  # fmt: skip
def test_a_pattern_captures(pattern: str, text: str, expected: object) -> None:
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("(?<x>[[:alpha:]_]+)", "1ab_2", "ab_"),
        ("(?<x>[[:alpha:][0-9]]+)", "-a1-", "a1"),
        ("(?<x>[^[:space:]]+)", " ab ", "ab"),
        ("(?<x>[[:^digit:]]+)", "12ab", "ab"),
        (r"(?<x>\h+)", "xyzbeef", "beef"),
        (r"(?<x>\H+)", "beefxyz", "xyz"),
        (r"^(?<x>a+)\Z", "aaa\n", "aaa"),
        (r"\Gab(?<x>c)", "abc", "c"),
        (r"(?<x>a)\k<x>(?<y>b)", "aab", "a"),
        (r"(['|])(?<x>\w+)\1", "'ab'", "ab"),
        ("(?i)(?<x>error)", "An ERROR", "ERROR"),
        ("(?i:an) (?<x>E)", "AN E", "E"),
        ("(?x) (?<x> a b ) # both", "ab", "ab"),
        ("(?m)a(?<x>.)b", "a\nb", "\n"),
        (r"(?<x>\x41\x{42}\u0043)", "ABC", "ABC"),
        (r"(?<x>\p{Alpha}+)", "12ab", "ab"),
        ("(?<x>a{,2})b", "aaab", "aa"),
        ("(?<x>{a})", "{a}", "{a}"),
        ("(?<x>[]a]+)", "]a", "]a"),
        ("(?>(?<x>a+))b", "aab", "aa"),
        ("(?<x>a*+)b", "aab", "aa"),
        (r"a\R(?<x>b)", "a\r\nb", "b"),
    ],
)
def test_onigurumas_syntax_keeps_its_meaning(pattern: str, text: str, expected: str) -> None:
    assert found(pattern, text)["x"] == expected


@pytest.mark.parametrize("pattern", ["(?>a+)ab", "a++ab", "(?>a|ab)c"])
def test_atomic_and_possessive_parts_give_nothing_back(pattern: str) -> None:
    assert found(f"^{pattern}", "aaab" if "+" in pattern else "abc") is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("%{LOGLEVLE:level}", "did you mean LOGLEVEL"),
        ("%{INT:n:itn}", "did you mean int"),
        ("%{INT n}", "not every %{ begins a reference"),
        ("(a", "not closed"),
        ("a)", "closing parenthesis too many"),
        ("[a", "class is not closed"),
        ("*a", "nothing that"),
        (r"a\K", "keep"),
        (r"(?<x>a)\g<x>", "calling a group"),
        ("[a-z&&[^b]]", "intersection"),
        ("[[:alfa:]]", "no POSIX class"),
        (r"\p{Hangul}", "not supported"),
        (r"\k<nobody>", "a group that there is not"),
        ("a{3,1}", "below its lower"),
        ("(?<=a+)b", "not a grok pattern"),
        ("(?(1)a|b)", "begins no known group"),
        ("(" * 200 + ")" * 200, "nested too deeply"),
    ],
)
def test_what_cannot_be_used_is_explained(pattern: str, why: str) -> None:
    with pytest.raises(ConfigError, match=r"(?s).*" + why.replace("(", r"\(")):
        Grok([pattern], LEGACY)


def test_a_circle_of_definitions_is_shown() -> None:
    library = LEGACY.extended({"A": "x%{B}", "B": "y%{C}", "C": "%{A}"})
    with pytest.raises(ConfigError, match="A → B → C → A"):
        Grok(["%{A}"], library)


def test_an_unknown_name_within_a_definition_says_where() -> None:
    library = LEGACY.extended({"A": "x%{NOBODY}"})
    with pytest.raises(ConfigError, match="in the pattern A: there is no grok pattern NOBODY"):
        Grok(["%{A}"], library)


def test_definitions_come_from_folders_and_inline_ones_win(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("# own\nORDER O-\\d+\nSIZE \\d+\n", encoding="utf-8")
    section = FileInput(
        path=["x"], format="grok", patterns=["%{ORDER:order} %{SIZE:size}"],
        pattern_folders=[tmp_path], pattern_definitions={"SIZE": "[SML]"},
    )  # fmt: skip
    parsed = make_parser(section).parse("O-17 M")
    assert parsed is not None
    assert (parsed["order"], parsed["size"]) == ("O-17", "M")


def test_an_absent_group_never_takes_the_place_of_a_present_one() -> None:
    pattern = "(?:%{WORD:w} )?(?:%{INT:n:int}|x) (?:%{INT:n:int}|x)"
    assert found(f"^{pattern}", "7 x") == {"n": 7}
    assert found(f"^{pattern}", "x 8") == {"n": 8}
    assert found(f"^{pattern}", "7 8") == {"n": 7}
    assert found(f"^{pattern}", "x x") == {}


def test_the_first_pattern_that_fits_is_taken() -> None:
    grok = Grok(["^%{INT:n}$", "^%{WORD:w}$", "^%{GREEDYDATA:rest}$"], LEGACY)
    assert grok.match("12") == {"n": "12"}
    assert grok.match("ab") == {"w": "ab"}
    assert grok.match("a b") == {"rest": "a b"}


def test_the_end_of_a_very_long_text_belongs_to_the_last_field() -> None:
    text = "INFO " + "x" * (2 * MAX_TEXT)
    assert found("^%{LOGLEVEL:level} %{GREEDYDATA:text}", text) == {
        "level": "INFO", "text": "x" * (2 * MAX_TEXT),
    }  # fmt: skip


def test_both_sets_read_an_access_log() -> None:
    legacy = found("^%{COMBINEDAPACHELOG}$", APACHE)
    assert legacy == {
        "clientip": "203.0.113.7", "ident": "-", "auth": "ada", "verb": "GET", "request": "/cart?id=7",
        "timestamp": "10/Oct/2026:13:55:36 +0200", "httpversion": "1.1", "response": "200",
        "bytes": "2326", "referrer": '"https://shop.example/"', "agent": '"curl/8.14"',
    }  # fmt: skip
    assert found("^%{COMBINEDAPACHELOG}$", APACHE, ECS) == {
        "source.address": "203.0.113.7", "user.name": "ada", "http.request.method": "GET",
        "url.original": "/cart?id=7", "timestamp": "10/Oct/2026:13:55:36 +0200", "http.version": "1.1",
        "http.response.status_code": 200, "http.response.body.bytes": 2326,
        "http.request.referrer": "https://shop.example/", "user_agent.original": "curl/8.14",
    }  # fmt: skip


def test_an_input_chooses_the_set() -> None:
    section = FileInput(
        path=["x"], format="grok", patterns=["^%{COMBINEDAPACHELOG}$"], pattern_set="ecs-v1"
    )
    parsed = make_parser(section).parse(APACHE)
    assert parsed is not None
    assert parsed["http.response.status_code"] == 200
    assert parsed["@timestamp"] == "10/Oct/2026:13:55:36 +0200"


LINES = [
    ("SYSLOGLINE", "Oct 11 22:14:15 web-1 sshd[4711]: Accepted", {"program": "sshd", "pid": "4711"}),
    ("CRONLOG", "Oct 11 22:14:15 web-1 CRON[4711]: (root) CMD (run)", {"user": "root", "message": "run"}),
    ("SYSLOG5424LINE", "<34>1 2026-10-11T22:14:15.003Z web-1 su - ID47 - hello",
     {"syslog5424_host": "web-1", "syslog5424_msgid": "ID47", "syslog5424_msg": "hello"}),
    ("JAVASTACKTRACEPART", "\tat com.acme.Cart.load(Cart.java:17)",
     {"class": "com.acme.Cart", "method": "load", "file": "Cart.java", "line": "17"}),
    ("SQUID3", "1286536309.450 180 192.0.2.68 TCP_MISS/200 411 GET http://a.example/x ada DIRECT/a.example text/html",
     {"duration": "180", "status_code": "200", "server": "a.example"}),
    ("RUBY_LOGGER", "I, [2026-10-10T13:55:36.123456 #4711]  INFO -- main: started",
     {"loglevel": "INFO", "progname": "main", "message": "started"}),
    ("REDISMONLOG", '1339518083.107412 [0 127.0.0.1:60866] "GET" "key"', {"command": "GET", "params": '"key"'}),
    ("MONGO3_LOG", "2026-10-10T13:55:36.123+0200 I NETWORK  [conn7] end connection",
     {"severity": "I", "component": "NETWORK", "context": "conn7", "message": "end connection"}),
    ("NAGIOSLOGLINE", "[1427956600] SERVICE ALERT: web;disk;OK;HARD;4;DISK OK",
     {"nagios_type": "SERVICE ALERT", "nagios_service": "disk", "nagios_message": "DISK OK"}),
    ("CISCOFW106001", "Inbound TCP connection denied from 192.0.2.1/1025 to 192.0.2.2/80 flags SYN on interface outside",
     {"action": "denied", "src_port": "1025", "interface": "outside"}),
    ("CISCOFW302013_302014_302015_302016",
     "Built inbound UDP connection 76244 for outside:192.0.2.7/64041 (192.0.2.7/64041) to inside:192.0.2.8/53 (192.0.2.8/53)",
     {"connection_id": "76244", "src_interface": "outside", "dst_port": "53"}),
    ("BACULA_LOGLINE", "09-Nov 01:13 bsrv01 JobId 4711: End auto prune.", {"jobid": "4711", "hostname": "bsrv01"}),
    ("ELB_ACCESS_LOG", '2026-10-10T13:55:36.123456Z lb-1 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1"', {"response": 200, "bytes": 29, "verb": "GET"}),
    ("RAILS3", 'Started GET "/carts?id=7" for 192.0.2.1 at 2026-10-10 13:55:36 +0200\nProcessing by CartsController#show as HTML\nCompleted 200 OK in 12.5ms (Views: 3.1ms | ActiveRecord: 0.5ms)',
     {"controller": "CartsController", "action": "show", "response": "200", "viewms": "3.1"}),
    ("POSTGRESQL", "10-10-2026 13:55:36 UTC ada 5f1 4711", {"user_id": "ada", "pid": "4711"}),
    ("EXIM", "2026-10-10 13:55:36 1ZQaaa-0000Ab-01 <= ada@shop.example H=mx [192.0.2.1] P=esmtp S=17",
     {"exim_sender_email": "ada@shop.example", "remote_host": "192.0.2.1", "protocol": "esmtp"}),
    ("TOMCATLOG", "2026-10-10 13:55:36,123 +0200 | ERROR | com.acme.Cart - cannot load",
     {"class": "com.acme.Cart", "logmessage": "cannot load"}),
    ("HTTPD_ERRORLOG", "[Mon Oct 12 13:55:36.123456 2026] [core:error] [pid 4711:tid 7] [client 192.0.2.1:4711] AH00001: no",
     {"module": "core", "pid": "4711", "errorcode": "AH00001", "message": "no"}),
    ("BRO_FILES", "\t".join(["1.5", "Fx", "192.0.2.1", "192.0.2.2", "Cx", *"abcdefghijklmnopqr"]),
     {"fuid": "Fx", "source": "a", "extracted": "r"}),
    ("MAVEN_VERSION", "1.2.3-SNAPSHOT", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line", "expected"), LINES, ids=lambda value: str(value)[:20])
def test_a_line_of_a_program_is_read(name: str, line: str, expected: dict[str, Any]) -> None:
    fields = found(f"^%{{{name}}}", line)
    assert fields is not None
    assert {key: fields.get(key) for key in expected} == expected


def test_metadata_of_logstash_is_no_field_of_an_event() -> None:
    line = 'Deny tcp src a:192.0.2.1/80 dst b:192.0.2.2/81 by access-group "out" [0x8ed66b60, 0xf8852875]'
    fields = found("%{CISCOFW106023}", line, ECS)
    assert fields["cisco.asa.rule_name"] == "out"
    assert not [name for name in fields if name.startswith("@metadata")]


def test_the_cost_report_counts() -> None:
    patterns = Grok(["^%{INT:n}$", "(a+)+$"], LEGACY).patterns
    report = CostReport(patterns, SystemClock())
    assert report.match("12")[0] == {"n": "12"}
    assert report.match("b")[0] is None
    head, first, second = report.lines()
    assert head.split()[:2] == ["tried", "matched"]
    assert first.split()[:2] == ["2", "1"]
    assert second.split()[:2] == ["1", "0"]
    assert "exponential" in second
