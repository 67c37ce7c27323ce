"""Which rules watch over the rules themselves?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from logboom.store.cells import Cell
from search_api.alerts.data import Data
from search_api.alerts.needs import needs_of, width_of
from search_api.alerts.reading import groups_of
from search_api.alerts.rules import Rule, RuleGroup

NAME: Final = "logboom"
"""Name of the group; no other one can have it."""

FAILED: Final = f"{NAME}/RuleFailed"
LATE: Final = f"{NAME}/PipelineLate"

_CONTENT: Final = {
    "name": NAME,
    "every": "15s",
    "rules": [
        {
            "alert": "RuleFailed",
            "when": "count > 0",
            "over": "15s",
            "by": ["attributes.rule"],
            "for": "1m",
            "labels": {"severity": "high"},
            "annotations": {
                "summary": "{{ attributes.rule }} cannot be evaluated",
                "description": "Its alerts neither fire nor resolve. /api/v1/rules says why.",
            },
        },
        {
            "alert": "PipelineLate",
            "when": "count > 0",
            "over": "15s",
            "keep_firing_for": "1m",
            "labels": {"severity": "high"},
            "annotations": {
                "summary": "Events arrive late: rules about silence wait",
                "description": "What is late is older than the window of a rule."
                " /api/v1/health says which part is in trouble.",
            },
        },
    ],
}


def builtin_group() -> RuleGroup:
    """The group of the rules that watch over the others."""
    return groups_of({"groups": [_CONTENT]}, origin=NAME)[0]


def data_of(rule: Rule, instants: list[int], wrong: Collection[str]) -> Data:
    """What such a rule sees.

    Args:
        rule: One of the group.
        instants: At which it is evaluated.
        wrong: What is in trouble at all these instants: names of rules, or anything for a rule
            without series.
    """
    data, need = Data(), needs_of(rule).main
    series = [(name,) for name in sorted(wrong)] if rule.by else [()] if wrong else []
    width_us = width_of(rule, instants)
    data.add(
        need,
        width_us,
        [Cell(at - rule.over_us, values, 1) for at in instants for values in series],
    )
    return data
