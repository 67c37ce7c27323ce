"""Do labels match, as `severity="critical"` or `service.name=~"shop-.*"` say?

Source: matchers of Prometheus Alertmanager, https://prometheus.io/docs/alerting/latest/configuration/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast

import regex

from logboom.severities import words_for

MOST_CHARACTERS: Final = 500
_TRIED_FOR_S: Final = 0.05
_SEVERITY: Final = "severity"
_MATCHER = re.compile(r"\s*([^\s=!~\"'{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Operator = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label.

    Attributes:
        label: Its name; a label that is not there is the empty text. Of a severity every word that
            means it counts, in capitals or not.
        operator: `=` and `!=` compare the text, `=~` and `!~` a pattern with the whole text.
        value: The text or the pattern.
    """

    label: str
    operator: Operator
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fulfil it."""
        text = labels.get(self.label, "")
        is_severity = self.label == _SEVERITY
        texts = words_for(text.lower()) if is_severity else (text,)
        if self.operator in {"=", "!="}:
            value = self.value.lower() if is_severity else self.value
            return (value in texts) == (self.operator == "=")
        flags = regex.IGNORECASE if is_severity else 0
        fits = {_fits(self.value, one, flags) for one in texts}
        return None not in fits and (True in fits) == (self.operator == "=~")

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.label}{self.operator}"{escaped}"'


def parse_matcher(text: str) -> Matcher:
    """Reads `label="value"` with one of `=`, `!=`, `=~`, `!~`; quotes may be left out.

    Raises:
        ValueError: With the forms that are understood.
    """
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise ValueError(
            f'{text[:80]!r} is no matcher: write label="value", or with !=, =~, !~ between them'
        )
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"a matcher has at most {MOST_CHARACTERS} characters")
    label, operator, value = match.groups()
    matcher = Matcher(label, cast("Operator", operator), _unquoted(value))
    if operator in {"=~", "!~"}:
        try:
            _compiled(matcher.value)
        except regex.error as error:
            raise ValueError(f"{matcher.value!r} is no pattern: {error}") from error
    return matcher


def equal_to(wanted: Mapping[str, str]) -> tuple[Matcher, ...]:
    """The short form: labels with the values that they must have."""
    return tuple(Matcher(label, "=", value) for label, value in wanted.items())


def match_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil each of them."""
    return all(matcher.matches(labels) for matcher in matchers)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return _ESCAPED.sub(_unescaped, value[1:-1])
    return value


def _unescaped(match: re.Match[str]) -> str:
    r"""A quote or a backslash loses its backslash; those of patterns, such as `\\.`, stay."""
    return match[1] if match[1] in "\"'\\" else match[0]


def _fits(pattern: str, text: str, flags: int) -> bool | None:
    """None when it takes too long to say: then a silence does not silence."""
    try:
        return _compiled(pattern, flags).fullmatch(text, timeout=_TRIED_FOR_S) is not None
    except TimeoutError:
        return None


@lru_cache(maxsize=1000)
def _compiled(pattern: str, flags: int = 0) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.DOTALL | flags)
