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
GO_CRASH = "panic: a\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:5"


@pytest.mark.parametrize("crash", CRASHES)
def test_an_exception_that_nobody_caught_is_no_part_of_the_entry_before(crash: str) -> None:
    assert texts(TIMED, crash, TIMED) == [TIMED, crash, TIMED]
    assert texts(TIMED, "more", crash, crash, TIMED) == [f"{TIMED}\nmore", crash, crash, TIMED]
    assert texts(TIMED, '{"a":1}', crash, TIMED) == [TIMED, '{"a":1}', crash, TIMED]


def test_a_traceback_behind_its_entry_is_part_of_it() -> None:
    event = f"{TIMED}\n{LOGGED[1]}"
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


@pytest.mark.parametrize("crash", [*CRASHES, GO_CRASH])
def test_such_a_crash_is_an_event_among_lines_for_patterns(crash: str) -> None:
    lines = [TIMED, crash, "O-18 2.5"]
    assert texts(*lines, **OF_PATTERNS[0]) == lines
