"""Lines that begin an event of their own, among others whose entries have a shape."""

from __future__ import annotations

import pytest

from logboom.config import FileInput
from shipper.framing import make_framing

SHAPED = "2026-10-10 13:55:36 one"
BEGINS = [
    "[NOTICE]   (1) : haproxy version is 3.0.5",
    "[ALERT]    (8) : backend 'shop' has no server available!",
    "[info] a line",
    '[GIN] 2026/10/10 - 13:55:36 | 200 |      43.291µs |       127.0.0.1 | GET      "/ping"',
    "[GIN-debug] GET    /ping                     --> main.main.func1 (3 handlers)",
    '[10/Oct/2026 13:55:36] "GET / HTTP/1.1" 200 2326',
    "[10-Oct-2026 13:55:36 UTC] PHP Warning:  x",
    "203.0.113.7:52144 [10/Oct/2026:13:55:36.123] db pg/pg-1 0/1/5007 212 -- 1/1/1/1/0 0/0",
    'shop.example:443 203.0.113.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1',
    '203.0.113.7, 10.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1',
    '172.18.0.5 -  10/Oct/2026:13:55:36 +0000 "GET /index.php" 200',
    "GET /cart 200 12.345 ms - 2326",
    'Started GET "/" for 127.0.0.1 at 2026-10-10 13:55:36 +0000',
    "Processing by HomeController#index as HTML",
    "I20261010 13:55:36.123456 4711 main.cc:12] glog",
    "1.791640536123e+09\tinfo\tsetup\tstarting",
    "4711:signal-handler (1791640536) Received SIGTERM scheduling shutdown...",
    "<6>[12345.678901] eth0: link up",
    "tls 2.0 2026-10-10T13:55:36 net/shop/c6e77e28c25b2234 g3d4 203.0.113.7:52144",
    "467 [main] INFO org.acme.Cart - loaded",
    "nginx: [emerg] host not found in upstream",
    "CEF:0|Acme|Shield|1.2|100|Port scan|7|src=203.0.113.7",
]


def texts(*lines: str, **settings: object) -> list[str]:
    section = FileInput.model_validate({"path": "x", **settings})
    framing = make_framing(section, max_event_bytes=100_000)
    return framing.cut("\n".join(lines).encode(), ended=True).texts


@pytest.mark.parametrize("line", BEGINS)
def test_a_line_that_is_an_entry_is_not_glued_to_the_one_before(line: str) -> None:
    assert texts(SHAPED, line, line, SHAPED) == [SHAPED, line, line, SHAPED]


@pytest.mark.parametrize("line", BEGINS)
def test_such_a_line_does_not_glue_others_to_itself(line: str) -> None:
    assert texts(line, "Not Found: /x")[-1] == "Not Found: /x"


@pytest.mark.parametrize("rows", [["GET /a 200", "POST /b 500"], ["- /a", "203.0.113.7 /b", " x"]])
def test_each_row_behind_a_line_of_fields_is_an_event(rows: list[str]) -> None:
    head = [
        "2026-10-10 13:55:36 before",
        "\tmore",
        "#Version: 1.0",
        "#Fields: cs-method cs-uri-stem",
    ]
    assert texts(*head, *rows) == ["\n".join(head[:2]), *head[2:], *rows]


def test_rows_are_known_in_the_next_buffer() -> None:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=100_000)
    first = framing.cut(b"#Date: 2026-10-10\n#Fields: cs-method\nGET\n", ended=False)
    second = framing.cut(b"GET\nPOST\nGET\n", ended=False)
    assert first.consumed == len(b"#Date: 2026-10-10\n#Fields: cs-method\n")
    assert second.texts == ["GET", "POST", "GET"]


