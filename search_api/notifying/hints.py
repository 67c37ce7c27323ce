"""Which matchers of a silence fit no alert that any rule makes: is one of their names mistyped?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from logboom.matching import Matcher
from logboom.severities import OTHER_WORDS, SEVERITIES
from search_api.alerts.builtin import builtin_group
from search_api.alerts.rules import Rule
from search_api.notifying.joining import RECEIVER_FAILING

_EVERY: Final = ("alertname", "severity")
_SOME: Final = ("no_data", "receiver")
"""Labels that we give to some alerts ourselves."""


def hints_for(matchers: Iterable[Matcher], rules: Iterable[Rule]) -> list[str]:
    """What is odd about matchers, a sentence each.

    Args:
        matchers: Of a silence.
        rules: Those in force; ours need not be among them.
    """
    known = [*rules, *builtin_group().rules]
    labels = dict.fromkeys([*_EVERY, *_SOME])
    for rule in known:
        labels.update(dict.fromkeys((*rule.labels, *rule.series_by)))
    names = dict.fromkeys([*(rule.name for rule in known), RECEIVER_FAILING])
    found = (_hint(matcher, list(labels), list(names)) for matcher in matchers)
    return [one for one in found if one is not None]


def _hint(matcher: Matcher, labels: Sequence[str], names: Sequence[str]) -> str | None:
    if matcher.label not in labels:
        return f"no rule has the label {matcher.label}{_meant(matcher.label, labels)}"
    is_equal = matcher.operator == "="
    if not is_equal and matcher.operator != "!=":
        return None
    if matcher.label in _EVERY and not matcher.value:
        return f"every alert has {matcher.label}, so {matcher} fits none" if is_equal else None
    if matcher.label == "alertname" and matcher.value not in names:
        return f"no rule is called {matcher.value}{_meant(matcher.value, names)}"
    severities = (*SEVERITIES, *OTHER_WORDS)
    if matcher.label == "severity" and matcher.value.lower() not in severities:
        return f"there is no severity {matcher.value}{_meant(matcher.value, severities)}"
    return None


def _meant(written: str, known: Sequence[str]) -> str:
    near = get_close_matches(written, known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
