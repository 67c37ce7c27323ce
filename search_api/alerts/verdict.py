"""Does a rule's condition hold for what was observed of a series?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from search_api.alerts.measures import Condition, Kind
from search_api.alerts.observing import Observation
from search_api.alerts.rules import Rule
from search_api.alerts.when import Part


class Verdict(Enum):
    """What follows for the series."""

    HOLDS = "holds"
    DOES_NOT = "does not"
    UNKNOWN = "unknown"  # whatever it was, it stays


_OTHER = {
    Verdict.HOLDS: Verdict.DOES_NOT, Verdict.DOES_NOT: Verdict.HOLDS,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
}  # fmt: skip


def verdict_of(rule: Rule, seen: Observation, *, firing: bool) -> Verdict:
    """Whether the condition of a rule holds.

    Args:
        rule: The rule.
        seen: Of one series.
        firing: Whether it fires already: thresholds of recovery count then.
    """
    if seen.events == 0 and rule.no_data != "ok" and not _is_absence(rule):
        return Verdict.UNKNOWN
    found = _found(rule, seen, firing=firing)
    if found is Verdict.UNKNOWN and rule.no_data == "ok":
        return Verdict.DOES_NOT
    if found is Verdict.HOLDS and seen.events < rule.min_events:
        return Verdict.DOES_NOT
    return found


def _found(rule: Rule, seen: Observation, *, firing: bool) -> Verdict:
    if rule.when.is_single:  # as nearly all of them are, and there are many
        part = rule.when.ways[0][0]
        verdict = _of_one(part.condition, seen, firing=firing)
        return _negated(verdict) if part.is_negated else verdict
    of_each = {
        condition: _of_one(condition, one, firing=firing)
        for condition, one in zip(rule.when.conditions, seen.all, strict=True)
    }
    return _any(_of_way(rule, way, of_each) for way in rule.when.ways)


def _of_way(rule: Rule, way: Iterable[Part], of_each: Mapping[Condition, Verdict]) -> Verdict:
    """Whether all parts hold; nothing measured is no objection to those that do, nor holds alone."""
    verdicts = {part: _of_part(part, of_each) for part in way}
    found = _not_any(map(_negated, verdicts.values()))
    if found is not Verdict.UNKNOWN or rule.no_data != "ok":
        return found
    unknown = [part for part, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    is_no_objection = all(part.is_negated for part in unknown) and len(unknown) < len(verdicts)
    return Verdict.HOLDS if is_no_objection else Verdict.DOES_NOT


def _of_one(condition: Condition, seen: Observation, *, firing: bool) -> Verdict:
    if seen.value is None:
        return Verdict.UNKNOWN
    holds = not seen.is_usual and condition.holds(seen.value, firing=firing)
    return Verdict.HOLDS if holds else Verdict.DOES_NOT


def _of_part(part: Part, of_each: Mapping[Condition, Verdict]) -> Verdict:
    verdict = of_each[part.condition]
    return _negated(verdict) if part.is_negated else verdict


def _negated(verdict: Verdict) -> Verdict:
    return _OTHER[verdict]


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    """One that holds is enough; one that is not known leaves it open."""
    found = set(verdicts)
    if Verdict.HOLDS in found:
        return Verdict.HOLDS
    return Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.DOES_NOT


def _not_any(verdicts: Iterable[Verdict]) -> Verdict:
    return _negated(_any(verdicts))


def _is_absence(rule: Rule) -> bool:
    return Kind.ABSENT in rule.when.kinds
