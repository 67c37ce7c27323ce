"""Framing: every byte is accounted for, and traces become one event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput, MultilineSection
from logboom.errors import ConfigError
from shipper.framing import Framing, make_framing

SEED = MultilineSection(pattern=r"^\d{4}-\d{2}-\d{2}", negate=True, match="after")


def framing(multiline: object = "auto", limit: int = 100_000) -> Framing:
    section = FileInput(path=["x"], multiline=multiline)  # type: ignore[arg-type]
    return make_framing(section, max_event_bytes=limit)


def texts(data: str, multiline: object = "auto") -> list[str]:
    return framing(multiline).cut(data.encode(), ended=True).texts


def test_every_line_is_an_event_without_multiline() -> None:
    assert texts("a\n b\n\nc", "none") == ["a", " b", "c"]


def test_lines_of_windows_lose_their_carriage_return() -> None:
    assert texts("a\r\nb\r\n", "none") == ["a", "b"]


def test_a_pattern_that_begins_an_event_joins_the_others_after_it() -> None:
    lines = "2026-01-01 one\n  more\n2026-01-02 two\nrest\n"
    assert texts(lines, SEED) == ["2026-01-01 one\n  more", "2026-01-02 two\nrest"]


@pytest.mark.parametrize(
    ("negate", "match", "expected"),
    [
        (False, "after", ["a\nb\nb", "c\nb"]),
        (False, "before", ["a", "b\nb\nc", "b"]),
        (True, "after", ["a", "b", "b\nc", "b"]),
        (True, "before", ["a\nb", "b", "c\nb"]),
    ],
)
def test_negate_and_match_mean_what_filebeat_documents(
    negate: bool, match: str, expected: list[str]
) -> None:
    rule = MultilineSection(pattern="^b", negate=negate, match=match)  # type: ignore[arg-type]
    assert texts("a\nb\nb\nc\nb\n", rule) == expected


def test_a_wrong_pattern_is_named() -> None:
    with pytest.raises(ConfigError, match=r"multiline.pattern.*\(\["):
        framing(MultilineSection(pattern="(["))


JAVA = """java.lang.IllegalStateException: outer
\tat a.B.c(B.java:1)
Caused by: java.io.IOException: inner
\tat d.E.f(E.java:2)
\t... 12 more
\tSuppressed: java.lang.Error: s"""
PYTHON = """Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    f()
ValueError: y"""
GO = """panic: boom

goroutine 1 [running]:
main.f(...)
\t/tmp/x.go:5
main.main()
\t/tmp/x.go:9 +0x1d
exit status 2"""
NODE = """TypeError: x is not a function
    at Object.<anonymous> (/app/a.js:3:1)
    at node:internal/main:1:2"""


@pytest.mark.parametrize("trace", [JAVA, PYTHON, GO, NODE], ids=["java", "python", "go", "node"])
def test_a_bare_trace_is_one_event(trace: str) -> None:
    assert texts(f"before\n{trace}\nafter\n")[1:] == [trace, "after"]


@pytest.mark.parametrize("trace", [JAVA, PYTHON, GO, NODE], ids=["java", "python", "go", "node"])
def test_a_trace_belongs_to_the_entry_before_it(trace: str) -> None:
    first = f"2026-01-01 00:00:00,000 ERROR x - failed\n{trace}"
    second = "2026-01-01 00:00:01,000 INFO x - fine"
    assert texts(f"{first}\n{second}\n") == [first, second]


def test_json_lines_are_events_each_at_once() -> None:
    frames = framing().cut(b'{"a":1}\n{"b":2}\n{"c"', ended=False)
    assert frames.texts == ['{"a":1}', '{"b":2}']
    assert frames.consumed == 16


def test_an_entry_that_may_go_on_is_held_back() -> None:
    frames = framing().cut(b"2026-01-01 00:00:00 a\n", ended=False)
    assert frames.texts == []
    assert frames.consumed == 0


def test_an_event_over_the_bound_is_cut_and_flagged() -> None:
    frames = framing("none", limit=1000).cut(b"x" * 2500 + b"\n", ended=True)
    assert "".join(frames.texts) == "x" * 2500
    assert frames.tags[0] == ("truncated",)
    assert sum(frames.lines) == 1


def test_bytes_that_are_no_text_stay_visible_and_are_flagged() -> None:
    frames = framing("none").cut(b"caf\xe9\n", ended=True)
    assert frames.texts == ["caf\\xe9"]
    assert "invalid_encoding" in frames.tags[0]


@given(st.binary(max_size=400), st.sampled_from(["auto", "none", SEED]), st.integers(20, 60))
def test_every_byte_is_in_an_event_or_an_empty_line(
    data: bytes, multiline: object, limit: int
) -> None:
    frames = framing(multiline, limit).cut(data, ended=True)
    assert frames.consumed == len(data)
    place = 0
    for start, end in zip(frames.starts, frames.ends, strict=True):
        assert start >= place
        assert not data[place:start].strip()
        assert end > start
        place = end
    assert not data[place:].strip()


@given(
    st.lists(st.sampled_from([b"a\n", b" b\n", b"2026-01-01 x\n", b"\n", b'{"j":1}\n', b"at x("]), max_size=30),
    st.sampled_from(["auto", "none", SEED]),
)  # fmt: skip
def test_lines_are_counted_once_however_they_are_cut(parts: list[bytes], multiline: object) -> None:
    data = b"".join(parts)
    cut = framing(multiline)
    place = lines = 0
    for end in range(0, len(data) + 1, 7):
        frames = cut.cut(data[place:end], ended=False)
        place += frames.consumed
        lines += sum(frames.lines) + frames.empty_lines
    frames = cut.cut(data[place:], ended=True)
    lines += sum(frames.lines) + frames.empty_lines
    assert lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)
