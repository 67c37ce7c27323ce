"""No pattern and no text hangs, and what is done for speed changes nothing."""

from __future__ import annotations

import logging
import re
import signal
import threading
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.parsers.grok import GROK_TIMEOUT, Grok, PatternLibrary, TimedOut
from shipper.parsers.grok.effort import effort_of
from shipper.parsers.grok.expression import write_expression
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.syntax import read_expression
from shipper.parsers.grok.watch import process_watch, ticks_of
from shipper.parsers.making import make_parser

SETS = {"legacy": PatternLibrary.of("legacy"), "ecs-v1": PatternLibrary.of("ecs-v1")}
NAMES = [(name, pattern) for name, library in SETS.items() for pattern in library.names]
PIECES = (
    "a",
    "a.",
    "0",
    "a://",
    "1.2.3.",
    ":",
    "::",
    "/a",
    '"',
    "\\",
    "a-",
    " ",
    "%41",
    "a: ",
    "\t",
    "{",
    "0/",
)
HOSTILE = (
    "^(a+)+$",
    "(.*)*[x]",
    "(a|a)*[b]",
    "^(a|aa)+$",
    "(a*)*[b]",
    r"(?<x>a+)+\k<x>[c]",
    "^(?:.*,){12}[x]",
    "(a+a+)+[y]",
    "(.*)(.*)(.*)(.*)[x]",
)
"""None has a piece of text that it needs, and that would have to be there first."""


def effort(expression: str) -> str:
    tree = improve(read_expression(expression))
    return effort_of(tree, is_anchored=expression.startswith("^")).growth


def test_the_library_is_whole() -> None:
    assert len(SETS["legacy"].names) > 320
    assert len(SETS["ecs-v1"].names) > 360


@pytest.mark.parametrize(("set_name", "name"), NAMES)
def test_no_pattern_of_the_library_hangs(set_name: str, name: str) -> None:
    grok = Grok([f"^%{{{name}:x}}$"], SETS[set_name])
    assert grok.patterns[0].effort.growth != "exponential"
    for piece in PIECES:
        assert not isinstance(grok.match(piece * 60 + "\0"), TimedOut), piece
        assert not isinstance(grok.match(piece * 20 + " ://"), TimedOut), piece


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(NAMES), st.text(max_size=80), st.sampled_from(PIECES), st.integers(0, 400))
def test_any_text_is_a_value_for_any_pattern(
    pattern: tuple[str, str], text: str, piece: str, times: int
) -> None:
    set_name, name = pattern
    grok = Grok([f"%{{{name}:x}}"], SETS[set_name], budget_s=0.02)
    found = grok.match(text + piece * times + text)
    assert found is None or isinstance(found, TimedOut) or all(isinstance(k, str) for k in found)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_hostile_pattern_is_given_up(pattern: str) -> None:
    grok = Grok([pattern], SETS["legacy"], budget_s=0.02)
    assert isinstance(grok.match(("a," if "," in pattern else "a") * 5000 + "!"), TimedOut)
    assert grok.match("-") is None


def test_a_text_that_took_too_long_is_plain_text_with_a_tag() -> None:
    section = FileInput(path=["x"], format="grok", patterns=["^(a+)+$"], pattern_budget_ms=20)
    text = "a" * 50 + "!"
    assert make_parser(section).parse(text) == {"message": text, "tags": [GROK_TIMEOUT]}


def test_a_costly_pattern_is_tried_less_often_and_said_to_be_costly_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    grok = Grok(["^(a+)+$"], SETS["legacy"], budget_s=0.02)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert isinstance(grok.match("a" * 50 + "!"), TimedOut)
        rested = [isinstance(grok.match("a"), TimedOut) for _ in range(11)]
    assert rested == [True] * 10 + [False]
    assert len([record for record in caplog.records if "(a+)+" in record.getMessage()]) == 1


def test_a_text_that_cannot_take_long_is_matched_while_its_pattern_rests() -> None:
    pattern = "^%{DATA:a} %{DATA:b} %{DATA:c} %{DATA:d} %{DATA:e}[!]$"
    grok = Grok([pattern], SETS["legacy"], budget_s=0.02)
    for _ in range(3):
        assert isinstance(grok.match(" " * 2000), TimedOut)
    assert grok.match("1 2 3 4 5!") == dict(zip("abcde", "12345", strict=True))


