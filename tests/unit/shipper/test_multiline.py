"""The settings of `multiline`: what they join, and which patterns are taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from logboom.config import MultilineSection
from logboom.errors import ConfigError
from shipper.framing.searching import make_test
from tests.unit.shipper.cutting import SEED, framing, texts


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
    rule = MultilineSection(pattern="^b", negate=negate, match=match)
    assert texts("a\nb\nb\nc\nb\n", rule) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"count_lines": 2}, ["a\nb", "b\nc", "b"]),
        ({"type": "count", "count_lines": 3}, ["a\nb\nb", "c\nb"]),
        ({"start": "^a", "end": "^c"}, ["a\nb\nb\nc", "b"]),
        ({"start": "^b", "end": "^c"}, ["a", "b", "b\nc", "b"]),
        ({"type": "while_pattern", "pattern": "^b"}, ["a", "b\nb", "c", "b"]),
        ({"pattern": "^a", "negate": True, "flush_pattern": "^c"}, ["a\nb\nb\nc", "b"]),
        ({"pattern": "^b", "max_lines": 2}, ["a\nb", "b", "c\nb"]),
    ],
    ids=str,
)
def test_the_other_settings_mean_what_the_page_says(
    settings: dict[str, object], expected: list[str]
) -> None:
    rule = MultilineSection.model_validate(settings)
    assert texts("a\n\nb\nb\nc\nb\n".replace("\n\n", "\n"), rule) == expected


@pytest.mark.parametrize(
    "settings",
    [{}, {"pattern": "a", "count_lines": 2}, {"start": "a"}, {"type": "count", "pattern": "a"}],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MultilineSection.model_validate(settings)


def test_an_event_is_cut_at_the_bytes_of_its_section() -> None:
    rule = MultilineSection(pattern="^ ", max_bytes=64)
    frames = framing(rule).cut(b"a\n" + b" 23456789012345678901234567890\n" * 3, ended=True)
    assert [len(text) for text in frames.texts] == [63, 30]
    assert frames.tags == {0: ("truncated", "multiline")}


@pytest.mark.parametrize("pattern", [r"^\d{4}-\d{2}", r"^\[", r"^\s*x", r"^a|b", r"x$", r"^[^ ]"])
@given(data=st.lists(st.sampled_from(["2026-01 a", " x", "[b", "b", "", "xx"]), max_size=12))
def test_a_pattern_is_looked_for_in_each_line_alone(pattern: str, data: list[str]) -> None:
    expected: list[list[str]] = []
    for line in data:
        if not expected or re.search(pattern, line) is not None:
            expected.append([])
        expected[-1].append(line)
    joined = ["\n".join(lines).lstrip("\n").rstrip("\n") for lines in expected]
    rule = MultilineSection(pattern=pattern, negate=True)
    assert texts("\n".join(data), rule) == [text for text in joined if text]


def test_a_wrong_pattern_is_named() -> None:
    with pytest.raises(ConfigError, match=r"multiline.pattern.*\(\["):
        framing(MultilineSection(pattern="(["))


@pytest.mark.parametrize(
    "settings",
    [
        {"pattern": "^(a+)+$"},
        {"pattern": "^(a+)+$", "type": "while_pattern"},
        {"pattern": "^[a-z]+[a-z]+[a-z]+=", "negate": True},
        {"pattern": "^x", "flush_pattern": "(a?){30}a{30}"},
        {"start": "^(a+)+$", "end": "^x"},
        {"start": "^x", "end": "(a*)*b"},
    ],
)
def test_a_pattern_that_could_take_far_too_long_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"multiline\.\w+: .* steps on a line of n bytes \("):
        framing(MultilineSection(**settings))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:",
        r"^\w+\s\w+\s+\d+",
        r"^\S+ \S+ \S+ \[",
        r"^\[?\d{1,4}[-/]\d{1,2}",
        r"\\$",
        "^Grüße",
    ],
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert framing(MultilineSection(pattern=pattern)).cut(b"a\nb\n", ended=True).consumed == 4


SEVERAL_GAPS = [
    r"^.*Exception.*:.*$", r"^.*(Exception|Error).*:.*$", r"^(.*Caused.*:.*)$", r".+a.+:.+",
    r"^at\s.*a:.*7$", r"(?i)^.*exception.*AT.*$", r"^.*a$.*", r"a.*?:.*?7", r"^a{2}.*:.{2}.*\d.*$",
]  # fmt: skip


@given(
    pattern=st.sampled_from(SEVERAL_GAPS),
    parts=st.lists(st.sampled_from(["Exception", "Error", "Caused", "at ", "a", ":", " ", "7"])),
)
def test_a_pattern_with_several_gaps_is_found_where_it_matches(
    pattern: str, parts: list[str]
) -> None:
    line = "".join(parts).encode()
    is_found = make_test(pattern, "utf-8", where="here")
    assert is_found(line) == (re.search(pattern.encode(), line) is not None)


def test_a_pattern_with_several_gaps_looks_at_long_lines_as_a_whole() -> None:
    is_found = make_test(r"^.*Exception.*:.*$", "utf-8", where="here")
    assert not is_found(b"Exception" * 100_000)
    assert is_found(b"Exception" * 100_000 + b": no")


def test_a_pattern_that_begins_with_anything_is_tried_once_a_line() -> None:
    rule = MultilineSection(pattern=".*ERROR.*foo$", match="after")
    line = "ERROR" * 10_000
    assert texts(f"one\n{line}\nan ERROR in foo\n", rule) == ["one", f"{line}\nan ERROR in foo"]


def test_a_pattern_is_looked_for_in_the_front_of_a_line_when_it_takes_quadratic_time() -> None:
    rule = MultilineSection(pattern="(ab+)+x", match="after")
    near, far = "ab" * 500 + "x", "ab" * 5000 + "x"
    assert texts(f"one\n{near}\n{far}\n", rule) == [f"one\n{near}", far]
