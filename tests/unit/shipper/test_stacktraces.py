"""Traces as data: each is one event, takes nothing from its neighbours, and names its exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.framing import make_framing
from shipper.parsers.stacktrace import extract_error
from tests.traces.samples import ORDINARY, SAMPLES

UNCAUGHT = ("Exception in thread ", "Unhandled exception", "shop.rb:4:in ", "PHP Fatal error: ")


def events_of(text: str) -> list[str]:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=1_000_000)
    return framing.cut(text.encode(), ended=True).texts


@pytest.mark.parametrize("name", SAMPLES)
def test_a_trace_says_of_which_exception_it_is(name: str) -> None:
    text, kind, message = SAMPLES[name]
    for whole in (text, f"2026-11-21 06:24:28 ERROR a - failed\n{text}"):
        found = extract_error(whole)
        assert found is not None
        assert (found["error.type"], found.get("error.message")) == (kind, message)
        assert found["error.stack_trace"] in whole


LOGGED = "E, [2026-10-10T13:55:36.123456 #4711] ERROR -- shop: "


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (LOGGED, "no tea left"),
        ("", "no tea left"),
        ("2026-11-21 06:24:28 ERROR a - failed\n", "no tea left"),
        (LOGGED, "undefined method `tee' for nil\nDid you mean?  tea"),
    ],
)
@pytest.mark.parametrize("mark", ["`sell'", "'Shop#sell'"])
def test_what_rubys_logger_writes_of_an_exception_is_one(
    before: str, message: str, mark: str
) -> None:
    frames = f"/srv/app/shop.rb:4:in {mark}\n<internal:kernel>:187:in 'loop'\nshop.rb:9:in '<main>'"
    trace = f"{message} (Shop::NoStock)\n{frames}"
    assert events_of(f"{LOGGED}{trace}\n{LOGGED}fine\n") == [f"{LOGGED}{trace}", f"{LOGGED}fine"]
    assert extract_error(before + trace) == {
        "error.type": "Shop::NoStock", "error.message": message, "error.stack_trace": trace,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "see shop.rb (Shop)\n/srv/app/shop.rb:4",
        "no tea (left)\n/srv/app/shop.rb:4:in 'sell'",
        "tea (Shop)\nis at /srv/app/shop.rb:4:in 'sell'",
    ],
)
def test_a_place_in_a_program_of_ruby_alone_is_no_exception(text: str) -> None:
    assert extract_error(text) is None


@pytest.mark.parametrize(("kind", "behind"), [("MyErr", "Error"), ("TypeError", "ERR_X")])
def test_an_error_of_node_begins_with_its_own_name(kind: str, behind: str) -> None:
    trace = f"{kind} [{behind}]: outer\nsecond\n    at f (/x/a.js:2:9)\n\nNode.js v20.1.0"
    assert extract_error(f"/x/a.js:3\nthrow e;\n^\n\n{trace}") == {
        "error.type": kind, "error.message": "outer\nsecond", "error.stack_trace": trace,
    }  # fmt: skip


@pytest.mark.parametrize("access", ["store to", "load of misaligned"])
def test_what_an_undefined_access_points_at_is_part_of_it(access: str) -> None:
    report = (
        f"a.c:3:5: runtime error: {access} address 0x7ffd12 with insufficient space\n"
        "0x7ffd12: note: pointer points here\n 00 00 00 00  01 02 03 04\n              ^ "
    )
    assert events_of(f"started\n{report}\nready\n") == ["started", report, "ready"]
    found = extract_error(report)
    assert found is not None
    assert found["error.stack_trace"] == report


@pytest.mark.parametrize("word", ["Warning", "Notice", "Deprecated"])
def test_a_mere_warning_of_php_is_no_error(word: str) -> None:
    trace = "\nStack trace:\n#0 /srv/a.php(3): main()\n"
    assert extract_error(f"{word}: Undefined variable $a in /srv/a.php:3{trace}") is None
    both = extract_error(
        f"{word}: old\nPHP Fatal error:  Uncaught TypeError: no in /a.php:3{trace}"
    )
    assert both is not None
    assert both["error.type"] == "TypeError"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_trace_is_one_event(name: str) -> None:
    text = SAMPLES[name].text
    before, after = "2026-11-21 06:24:28 ERROR a - failed", "2026-11-21 06:24:29 INFO a - fine"
    first = [before, text] if text.startswith(UNCAUGHT) else [f"{before}\n{text}"]
    assert events_of(f"{before}\n{text}\n{after}\n") == [*first, after]


@pytest.mark.parametrize("following", ORDINARY)
@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "erlang"])
def test_what_follows_a_trace_is_no_part_of_it(name: str, following: str) -> None:
    text = SAMPLES[name].text
    assert events_of(f"started\n{text}\n{following}\nready\n") == [
        "started", text, following, "ready",
    ]  # fmt: skip


def test_a_report_of_erlang_ends_with_a_blank_line() -> None:
    text = SAMPLES["erlang"].text
    assert events_of(f"started\n{text}\n\nready\n") == ["started", text, "ready"]


def test_ordinary_lines_are_events_each() -> None:
    assert events_of("\n".join(ORDINARY)) == list(ORDINARY)


def test_objects_over_several_lines_are_events() -> None:
    one, two = '{\n  "a": {\n    "b": 1\n  }\n}', '{\n"c": 1,\n"d": [\n]\n}'
    assert events_of(f'{one}\n{two}\n{{"d":2}}\nplain\n') == [one, two, '{"d":2}', "plain"]


def test_an_object_that_is_whole_is_not_waited_for() -> None:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=1_000_000)
    assert framing.cut(b'{\n  "a": 1\n}\n', ended=False).texts == ['{\n  "a": 1\n}']


PARTS = st.sampled_from([
    "Traceback (most recent call last):", "  + Exception Group Traceback (most recent call last):", "\n",
    "a.b.", "C", ": ", "Error", "\tat ", " at ", "\tfrom ", "a.rb:1:in `x': ", " (E)", "panicked at ",
    "thread 'main' ", "goroutine 1 [", "panic: ", "\nStack trace:", " in /x.php:1", "Sanitizer: ",
    "==1==ERROR: ", ": runtime error: ", "Unhandled exception:\n", "** (", "** exception ", "  | ",
])  # fmt: skip


@given(st.lists(st.one_of(PARTS, st.text(max_size=3)), max_size=30))
def test_no_text_raises(parts: list[str]) -> None:
    found = extract_error("".join(parts))
    assert found is None or found["error.stack_trace"] in "".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 300_000 + "\n\tat x",
        "\n" + "A" * 600_000 + "\n\tat x",
        "\n" * 300_000 + "\tat x",
        " in " * 150_000 + "\nUncaught E: " + " in " * 150_000 + "\nStack trace:",
        "Traceback (most recent call last):\n" * 20_000,
        "x.rb:1:in `" * 50_000 + "\n\tfrom ",
        "thread 'a" * 60_000 + "\npanicked at ",
        "\tat (" * 150_000 + "\n",
    ],
    ids=range(8),
)
@pytest.mark.timeout(30)
def test_hostile_texts_take_linear_time(text: str) -> None:
    """If it were quadratic, it would take hours."""
    extract_error(text)
    assert "".join(events_of(text)).strip()
