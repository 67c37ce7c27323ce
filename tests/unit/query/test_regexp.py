"""Do the automaton and the printer agree with Python's own regular expressions?"""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.query.automaton import Automaton
from logboom.query.regexp import MAX_DEPTH, MAX_LENGTH, parse_regexp, print_regexp
from tests.unit.query.drawing import regexps


@given(regexps(), st.lists(st.text("ab.c/5", max_size=6), min_size=1, max_size=10))
def test_it_matches_what_python_matches(pattern: str, texts: list[str]) -> None:
    automaton = Automaton(parse_regexp(pattern))
    python = re.compile(pattern, re.DOTALL)
    for text in texts:
        assert automaton.matches(text) == (python.fullmatch(text) is not None), (pattern, text)


@given(regexps())
def test_what_is_printed_prints_the_same_again(pattern: str) -> None:
    assert print_regexp(parse_regexp(pattern)) == pattern


@given(st.text('ab()[]{}|?*+.^$\\-,12/"~&@#<>é', max_size=15))
def test_any_pattern_is_read_or_refused(pattern: str) -> None:
    try:
        node = parse_regexp(pattern)
    except QueryError as error:
        outcome: str | QueryError = error
    else:
        outcome = print_regexp(node)
    if isinstance(outcome, str):
        assert print_regexp(parse_regexp(outcome)) == outcome
    else:
        assert outcome.position is not None
        assert outcome.position <= len(pattern)


@pytest.mark.parametrize(
    ("pattern", "printed", "lowered"),
    [
        ("Err.*", "Err.*", "err.*"),
        ("[A-F0-9]", "[0-9A-F]", "[0-9A-Fa-f]"),
        ("[^A-Z]", "[^A-Z]", "[^A-Za-z]"),
        ("[abc]", "[a-c]", "[a-c]"),
        ("É", "É", "é"),
        (r"\d\D", "[0-9][^0-9]", "[0-9][^0-9]"),
        (r"[\w.-]", r"[\-\.0-9A-Z_a-z]", r"[\-\.0-9A-Z_a-z]"),
        (r"\.\/\\", r"\.\/\\", r"\.\/\\"),
        ("(ab)(c)", "abc", "abc"),
        ("a|(b|c)", "a|b|c", "a|b|c"),
        ("x(a|b)", "x(a|b)", "x(a|b)"),
        ("(ab)*", "(ab)*", "(ab)*"),
        ("a{1}b{0,1}c{1,}d{2,4}e{3}", "a{1}b?c+d{2,4}e{3}", "a{1}b?c+d{2,4}e{3}"),
    ],
)
def test_there_is_one_form_for_all_engines(pattern: str, printed: str, lowered: str) -> None:
    node = parse_regexp(pattern)
    assert print_regexp(node) == printed
    assert print_regexp(node, lower_case=True) == lowered


def test_every_printable_character_means_itself_when_escaped() -> None:
    for sign in string.punctuation:
        assert Automaton(parse_regexp(f"\\{sign}")).matches(sign)
        assert Automaton(parse_regexp(f"[\\{sign}]")).matches(sign)


def test_a_dot_is_any_character() -> None:
    automaton = Automaton(parse_regexp("."))
    assert all(map(automaton.matches, ["a", "\n", "가", "😀"]))
    assert not automaton.matches("")
    assert not automaton.matches("ab")


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a.{450})*b", "(a?){400}b"]
)
def test_no_expression_takes_for_ever(pattern: str) -> None:
    assert not Automaton(parse_regexp(pattern)).matches("a" * 2000 + "c")


def test_it_forgets_steps_rather_than_grow() -> None:
    automaton = Automaton(parse_regexp("(.*a.{12})*x"))
    text = "".join("ab"[n * n % 7 % 2] for n in range(9000))
    assert not automaton.matches(text)
    assert automaton.matches("a" + "b" * 12 + "x")


def test_the_bounds() -> None:
    with pytest.raises(QueryError, match="1000 is the limit"):
        parse_regexp("a" * (MAX_LENGTH + 1))
    with pytest.raises(QueryError, match="50 deep"):
        parse_regexp("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))
    with pytest.raises(QueryError, match="too many"):
        Automaton(parse_regexp("(a{100}){100}"))


def test_repetitions_of_nothing_are_not_written_out() -> None:
    automaton = Automaton(parse_regexp("(" * 30 + "a{0}" + "){1000}" * 30 + "b"))
    assert automaton.matches("b")
    assert not automaton.matches("ab")
