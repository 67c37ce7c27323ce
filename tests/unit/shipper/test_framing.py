"""Framing: every byte is accounted for, and traces become one event."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import MultilineSection
from shipper.framing import Framing
from tests.unit.shipper.cutting import SEED, framing, texts

BLANK = b" \t\n\r\x0b\f\0"


def test_every_line_is_an_event_without_multiline() -> None:
    assert texts("a\n b\n\nc", "none") == ["a", " b", "c"]


def test_lines_of_windows_lose_their_carriage_return() -> None:
    assert texts("a\r\nb\r\n", "none") == ["a", "b"]


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


def test_a_crash_of_go_behind_a_line_of_its_log_is_an_event() -> None:
    line = "2026/11/22 04:10:02 starting"
    stack = "\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:5 +0x1d\nexit status 2"
    signal = "\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]"
    crashes = [
        f"panic: boom\n\tpanic: again{stack}",
        f"fatal error: all goroutines are asleep - deadlock!{stack}",
        f"unexpected fault address 0x7f\nfatal error: fault{signal}{stack}",
        f"runtime: program exceeds 3-thread limit\nfatal error: thread exhaustion{stack}",
        f"SIGQUIT: quit\nPC=0x408b0e m=0 sigcode=0{stack}",
    ]
    for between in ("", '{"a":1}\n'):
        for crash in crashes:
            events = [*between.splitlines(), line, crash, line]
            assert texts("\n".join(events)) == events


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


STACK = GO.partition("\n\n")[2]


@pytest.mark.parametrize("trace", [JAVA, PYTHON, STACK, NODE], ids=["java", "python", "go", "node"])
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
        assert not data[place:start].strip(BLANK)
        assert end > start
        place = end
    assert not data[place:].strip(BLANK)


RULES: dict[str, object] = {
    "auto": "auto",
    "auto, grok": "auto, grok",
    "none": "none",
    "seed": SEED,
    "before": MultilineSection(pattern="^a", match="before"),
    "count": MultilineSection(count_lines=3),
    "block": MultilineSection(start="^a", end="^ b", max_lines=4),
    "flush": MultilineSection(pattern="^a", negate=True, flush_pattern="^ b", max_bytes=64),
}
LINES = st.lists(
    st.sampled_from([
        b"a\n", b" b\n", b"2026-01-01 x\n", b"\n", b"  \n", b'{"j":1}\n', b"{\n", b"}\n", b"at x(",
        b"Traceback (most recent call last):\n", b"E: x\n", b"panic: y\r\n", b"\xff\n", b"\r",
        b"Caused by: z\n", b"\tat a.B(c)\n", b"goroutine 1 [running]:\n", b"main.f()\n", b"\0\0\0\0",
        b"Jan 1, 2026 1:00:00 AM a b\n", b"SEVERE: c\n", b"INFO d\n", b"0123456789012345678901234567890",
        b"=ERROR REPORT====\n", b"Exception in thread \"m\" E\n", b"/a.js:3\n", b"  + Exception Group Traceback",
        b"a.bError: x\n", b"a.rb:1:in 'x': y (E)\n", b"\tfrom a.rb\n", b"<anonymous_script>:1\n", b"^\n",
        b"Unhandled exception. E: x\n", b"runtime: program exceeds \n", b"fatal error: \n", b"it said:\r\n",
        b"thread 'm' panicked at a.rs:1:2:\n", b"Traceback (most recent call last):\n  File\nE: y\n",
    ]),
    max_size=30,
)  # fmt: skip


class Cut(NamedTuple):
    """One event, with its span in the whole."""

    text: str
    span: tuple[int, int]
    lines: int
    tags: tuple[str, ...]


def in_pieces(cut: Framing, data: bytes, sizes: list[int]) -> tuple[list[Cut], int]:
    """Events and lines of data that comes bit by bit."""
    events: list[Cut] = []
    place = end = lines = 0
    while True:
        end = min(len(data), end + (sizes.pop() if sizes else len(data)))
        ended = end == len(data) and not sizes
        frames = cut.cut(data[place:end], ended=ended)
        for number, text in enumerate(frames.texts):
            span = (place + frames.starts[number], place + frames.ends[number])
            events.append(Cut(text, span, frames.lines[number], frames.tags.get(number, ())))
        lines += sum(frames.lines) + frames.empty_lines
        place += frames.consumed
        if ended:
            assert place == len(data)
            return events, lines


@pytest.mark.parametrize("name", RULES)
@given(
    parts=LINES,
    sizes=st.lists(st.integers(0, 40), max_size=30),
    limit=st.sampled_from([20, 60, 9000]),
)
def test_pieces_give_the_events_of_the_whole(
    name: str, parts: list[bytes], sizes: list[int], limit: int
) -> None:  # fmt: skip
    data = b"".join(parts)
    whole, lines = in_pieces(framing(RULES[name], limit), data, [])
    assert lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)
    assert in_pieces(framing(RULES[name], limit), data, sizes) == (whole, lines)
    again = framing(RULES[name], limit).cut_again(data, [event.span for event in whole])
    assert again.texts == [event.text for event in whole]


@given(
    st.binary(max_size=300), st.lists(st.integers(0, 40), max_size=30), st.sampled_from([*RULES])
)
def test_any_bytes_in_any_pieces_are_accounted_for(
    data: bytes, sizes: list[int], name: str
) -> None:  # fmt: skip
    whole, lines = in_pieces(framing(RULES[name], 40), data, [])
    assert in_pieces(framing(RULES[name], 40), data, sizes) == (whole, lines)
    assert lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)


@pytest.mark.parametrize("multiline", ["auto", "none", SEED], ids=["auto", "none", "pattern"])
def test_a_huge_line_is_cut_and_what_follows_goes_on(multiline: object) -> None:
    """100 MB with a bound of 900 kB, scaled down by a hundred; what is held back stays bounded."""
    limit, piece = 9_000, b"x" * 5_000
    cut = framing(multiline, limit)
    pending, count, size = b"2026-01-01 a\n", 0, 0
    for _ in range(200):
        pending += piece
        frames = cut.cut(pending, ended=False)
        pending = pending[frames.consumed :]
        count += sum(frames.lines)
        size += sum(map(len, frames.texts))
        assert len(pending) <= 2 * limit
    frames = cut.cut(pending + b"\n2026-01-02 b\n", ended=True)
    assert frames.texts[-1] == "2026-01-02 b"
    assert count + sum(frames.lines) == 3
    assert size + sum(map(len, frames.texts)) == 1_000_000 + 2 * len("2026-01-01 a")


def test_a_file_without_line_breaks_is_one_event_at_its_end() -> None:
    assert framing().cut(b"all there is", ended=False).consumed == 0
    frames = framing().cut(b"all there is", ended=True)
    assert (frames.texts, frames.lines) == (["all there is"], [1])
    assert frames.tags == {0: ("unterminated",)}


def test_a_carriage_return_alone_ends_no_line() -> None:
    assert texts("a\rb\r\nc\r\n") == ["a\rb", "c"]


def test_runs_of_nul_bytes_are_no_text() -> None:
    frames = framing().cut(b"a" + b"\0" * 40_000 + b"b\0c\n" + b"\0" * 5000 + b"\nd\n", ended=True)
    assert frames.texts == ["ab\0c", "d"]
    assert "nul_bytes" in frames.tags[0]
    assert sum(frames.lines) + frames.empty_lines == 3
