"""Patterns and ranges of strings mean to tantivy what they mean in the query model."""

from __future__ import annotations

import json
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantivy import Index, Query, SchemaBuilder

from logboom.errors import QueryError
from logboom.query.automaton import Automaton
from logboom.query.lucene import parse_query
from logboom.query.model import Range, Regex
from logboom.query.regexp import parse_regexp
from logboom.query.wildcards import to_regex
from logboom.store.local import patterns
from logboom.store.local.leaves import leaf
from logboom.store.local.tokens import PRESENT_TOKEN, tokens, tokens_text
from logboom.store.local.translate import Translator

VALUES = sorted(
    {
        "", "a", "aa", "ab", "abc", "abd", "ac", "b", "ba", "z", "A", "*", "?", "a*b", "a.b", "a\\b",
        "a\nb", "\0", "\0a", "ä", "äb", "한국", "한글", "\ud7ff", "\ue000", "\U0010ffff", "a\U0010ffff", "-",
        "[x]", "{1}", "^a$", "#&~", "a b", "1", "10", "9",
    }
)  # fmt: skip
SCHEMA = SchemaBuilder().add_text_field("v", tokenizer_name="raw", index_option="basic").build()


@pytest.fixture(scope="module")
def index() -> Index:
    index = Index(SCHEMA)
    writer = index.writer(15_000_000, 1)
    for value in VALUES:
        writer.add_json(json.dumps({"v": value}))
    writer.commit()
    index.reload()
    return index


def matched(index: Index, pattern: str) -> set[str]:
    terms = index.searcher().terms_with_prefix("v", "", Query.regex_query(SCHEMA, "v", pattern))
    return {term for term, _ in terms}


SOME = st.sampled_from(VALUES) | st.text(alphabet="ab*?\\ä한\ud7ff\ue000\U0010ffff.[", max_size=3)


@given(pattern=SOME)
def test_wildcards(index: Index, pattern: str) -> None:
    expected = re.compile(to_regex(pattern), re.DOTALL)
    assert matched(index, patterns.from_wildcard(pattern)) == {
        value for value in VALUES if expected.fullmatch(value)
    }


EXPRESSIONS = st.sampled_from(
    ["a.*", ".", ".*", "[a-c]+", "[^a]*", "(a|b){2}", "a?b*", "\\w+", "\\d{1,2}", "\\S+", "[*?]",
     "a\\*b", "한.", "[가-힣]+", "[^\\d]", "(ab|a)(c|d)?", "a\\.b", "\\[x\\]", "[\\w*]+", "x{0}a"]
)  # fmt: skip


@given(expression=EXPRESSIONS)
def test_regular_expressions(index: Index, expression: str) -> None:
    expected = Automaton(parse_regexp(expression))
    assert matched(index, patterns.from_regexp(expression)) == {
        value for value in VALUES if expected.matches(value)
    }


@given(lower=st.none() | SOME, upper=st.none() | SOME, include=st.tuples(*[st.booleans()] * 2))
def test_ranges_of_strings_go_by_code_points(
    index: Index, lower: str | None, upper: str | None, include: tuple[bool, bool]
) -> None:
    query = Range("v", lower, upper, include_lower=include[0], include_upper=include[1])
    pattern = patterns.from_ends(query)
    expected = {
        value
        for value in VALUES
        if (lower is None or value > lower or (include[0] and value == lower))
        and (upper is None or value < upper or (include[1] and value == upper))
    }
    assert (set() if pattern is None else matched(index, pattern)) == expected


def test_a_pattern_without_end_is_refused() -> None:
    with pytest.raises(QueryError, match="at most"):
        patterns.from_wildcard("*" * 2000)


@pytest.mark.parametrize("pattern", ["(.{0,1000}){0,1000}", "[^x]*a.{12}"])
def test_a_pattern_with_too_many_ways_is_refused_with_what_to_write(pattern: str) -> None:
    with pytest.raises(QueryError, match="more ways to match") as caught:
        leaf(Regex("service.name", pattern), "service.name")
    assert "smaller numbers" in (caught.value.suggestion or "")
    assert "limit of" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a OR service:/[^x]*a.{12}/", 13), ("a /[^x]*a.{12}/", 2), ("level:/[^x]*a.{12}/", 6),
        ("b AND NOT host:*a????????????", 15), ("x *a????????????", 2), ("attributes.n:/.{900}/", 13),
    ],
)  # fmt: skip
def test_a_pattern_with_too_many_ways_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(QueryError, match="more ways to match") as caught:
        Translator().translate(parse_query(text, now_ns=0))
    assert caught.value.position == position
    assert f"character {position + 1}" in str(caught.value)
    assert "smaller numbers" in (caught.value.suggestion or "")


@given(st.lists(st.text(max_size=40), min_size=2, max_size=2, unique=True))
def test_different_values_have_different_tokens(values: list[str]) -> None:
    assert tokens(values[0]) != tokens(values[1])
    assert tokens(values[0]) == tokens(values[0])


@pytest.mark.parametrize("length", [16, 32])
def test_tokens_of_hexadecimal_ids_depend_on_every_digit(length: int) -> None:
    value = "4bf92f3577b34da6a3ce929d0e0e4736"[:length]
    for at in range(length):
        other = value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
        assert tokens(other) != tokens(value)
    assert tokens(value.upper()) != tokens(value)


@given(st.text(max_size=40))
def test_the_text_of_tokens_is_their_list(value: str) -> None:
    assert orjson.loads(tokens_text(value)) == [*tokens(value), PRESENT_TOKEN]
