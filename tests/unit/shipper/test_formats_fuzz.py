"""No text is too strange, and none too long, for any parser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.parsers.catalogue import Format, load_catalogue
from shipper.parsers.making import format_parser, make_parser
from shipper.parsers.time_patterns import TimePattern

CATALOGUE = load_catalogue()
FORMATS = list(CATALOGUE.formats.values())
TEXTS = [sample.text for one in FORMATS for sample in one.samples]
PIECES = st.sampled_from(
    ["[", "]", "(", ")", '"', "'", "\\", "{", "}", "=", "|", ":", "-", " - ", "\n", "\t", " ", "/",
     "INFO", "2026-10-10 13:55:36", "Oct 10 13:55:36", "CEF:0|", "LEEF:2.0|", '{"a":1}', "<34>1 ",
     "key=value", "203.0.113.7", "#Fields: ", "é",  "\0", "1791640536.123"]
)  # fmt: skip
SOUP = st.lists(PIECES, max_size=30).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A sample with a piece of it replaced."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(st.one_of(SOUP, st.text(max_size=20))) + text[end:]


STRANGE = st.one_of(st.text(max_size=300), SOUP, damaged())


def assert_storable(fields: dict[str, object] | None) -> None:
    """JSON values all through."""
    if fields is not None:
        assert all(isinstance(name, str) for name in fields)
        assert orjson.loads(orjson.dumps(fields)) == fields


@settings(max_examples=20)
@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
@given(texts=st.lists(STRANGE, min_size=1, max_size=5))
def test_no_text_is_too_strange_for_a_format(one: Format, texts: list[str]) -> None:
    parser = format_parser(one)
    for line in one.samples[0].before:
        parser.parse(line)
    for text in texts:
        assert_storable(parser.parse(text))


@given(texts=st.lists(STRANGE, min_size=1, max_size=30))
def test_no_text_is_too_strange_for_detection(texts: list[str]) -> None:
    parser = make_parser(FileInput(path=["x"]))
    for text in texts:
        assert_storable(parser.parse(text))


@settings(max_examples=50)
@given(columns=st.lists(st.text(max_size=5), max_size=5), texts=st.lists(STRANGE, max_size=5))
def test_no_row_is_too_strange(columns: list[str], texts: list[str]) -> None:
    for name in ("csv", "tsv"):
        parser = make_parser(FileInput(path=["x"], format=name, columns=columns))
        for text in texts:
            assert_storable(parser.parse(text))


HOSTILE = (
    "a", "a ", " ", "\t", "0", "1:", "1.", "-", "[", "]", "[a]", "] [", '"', '\\"', "\\", "'", "{", "}",
    "{{", "=", "a=", "a=b ", 'a="b" ', "a=b,", "|", "\\|", ":", "::", "a:", "/", "a/", "#", "# ", "<1>",
    "\n", "\na", "\n#a", "(a", " (a)", ",", ", client: ", "a.", "$", "A", "é", "\u202f", '[a b="c"]',
    "a{b}:", "\t{", "%20", "::a", "{a}", "0 0 ", "\nA=", "\nA",
)  # fmt: skip
SHORT, LONG = 4_000, 32_000
WORTH_A_LOOK_S = 0.004
CERTAIN_S = 2.0


def grows_too_fast(parse: Callable[[str], object], begin: str, piece: str) -> bool:
    """Whether eight times the length costs far more than eight times as much: sixty-four times.

    Single looks let the most of them go. What is left is added up over as much text in short ones as in
    long ones: a machine that halts for longer than a text takes halts in both.
    """
    long, short = (begin + piece * (length // len(piece)) for length in (LONG, SHORT))

    def cost_s(text: str) -> float:
        begun = time.process_time()
        parse(text)
        return time.process_time() - begun

    def is_too_much(enough_s: float) -> bool:
        long_s = short_s = 0.0
        while not long_s or long_s < enough_s:
            long_s += cost_s(long)
            short_s += max(sum(cost_s(short) for _ in range(8)) / 8, WORTH_A_LOOK_S / 20)
        return long_s > 30 * short_s

    if cost_s(long) < WORTH_A_LOOK_S:
        return False
    return all(is_too_much(enough_s) for enough_s in (0, 0, 0, 0, CERTAIN_S))


def test_a_cost_that_grows_with_the_square_is_seen() -> None:
    """What the checks after this one are worth."""
    assert grows_too_fast(re.compile(r"a*b").search, "", "a")
    assert not grows_too_fast(re.compile(r"a{1,60}b").search, "", "a")


def parts(one: Format) -> list[str]:
    """The begin of a sample, and two places to cut it at."""
    text = one.samples[0].text
    return ["", text[: len(text) // 3], text[: 2 * len(text) // 3], text]


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_the_cost_of_a_text_grows_with_its_length(one: Format) -> None:
    parser = format_parser(one)
    for line in one.samples[0].before:
        parser.parse(line)
    for begin in parts(one):
        for piece in HOSTILE:
            assert not grows_too_fast(parser.parse, begin, piece), (begin[-20:], piece)


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_text_is_no_burden_for_detection(piece: str) -> None:
    parser = make_parser(FileInput(path=["x"]))
    for begin in (
        "",
        "2026-10-10 13:55:36 ",
        "[2026-10-10T13:55:36,123]",
        "203.0.113.7 ",
        "<34>1 ",
    ):
        assert not grows_too_fast(parser.parse, begin, piece), begin


@settings(max_examples=50)
@given(
    form=st.text("yMdHhmsSaEzXVDQ'[]-/.:% %YmdHMSfpzZsjb", max_size=20), text=st.text(max_size=40)
)
def test_no_form_of_times_is_too_strange(form: str, text: str) -> None:
    try:
        pattern = TimePattern(form)
    except ConfigError:
        return
    found = pattern.read(text, UTC, 0)
    assert found is None or isinstance(found, int)


def test_a_day_behind_the_last_year_is_no_time() -> None:
    assert TimePattern("yyyy DDD").read("9999 999", UTC, 0) is None
    assert TimePattern("yyyy DDD").read("2026 000", UTC, 0) is None