def test_other_threads_cannot_be_interrupted_and_do_not_try() -> None:
    grok = Grok(["^(a+)+$"], SETS["legacy"])
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(grok.match("aaa")))
    thread.start()
    thread.join()
    assert isinstance(results[0], TimedOut)
    assert grok.match("aaa") == {}


def test_the_watch_lets_other_work_alone() -> None:
    watch = process_watch()
    assert process_watch() is watch
    assert watch.find(re.compile("a").match, "a", ticks_of(0.02)) is not None
    signal.raise_signal(signal.SIGVTALRM)
    for _ in range(10):
        watch.tick(signal.SIGVTALRM, None)


def test_an_error_in_a_search_does_not_leave_the_watch_waiting() -> None:
    watch = process_watch()

    def broken(_text: str) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        watch.find(broken, "", 1)
    for _ in range(10):
        watch.tick(signal.SIGVTALRM, None)


@pytest.mark.parametrize(
    ("expression", "growth"),
    [
        (r"^\d+ \S+ .*", "n"),
        (r"^[^;]*;[^;]*;.*", "n"),
        (r"^(?:\.\w+)*$", "n"),
        (r"^(?:a|b)*c", "n"),
        (r"^.*a.*b", "n^2"),
        (r"\w+x", "n^2"),
        (r"^.*a.*b.*c", "n^3"),
        (r"^(?:a+)+$", "exponential"),
        (r"^(?:a|a)*$", "exponential"),
        (r"^(?:a?)*$", "exponential"),
        (r"^(?>(?:a|ab)*)c", "exponential"),
        (r"^(?:a|a)*+b", "n"),
    ],
)
def test_the_growth_of_a_patterns_cost_is_known(expression: str, growth: str) -> None:
    assert effort(expression) == growth


def test_choices_that_do_not_grow_with_the_text_count_too() -> None:
    tree = improve(read_expression("^" + "a?" * 40 + "a" * 40))
    assert effort_of(tree, is_anchored=True).longest(1e6) == 0


_ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        ".",
        "[ab]",
        "[^a]",
        r"\w",
        r"\s",
        r"\b",
        "$",
        "(?=b)",
        "(?!a)",
        "(?<=a)",
        "-",
        r"\B",
        r"\Z",
    ]
)
_TIMES = st.sampled_from(
    ["", "", "", "*", "+", "?", "*?", "+?", "??", "*+", "?+", "{1,2}", "{2}", "{0,1}?"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.sampled_from(["(?<g>{})", "(?:{})", "(?>{})", "(?:{}|b)", "(?:a|{})", "(?:{}|)"])
    return st.builds(
        "".join,
        st.lists(
            st.builds(lambda g, e, t: g.format(e) + t, groups, inner, _TIMES)
            | st.builds(lambda a, t: a + (t if a[0] not in "($\\" or a in {r"\w", r"\s"} else ""), _ATOMS, _TIMES),
            min_size=1, max_size=4,
        ),
    )  # fmt: skip


_EXPRESSIONS = st.recursive(_ATOMS, _grown, max_leaves=6)
_TEXTS = ["".join(signs) for size in range(5) for signs in product("ab- \n"[:4], repeat=size)]


@settings(deadline=None, max_examples=100)
@given(_EXPRESSIONS)
def test_an_improved_pattern_matches_what_it_matched_before(expression: str) -> None:
    tree = read_expression(expression)
    before, after = write_expression(tree), write_expression(improve(tree))
    try:
        plain, improved = re.compile(before.text, re.DOTALL), re.compile(after.text, re.DOTALL)
    except re.error:
        return
    for text in (*_TEXTS, "ab\n", "a\n", "ba-ab", "aaab\n"):
        one, other = plain.search(text), improved.search(text)
        assert (one and (one.span(), one.groups())) == (other and (other.span(), other.groups())), (
            before.text, after.text, text,
        )  # fmt: skip


@given(st.text("ab()[]{}|*+?.^$\\:<>=!-,0 %kdwpxi", max_size=30))
def test_any_pattern_is_used_or_refused_with_a_reason(pattern: str) -> None:
    try:
        grok = Grok([pattern], SETS["legacy"], budget_s=0.02)
    except ConfigError:
        return
    grok.match("ab(0)")
