"""Dissect does what Logstash's filter does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.parsers.dissect import Dissection
from shipper.parsers.making import make_parser


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%{a} %{b}", "1 2 3", {"a": "1", "b": "2 3"}),
        ("<%{pri}>%{ts} %{+ts} %{+ts} %{src} %{msg}", "<7>Mar 16 00:01:25 web hello there",
         {"pri": "7", "ts": "Mar 16 00:01:25", "src": "web", "msg": "hello there"}),
        ("%{a} %{+a/2} %{+a/1} %{b}", "1 2 3 4", {"a": "1 3 2", "b": "4"}),
        ("%{+a/2} %{+a/4} %{+a/1} %{+a/3}", "1 2 3 go", {"a": "3 1 go 2"}),
        ("%{a->} %{b}", "1     2", {"a": "1", "b": "2"}),
        ("%{a->}|%{b}", "1|||2", {"a": "1", "b": "2"}),
        ("%{a}|%{b}|%{c}", "1||3", {"a": "1", "b": "", "c": "3"}),
        ("%{} %{?also} %{b}", "1 2 3", {"b": "3"}),
        ("%{*k}=%{&k}", "colour=red", {"colour": "red"}),
        ("%{?k}: %{&k}", "colour: red", {"colour": "red"}),
        ("%{->} %{b}", "x    y", {"b": "y"}),
        ("%{?skipped->}|%{b}", "a||||b", {"b": "b"}),
        ("%{+a/2->} %{+a/1} %{b}", "1    2 3", {"a": "2 1", "b": "3"}),
        ("%{*k->} %{&k}", "colour     red", {"colour": "red"}),
        ("%{&k}=%{*k}", "red=colour", {"colour": "red"}),
        ("%{a}:%{+a}-%{+a} %{b}", "1:2-3 4", {"a": "1:2-3", "b": "4"}),
        ("[%{a}] %{b}!", "[x] y!", {"a": "x", "b": "y"}),
        ("%{[http][version]} %{@timestamp}", "2 now", {"http.version": "2", "@timestamp": "now"}),
        ("%{a}, %{b}", "가, 나\n다", {"a": "가", "b": "나\n다"}),
    ],
)  # fmt: skip
def test_a_pattern_finds_its_fields(pattern: str, text: str, expected: dict[str, str]) -> None:
    assert Dissection(pattern).match(text) == expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[%{a}] %{b}", "x] y"),
        ("[%{a}] %{b}", "[x y"),
        ("%{a} %{b}!", "x y"),
        ("%{a} %{b}!", "x y! and more"),
        ("%{a}|%{b}", ""),
    ],
)
def test_a_missing_or_left_over_part_is_a_miss(pattern: str, text: str) -> None:
    assert Dissection(pattern).match(text) is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("no fields", "names no field"),
        ("%{a}%{b}", "nothing between"),
        ("%{a b} %{c}", "is no field"),
        ("%{+} %{c}", "is no field"),
        ("%{&v} %{c}", "needs"),
    ],
)
def test_a_pattern_that_cannot_work_is_explained(pattern: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Dissection(pattern)


def test_an_input_takes_the_first_pattern_that_fits_and_short_names_are_ecs() -> None:
    patterns = ["%{timestamp} [%{level}] %{logger}: %{message}", "%{level}: %{text}"]
    parser = make_parser(FileInput(path=["x"], format="dissect", patterns=patterns))
    first: dict[str, Any] | None = parser.parse("2026-11-21T06:24:28Z [WARN] a.b: slow")
    assert first == {
        "@timestamp": "2026-11-21T06:24:28Z", "log.level": "WARN", "log.logger": "a.b",
        "message": "slow",
    }  # fmt: skip
    assert parser.parse("INFO: hello") == {
        "log.level": "INFO", "text": "hello", "message": "INFO: hello",
    }  # fmt: skip
    assert parser.parse("nothing of that") is None


@given(st.lists(st.text(st.characters(exclude_characters="|"), max_size=8), min_size=3, max_size=3))
def test_what_was_joined_is_taken_apart(values: list[str]) -> None:
    found = Dissection("%{a}|%{b}|%{c}").match("|".join(values))
    assert found == dict(zip("abc", values, strict=True))


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_the_pattern_and_the_text_nothing_else_is_raised(pattern: str, text: str) -> None:
    try:
        dissection = Dissection(pattern)
    except ConfigError:
        return
    dissection.match(text)
