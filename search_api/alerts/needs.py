"""What data does a rule need for which windows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from logboom.query.model import And, MatchAll, Query
from logboom.rollups.questions import ERRORS
from search_api.alerts.data import Need, Stretch
from search_api.alerts.measures import OF_A_FIELD, Kind, Measure
from search_api.alerts.rules import DAY_US, FINGERPRINT, Rule


@dataclass(frozen=True, slots=True)
class Needs:
    """What a rule is measured with.

    Attributes:
        main: What the value is made of; of a share or a ratio, what stands above the line.
        whole: The events that the main ones are a part of: they tell how many there were at all, and
            stand below the line.
    """

    main: Need
    whole: Need

    @property
    def all(self) -> tuple[Need, ...]:
        """Each of them once."""
        return (self.main,) if self.main == self.whole else (self.main, self.whole)


def needs_of(rule: Rule) -> Needs:
    """What a rule is measured with."""
    measure = rule.condition.measure
    return _needs(rule, measure.inner or measure)


def _needs(rule: Rule, measure: Measure) -> Needs:
    whole = Need(rule.where, rule.by)
    match measure.kind:
        case Kind.ERRORS | Kind.ERROR_RATE:
            return Needs(Need(both(rule.where, ERRORS), rule.by), whole)
        case Kind.RATIO if measure.parts is not None:
            above, below = (Need(both(rule.where, part), rule.by) for part in measure.parts)
            return Needs(above, below)
        case Kind.NEW_ERROR:
            main = Need(both(rule.where, ERRORS), rule.series_by)
            return Needs(main, main)
        case Kind.DISTINCT:
            return Needs(Need(rule.where, (*rule.by, measure.field or "")), whole)
        case kind if kind in OF_A_FIELD:
            main = Need(rule.where, rule.by, measure.field, kind is Kind.PERCENTILE)
            return Needs(main, main)
    return Needs(whole, whole)


def both(one: Query, other: Query) -> Query:
    """Events that match both."""
    if isinstance(one, MatchAll):
        return other
    if isinstance(other, MatchAll):
        return one
    parts = (*(one.parts if isinstance(one, And) else (one,)),
             *(other.parts if isinstance(other, And) else (other,)))  # fmt: skip
    return And(parts)


def width_of(rule: Rule, instants: Sequence[int]) -> int:
    """Into pieces of which width the data for some instants are cut.

    The window of a single instant is one piece. Those of several overlap, and are put together.
    """
    if len(instants) == 1:
        return rule.over_us
    return gcd(rule.every_us, rule.over_us, DAY_US)


def stretches_of(rule: Rule, instants: Sequence[int]) -> list[Stretch]:
    """The times that a rule looks at for evaluations at some instants.

    Args:
        rule: The rule.
        instants: Ascending, µs since the epoch, at least one.
    """
    width_us = width_of(rule, instants)
    first_us, last_us = instants[0] - rule.over_us, instants[-1]
    match rule.condition.measure.kind:
        case Kind.CHANGE:
            return [Stretch(first_us - rule.over_us, last_us, width_us)]
        case Kind.SPIKE if rule.baseline_us < DAY_US:
            back_us = len(baseline_windows(rule, last_us)) * rule.over_us
            return [Stretch(first_us - back_us, last_us, width_us)]
        case Kind.SPIKE:
            return [
                Stretch(first_us - day * DAY_US, last_us - day * DAY_US, width_us)
                for day in range(rule.baseline_us // DAY_US + 1)
            ]
    return [Stretch(first_us, last_us, width_us)]


def baseline_windows(rule: Rule, instant: int) -> list[tuple[int, int]]:
    """The windows that a spike at an instant is compared to."""
    if rule.baseline_us >= DAY_US:
        ends = [instant - day * DAY_US for day in range(1, rule.baseline_us // DAY_US + 1)]
    else:
        number = rule.baseline_us // rule.over_us
        ends = [instant - n * rule.over_us for n in range(1, number + 1)]
    return [(end - rule.over_us, end) for end in ends]


def wants_first_sights(rule: Rule) -> bool:
    """True when it matters to a rule when a group of errors was seen first."""
    return rule.condition.measure.kind is Kind.NEW_ERROR


def fingerprint_of(rule: Rule, values: Sequence[str]) -> str | None:
    """The group of errors that a series is about; None for no single one."""
    if FINGERPRINT not in rule.series_by:
        return None
    return values[rule.series_by.index(FINGERPRINT)] or None
