"""Does a rule of the configuration say of an event that it is an error, or that it is none?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from logboom.config.tagging import ErrorRuleSection
from logboom.event import Event, stored_at
from logboom.fields import FieldType, resolve
from logboom.query.automaton import Automaton
from logboom.query.lucene import parse_query
from logboom.query.memory import Matcher, compile_query
from logboom.query.regexp import Characters, Repeat, parse_regexp, print_regexp
from logboom.query.regexp import Sequence as Parts

_LOOKED_AT = 10_000
_ANYTHING = Repeat(Characters((), negated=True), 0, None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says: the name of the rule, and whether the event is an error."""

    rule: str
    error: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    verdict: Verdict
    tests: tuple[Matcher, ...]


class ErrorRules:
    """The rules of the configuration, the first that matches decides.

    Args:
        sections: As the configuration has them.
    """

    def __init__(self, sections: Sequence[ErrorRuleSection]) -> None:
        self._rules = [_made(section) for section in sections]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, event: Event) -> Verdict | None:
        """What the rules say of an event; None when none of them matches."""
        for rule in self._rules:
            if all(test(event) for test in rule.tests):
                return rule.verdict
        return None


def _made(section: ErrorRuleSection) -> _Rule:
    tests: list[Matcher] = []
    if section.services:
        tests.append(_of_services(section.services))
    if section.where is not None:
        tests.append(compile_query(parse_query(section.where, now_ns=0)))
    if section.pattern is not None:
        tests.append(_with_pattern(section.field, section.pattern))
    return _Rule(Verdict(section.name, section.error), tuple(tests))


def _of_services(names: Sequence[str]) -> Matcher:
    joined = "|".join(".*".join(map(re.escape, re.split(r"\*+", name))) for name in names)
    matches = re.compile(joined).fullmatch
    path = ("service", "name")

    def test(event: Event) -> bool:
        name = stored_at(event, path)
        return isinstance(name, str) and matches(name[:_LOOKED_AT]) is not None

    return test


def _with_pattern(field: str, pattern: str) -> Matcher:
    """The pattern anywhere in the field, in linear time; texts in any case."""
    name, kind = resolve(field)
    is_text = kind is FieldType.TEXT
    node = parse_regexp(pattern)
    if is_text:
        node = parse_regexp(print_regexp(node, lower_case=True))
    matches = Automaton(Parts((_ANYTHING, node, _ANYTHING))).matches
    path = name.split(".")

    def test(event: Event) -> bool:
        value = stored_at(event, path)
        if isinstance(value, dict | list) or value is None:
            return False
        text = str(value)[:_LOOKED_AT]
        return matches(text.lower() if is_text else text)

    return test
