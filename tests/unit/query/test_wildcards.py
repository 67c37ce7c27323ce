"""Do wildcards match what they say, in time that does not explode?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.query.model import And, Query, Term, Wildcard
from logboom.query.wildcards import by_words, is_everything, signs, to_regex
from tests.unit.query.drawing import patterns


def matches_slowly(pattern: list[tuple[str, bool]], text: str) -> bool:
    """By definition: `*` takes any number of characters, one after the other."""
    if not pattern:
        return not text
    (sign, is_wildcard), rest = pattern[0], pattern[1:]
    if is_wildcard and sign == "*":
        return any(matches_slowly(rest, text[place:]) for place in range(len(text) + 1))
    return bool(text) and (is_wildcard or text[0] == sign) and matches_slowly(rest, text[1:])


@given(patterns(st.sampled_from(["a", "b", "ab", "*", "?", "\\"])), st.text("ab*?\\\n", max_size=7))
def test_wildcards_match_by_their_definition(pattern: str, text: str) -> None:
    found = re.compile(to_regex(pattern), re.DOTALL).fullmatch(text) is not None
    assert found == matches_slowly(list(signs(pattern)), text)


def test_many_stars_do_not_explode() -> None:
    pattern = re.compile(to_regex("*a" * 200 + "*b"), re.DOTALL)
    assert pattern.fullmatch("a" * 5000) is None


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*", True), ("***", True), ("*?", False), (r"\*", False)]
)
def test_only_stars_are_everything(pattern: str, expected: bool) -> None:
    assert is_everything(pattern) is expected


def wild(pattern: str) -> Wildcard:
    return Wildcard("message", pattern)


@pytest.mark.parametrize(
    ("pattern", "query", "is_noted"),
    [
        ("conn*", wild("conn*"), False),
        ("Conn*", wild("conn*"), False),
        ("*.log", Term("message", "log"), False),
        ("java.lang.*", Term("message", "java lang"), False),
        ("*-java.lang-*", Term("message", "java lang"), False),
        ("a-b*-c.d", And((Term("message", "a"), wild("b*"), Term("message", "c d"))), True),
        ("a*_b?", And((wild("a*"), wild("b?"))), True),
        ("ΟΔΟΣ*", wild("οδοσ*"), False),
        ("*--*", None, True),
        ("오류*", wild("오류*"), False),
    ],
)
def test_a_pattern_on_a_text_is_matched_word_by_word(
    pattern: str, query: Query | None, is_noted: bool
) -> None:
    found, note = by_words("message", pattern)
    assert found == query
    assert (note is not None) == is_noted