TIMED = "2026-11-22 08:00:01,123 INFO a.B - hello"
OF_PATTERNS = [
    {"format": "grok", "patterns": ["^%{TIMESTAMP_ISO8601:timestamp} ", "^O-%{INT:order} "]},
    {"format": "dissect", "patterns": ["%{timestamp} %{message}"]},
]
LOGGED = [
    "java.io.IOException: a\n\tat a.B.c(B.java:1)\nCaused by: java.lang.Error: b\n\tat a.B.c(B.java:1)",
    'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1',
    "  + Exception Group Traceback (most recent call last):\n  | ExceptionGroup: a (1 sub-exception)",
    "goroutine 7 [running]:\nmain.f(...)\n\t/tmp/x.go:5",
    "/app/a.rb:3:in `f'\n/app/a.rb:9:in `<main>'",
    "   at A.B() in a.cs:line 3\n--- End of stack trace from previous location ---",
    "  more",
]


@pytest.mark.parametrize("settings", OF_PATTERNS)
@pytest.mark.parametrize("other", ["O-17 1.5", "nothing that a pattern knows", "Error: none of it"])
def test_where_the_user_has_patterns_each_line_is_an_event(
    settings: dict[str, object], other: str
) -> None:
    lines = [TIMED, other, other, TIMED.replace("INFO", "ERROR"), other]
    assert texts(*lines, **settings) == lines
    assert texts(other, *lines, **settings) == [other, *lines]


@pytest.mark.parametrize("settings", OF_PATTERNS)
@pytest.mark.parametrize("entry", [TIMED, "O-17 1.5"])
@pytest.mark.parametrize("trace", LOGGED)
def test_traces_and_indented_lines_are_joined_there(
    settings: dict[str, object], entry: str, trace: str
) -> None:
    event = f"{entry}\n{trace}"
    assert texts(event, "O-18 2.5", event, TIMED, **settings) == [event, "O-18 2.5", event, TIMED]


CRASHES = [
    'Exception in thread "worker-1" java.lang.IllegalStateException: a\n\tat a.B.c(B.java:1)',
    'Exception in thread Thread-1 (run):\nTraceback (most recent call last):\n  File "a.py", line 1\nKeyError: 1',
    'Exception ignored in: <function a at 0x7f>\nTraceback (most recent call last):\n  File "a.py"\nKeyError: 1',
    "thread 'main' panicked at src/main.rs:2:5:\na message\nnote: run with `RUST_BACKTRACE=1`",
    "thread '<unnamed>' (4711) panicked at src/main.rs:2:5:\na message\nstack backtrace:\n   0: a::b",
]
CRASHES += [
    "panic: a\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:5",
    "SIGQUIT: quit\nPC=0x408b0e m=0 sigcode=0\n\ngoroutine 18 gp=0x4d m=0 mp=0x5f [running]:\nmain.main()\n\t/a.go:5",
    'Fatal Python error: Aborted\n\nCurrent thread 0x7f (most recent call first):\n  File "a.py", line 1 in f',
    "/app/a.js:3\nthrow new Error('a');\n^\n\nError: a\n    at f (/app/a.js:3:7)\n\nNode.js v20.20.2",
    "/srv/my app/a.mjs:3\n  throw 1;\n  ^\n1\n\nNode.js v20.20.2",
    'C:\\app\\a.ts:3\nthrow e;\n^\n\nError: a\n    at f (C:\\app\\a.ts:3:7) {\n  code: "E"\n}\n\nNode.js v20.20.2',
    '<anonymous_script>:1\n{"a":1,}\n       ^\n\nSyntaxError: a\n    at JSON.parse (<anonymous>)\n\nNode.js v20.20.2',
    "node:internal/event_target:1105\n  throw err;\n  ^\n[worker eval]:1\nthrow 1\n^\n\nError: 1\n    at [worker eval]:1:7",
    "(node:4711) Warning: a\n(Use `node --trace-warnings ...` to show where the warning was created)",
    "error: Uncaught (in promise) Error: a\n    at file:///app/a.ts:3:7",
    "Unhandled exception. E: a\n ---> F: b\n   at A.B()\n   --- End of inner exception stack trace ---\n   at A.C()",
    "Unhandled Exception:\nSystem.Exception: a\n  at A.B () [0x00001] in <0>:0",
    "Fatal error. System.AccessViolationException: a\n   at A.B()",
    "PHP Fatal error:  Uncaught Exception: a in /a.php:3\nStack trace:\n#0 {main}\n  thrown in /a.php on line 3",
    "terminate called after throwing an instance of 'std::runtime_error'\n  what():  a",
]
OF_RUBY = [
    "a.rb:1:in `f': a (A::B)\n\tfrom a.rb:9:in `<main>'\na.rb:2:in `g': b (KeyError)\n\tfrom a.rb:1:in `f'",
    "a.rb:1:in 'A#f': undefined method 'b' for nil (NoMethodError)\n\nnil.b\n   ^^\n\tfrom a.rb:9:in '<main>'",
    "<internal:/usr/lib/ruby/a.rb>:136:in 'Kernel#require': cannot load such file -- a (LoadError)\n\tfrom a.rb:1:in '<main>'",
    "a.rb:1:in 'f': unhandled exception\n\tfrom a.rb:9:in '<main>'",
]
"""Of these, the next one may be the cause of the one before."""


