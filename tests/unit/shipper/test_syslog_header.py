"""The header of a syslog message, in the forms of both RFCs and of the senders that know neither."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.parsers.making import make_parser
from shipper.parsers.syslog import parse_syslog

USER_NOTICE = {"log.syslog.priority": 13, "log.syslog.facility.name": "user", "log.level": "info"}
AUTH_CRITICAL = {
    "log.syslog.priority": 34,
    "log.syslog.facility.name": "auth",
    "log.level": "fatal",
}
LOCAL4_NOTICE = {
    "log.syslog.priority": 165,
    "log.syslog.facility.name": "local4",
    "log.level": "info",
}
LOCAL7_NOTICE = {
    "log.syslog.priority": 189,
    "log.syslog.facility.name": "local7",
    "log.level": "info",
}

SAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for ada": (
        AUTH_CRITICAL | {
            "@timestamp": "Oct 11 22:14:15", "host.name": "mymachine", "process.name": "su",
        },
        "'su root' failed for ada",
    ),
    "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: donuts": (
        LOCAL4_NOTICE | {
            "@timestamp": "Aug 24 05:34:00 CST 1987", "host.name": "mymachine",
            "process.name": "myproc", "process.pid": 10,
        },
        "donuts",
    ),
    "<165>Aug 24 05:34:00 KST mymachine myproc[10]: no year": (
        LOCAL4_NOTICE | {
            "@timestamp": "Aug 24 05:34:00 KST", "host.name": "mymachine",
            "process.name": "myproc", "process.pid": 10,
        },
        "no year",
    ),
    "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!": (
        USER_NOTICE | {"@timestamp": "Feb 5 17:32:18", "host.name": "10.0.0.99"},
        "Use the BFG!",
    ),
    "<13>Nov 21 11:00:00.123456 fe80::1 postfix/smtpd[4711]: connect from x": (
        USER_NOTICE | {
            "@timestamp": "Nov 21 11:00:00.123456", "host.name": "fe80::1",
            "process.name": "postfix/smtpd", "process.pid": 4711,
        },
        "connect from x",
    ),
    "<13>Nov 21 11:00:00 sshd[12]: no host, as a C library writes it": (
        USER_NOTICE | {
            "@timestamp": "Nov 21 11:00:00", "process.name": "sshd", "process.pid": 12,
        },
        "no host, as a C library writes it",
    ),
    "<13>2026-11-21T11:00:00.5+09:00 web-1 app[worker-7]: an rsyslog relay": (
        USER_NOTICE | {
            "@timestamp": "2026-11-21T11:00:00.5+09:00", "host.name": "web-1",
            "process.name": "app", "process": "worker-7",
        },
        "an rsyslog relay",
    ),
    "<189>29: *Mar  1 2026 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured": (
        LOCAL7_NOTICE | {"@timestamp": "2026-03-01T18:48:50.483Z"},
        "%SYS-5-CONFIG_I: Configured",
    ),
    "<14>hello world": (
        {"log.syslog.priority": 14, "log.syslog.facility.name": "user", "log.level": "info"},
        "hello world",
    ),
    "<13>Error: this is no program": (USER_NOTICE, "Error: this is no program"),
    "<13>app[7]: this is one": (USER_NOTICE | {"process.name": "app", "process.pid": 7}, "this is one"),
    "<13>404: not found": (USER_NOTICE, "404: not found"),
    "<13>Nov 21 11:00:00 web-1 http://x/y is down": (
        USER_NOTICE | {"@timestamp": "Nov 21 11:00:00", "host.name": "web-1"},
        "http://x/y is down",
    ),
    "Oct 11 22:14:15 web-1 cron: without a priority": (
        {"@timestamp": "Oct 11 22:14:15", "host.name": "web-1", "process.name": "cron"},
        "without a priority",
    ),
    "<34>1 2026-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed": (
        AUTH_CRITICAL | {
            "@timestamp": "2026-10-11T22:14:15.003Z", "host.name": "mymachine.example.com",
            "process.name": "su", "message_id": "ID47",
        },
        "'su root' failed",
    ),
    '<165>1 2026-10-11T22:14:15.003Z h evntslog 77 ID47 [a@32473 iut="3" x="\\"\\\\\\] \\n"][b@1] first\nsecond': (
        LOCAL4_NOTICE | {
            "@timestamp": "2026-10-11T22:14:15.003Z", "host.name": "h", "process.name": "evntslog",
            "process.pid": 77, "message_id": "ID47",
            "structured_data": {"a@32473": {"iut": "3", "x": '"\\] \\n'}, "b@1": {}},
        },
        "first\nsecond",
    ),
    '<165>1 - - - - - [only@1 a="]"]': (LOCAL4_NOTICE | {"structured_data": {"only@1": {"a": "]"}}}, ""),
    "<165>1 - - - - - -": (LOCAL4_NOTICE, ""),
    "<165>1 too short": (LOCAL4_NOTICE, "1 too short"),
}  # fmt: skip


@pytest.mark.parametrize("text", SAMPLES)
def test_a_header_is_read(text: str) -> None:
    assert parse_syslog(text) == SAMPLES[text]


@pytest.mark.parametrize(
    "text", ["", "plain", "<>x", "<192>x", "<999>1 - - - - - - x", "< 13>x", "{}"]
)
def test_what_has_no_header_is_none(text: str) -> None:
    assert parse_syslog(text) is None


PARTS = st.sampled_from(
    [
        "<13>",
        "1 ",
        "- ",
        "[",
        "]",
        '"',
        "\\",
        "=",
        "a",
        " ",
        "[a ",
        'b="c"',
        "Nov 21 11:00:00 ",
        "x[1]: ",
        "\n",
    ]
)


@given(text=st.one_of(st.text(), st.lists(PARTS, max_size=60).map("".join)))
def test_any_text_is_taken_and_its_end_is_kept(text: str) -> None:
    found = parse_syslog(text)
    assert found is None or text.endswith(found[1])


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "hostile",
    ["<13>1 - - - - - " + "[a" * 300_000, "<13>1 - - - - - [" + 'a="' * 200_000,
     "<13>1 - - - - - [a " + 'b="\\"" ' * 100_000, "<13>" + "1" * 600_000,
     "<13>Nov 21 11:00:00 " + "a" * 600_000, "<13>Nov 21 11:00:00 " + "a[" * 300_000,
     '<13>1 - - - - - [a b="' + "\\]" * 300_000],
)  # fmt: skip
def test_no_text_takes_more_than_linear_time(hostile: str) -> None:
    found = parse_syslog(hostile)
    assert found is None or hostile.endswith(found[1])


MAPPINGS = Path(__file__).parents[3] / "mappings"
HEAD = ("@timestamp", "host.name", "process.name", "process.pid", "process", "log.syslog.priority")
FORMATS = tomllib.loads((MAPPINGS / "formats" / "system.toml").read_text(encoding="utf-8"))[
    "format"
]
LINES = [
    sample
    for known in FORMATS
    if known["name"] in {"syslog", "syslog_5424"}
    for sample in known["samples"]
]


@pytest.mark.parametrize("sample", LINES, ids=[sample["text"][:40] for sample in LINES])
def test_what_comes_over_the_network_is_read_as_the_lines_of_a_file(sample: dict[str, Any]) -> None:
    """Lines of files have a format as data; messages of senders are read more leniently."""
    header = parse_syslog(sample["text"])
    assert header is not None
    fields = {name: header[0].get(name) for name in HEAD}
    wanted = {name: sample["fields"].get(name) for name in HEAD}
    wanted["@timestamp"] = re.sub(" +", " ", str(wanted["@timestamp"]))
    assert fields == wanted


IN_FILES = {
    name: make_parser(FileInput(path=["x"], format=name)) for name in ("syslog", "syslog_5424")
}
TIMES = [
    "Nov 21 11:00:00",
    "Nov  1 01:02:03",
    "2026-11-21T11:00:00Z",
    "2026-11-21T11:00:00.123456+09:00",
]
WORDS = st.text("abcXYZ019._-", min_size=1, max_size=12).filter(lambda word: word[0].isalpha())
OPTIONAL = st.one_of(st.just(""), WORDS)
TEXTS = st.text("abc 12.,-=/", min_size=1, max_size=20).map("x {}".format).map(str.strip)


@given(
    priority=st.one_of(st.just(""), st.integers(0, 191).map("<{}>".format)),
    time=st.sampled_from(TIMES), host=OPTIONAL, program=WORDS,
    process=st.one_of(st.just(""), st.integers(0, 999_999_999).map("[{}]".format)), text=TEXTS,
)  # fmt: skip
def test_old_headers_mean_the_same_in_files_and_over_the_network(
    priority: str, time: str, host: str, program: str, process: str, text: str
) -> None:
    said = f"{priority}{time} {host + ' ' if host else ''}{program}{process}: {text}"
    assert_same("syslog", said, text)


@given(
    priority=st.integers(0, 191), time=st.sampled_from(["-", *TIMES[2:]]), host=OPTIONAL, program=OPTIONAL,
    process=st.one_of(st.just("-"), st.integers(0, 999_999_999).map(str)), number=OPTIONAL,
    data=st.sampled_from(["-", '[a@1 b="c"]', '[a@1 b="c" d="e \\"f\\""][g h="i"]']), text=TEXTS,
)  # fmt: skip
def test_new_headers_mean_the_same_in_files_and_over_the_network(
    priority: int, time: str, host: str, program: str, process: str, number: str, data: str, text: str
) -> None:  # fmt: skip
    said = f"<{priority}>1 {time} {host or '-'} {program or '-'} {process} {number or '-'} {data} {text}"
    assert_same("syslog_5424", said, text)


def assert_same(name: str, said: str, text: str) -> None:
    """A file's format and a network input find the same in a message."""
    header = parse_syslog(said)
    assert header is not None
    assert header[1] == text
    wanted = {key: re.sub(" +", " ", str(value)) for key, value in header[0].items()}
    found = IN_FILES[name].parse(said)
    assert found is not None
    assert found.pop("message") == text
    assert {
        key.removeprefix("attributes."): re.sub(" +", " ", str(value))
        for key, value in found.items()
    } == wanted
