"""Matchers: how they are written, and what they match."""

from __future__ import annotations

import pytest

from logboom.matching import Matcher, equal_to, match_all, parse_matcher

LABELS = {"severity": "high", "service.name": "shop-a", "path": 'a"b\\c'}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("severity=high", True),
        ('severity = "high"', True),
        ("severity!=high", False),
        ("severity=~hi", False),
        ("severity=~hi.*", True),
        ("severity!~low|medium", True),
        ("severity=error", True),
        ("severity!=error", False),
        ('severity=~"error|page"', True),
        ('severity!~"error|page"', False),
        ("severity=warning", False),
        ("severity=HIGH", True),
        ("severity!=Error", False),
        ('severity=~"ERR.*"', True),
        ('severity!~"High|x"', False),
        ("service.name=Shop-a", False),
        ("severity=~.*", True),
        ('service.name=~"shop-[ab]"', True),
        ("team=", True),
        ('team!=""', False),
        ('team=~".+"', False),
        (r'path="a\"b\\c"', True),
        (r'service.name=~"shop\-a"', True),
    ],
)
def test_matching(text: str, matches: bool) -> None:
    matcher = parse_matcher(text)
    assert matcher.matches(LABELS) == matches
    assert parse_matcher(str(matcher)) == matcher


@pytest.mark.parametrize("text", ["", "severity", "=x", "a b=c", "a=~(", 'a="' + "x" * 500 + '"'])
def test_what_is_no_matcher(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|pattern"):
        parse_matcher(text)


def test_a_pattern_that_takes_too_long_matches_nothing() -> None:
    labels = {"a": "x" * 200_000 + "!"}
    for operator in ("=~", "!~"):
        assert not Matcher("a", operator, "(x+x+)+y").matches(labels)


@pytest.mark.parametrize("word", ["High", "ERROR"])
def test_severities_are_the_same_in_capitals(word: str) -> None:
    for text in ("severity=high", "severity=error", "severity=Error", 'severity=~"hi.*"'):
        assert parse_matcher(text).matches({"severity": word}), text
        assert not parse_matcher("severity=medium").matches({"severity": word})


def test_all_of_them() -> None:
    assert match_all(equal_to({"severity": "high"}), LABELS)
    assert not match_all([*equal_to({"severity": "high"}), parse_matcher("team=x")], LABELS)