@pytest.mark.parametrize("crash", [*CRASHES, *OF_RUBY])
def test_an_exception_that_nobody_caught_is_no_part_of_the_entry_before(crash: str) -> None:
    again = [] if crash in OF_RUBY else [crash]
    for entry in (TIMED, f"{TIMED}\n more", f"{TIMED}\nmore", '{"a":1}'):
        lines = [TIMED, entry, crash, *again, TIMED]
        assert texts(*lines) == lines
        assert texts("plain", *lines) == ["plain", *lines]


@pytest.mark.parametrize("crash", [*CRASHES, *OF_RUBY])
def test_a_crash_is_part_of_the_entry_that_announces_it(crash: str) -> None:
    lines = [TIMED, f"{TIMED}\nit said:\r\n{crash}", TIMED]
    assert texts(*lines) == lines


@pytest.mark.parametrize(
    "trace",
    [
        *LOGGED,
        "a.rb:3:in 'f'\na.rb:9:in '<main>'",
        "a.go:5: it was a panic: x",
        "/app/a.js: no such file",
        "/app/a.go:12 (0x4d3a2f)\n\tmain.f: a",
        "undefined: 1",
        "the runtime: 12 s",
    ],
)
def test_what_a_logger_writes_behind_its_entry_is_part_of_it(trace: str) -> None:
    event = f"{TIMED}\n{trace}"
    assert texts(event, event) == [event, event]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *((settings, message) for settings in ({}, *OF_PATTERNS) for message in ("", "\n  more")),
        ({}, "\nmore that is not indented"),
    ],
)
def test_a_traceback_behind_one_that_is_over_is_an_event(
    settings: dict[str, object], message: str
) -> None:
    trace = LOGGED[1] + message
    lines = [f"{TIMED}\n{trace}", trace, trace, TIMED]
    assert texts(*lines, **settings) == lines
    assert texts(TIMED, *lines, **settings) == [TIMED, *lines]


@pytest.mark.parametrize(
    "between",
    [
        "\n\nDuring handling of the above exception, another exception occurred:\n\n",
        "\n\nThe above exception was the direct cause of the following exception:\n\n",
        "\n\n-- Process 0 terminated with the following error:\n",
        '\n"""\n',
    ],
)
def test_a_traceback_that_is_announced_is_part_of_the_event(between: str) -> None:
    event = f"{TIMED}\n{LOGGED[1]}{between}{LOGGED[1]}"
    assert texts(event, LOGGED[1], event) == [event, LOGGED[1], event]


@pytest.mark.parametrize("crash", [*CRASHES, *OF_RUBY[:1], *OF_RUBY[2:]])
def test_such_a_crash_is_an_event_among_lines_for_patterns(crash: str) -> None:
    lines = [TIMED, crash, "O-18 2.5"]
    assert texts(*lines, **OF_PATTERNS[0]) == lines
