"""What is measured of each series of a rule at one instant?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from logboom.store.cells import Numbers
from search_api.alerts.data import Data, Values
from search_api.alerts.measures import Kind, Measure
from search_api.alerts.needs import (
    Needs,
    baseline_windows,
    fingerprint_of,
    needs_of,
)
from search_api.alerts.rules import DAY_US, US, Rule

_FEWEST_BASELINES = 3
_NOISE = 3 * 1.4826
"""Median absolute deviations; 1.4826 of them are one standard deviation where values are normal."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one series shows in one window.

    Attributes:
        value: What was measured; None where nothing can be.
        events: How many there were.
        baseline: What is usual, in words; empty for rules that do not compare.
        is_usual: True when the value is within what is usual, however large it is.
        others: What the further comparisons of the rule are about, in their order.
    """

    value: float | None
    events: int
    baseline: str = ""
    is_usual: bool = False
    others: tuple[Observation, ...] = ()

    @property
    def all(self) -> tuple[Observation, ...]:
        """What each comparison of the rule is about."""
        return (self, *self.others)


class Observer:
    """Measures one rule: all of its comparisons, for the same series.

    Args:
        rule: The rule.
        data: What was found for it.
        width_us: Into pieces of which width it is cut.
    """

    def __init__(self, rule: Rule, data: Data, width_us: int) -> None:
        self._has_series = bool(rule.series_by)
        self._singles = [_Single(one, data, width_us) for one in rule.singles]

    def observe(self, instant: int, known: Iterable[Values]) -> dict[Values, Observation]:
        """All series, in order.

        Args:
            instant: End of the window, µs since the epoch.
            known: Series that are looked at also when they have no events.
        """
        found = set(known)
        for single in self._singles:
            found |= single.series(instant)
        if not self._has_series:
            found.add(())
        return {values: self._one(values, instant) for values in sorted(found)}

    def _one(self, values: Values, instant: int) -> Observation:
        first, *others = (single.observed(values, instant) for single in self._singles)
        if not others:
            return first
        events = max(first.events, *(one.events for one in others))
        return replace(first, events=events, others=tuple(others))


class _Single:
    """Measures one comparison.

    Args:
        rule: A rule that has no other one.
        data: What was found for it.
        width_us: Into pieces of which width it is cut.
    """

    def __init__(self, rule: Rule, data: Data, width_us: int) -> None:
        self._rule = rule
        needs: Needs = needs_of(rule)
        self._main = data.table(needs.main, width_us)
        self._whole = data.table(needs.whole, width_us)
        self._first_seen = data.first_seen
        self._any: dict[tuple[int, int], bool] = {}
        self._has_longer_keys = len(needs.main.by) > len(rule.series_by)

    def series(self, instant: int) -> set[Values]:
        """Those that have events in the window that ends at an instant."""
        start_us = instant - self._rule.over_us
        found = set(self._whole.series(start_us, instant))
        if not self._has_longer_keys:
            found.update(self._main.series(start_us, instant))
        return found

    def observed(self, values: Values, instant: int) -> Observation:
        """What one series shows in the window that ends at an instant."""
        measure = self._rule.condition.measure
        start_us = instant - self._rule.over_us
        events = self._whole.window(values, start_us, instant).count
        match measure.kind:
            case Kind.ABSENT:
                return Observation(float(events == 0), events)
            case Kind.NEW_ERROR:
                return Observation(float(self._is_new(values, start_us, instant)), events)
            case Kind.SPIKE if measure.inner is not None:
                return self._spike(measure.inner, values, instant, events)
            case Kind.CHANGE if measure.inner is not None:
                return self._change(measure.inner, values, instant, events)
        return Observation(self._value(measure, values, start_us, instant), events)

    def _value(self, measure: Measure, values: Values, start_us: int, end_us: int) -> float | None:
        if measure.kind is Kind.DISTINCT:
            return float(self._main.below(values, start_us, end_us))
        window = self._main.window(values, start_us, end_us)
        if measure.field is not None:
            return _of_numbers(measure, window.numbers)
        match measure.kind:
            case Kind.RATE:
                return window.count * US / (end_us - start_us)
            case Kind.ERROR_RATE | Kind.RATIO:
                whole = self._whole.window(values, start_us, end_us).count
                return window.count / whole if whole else None
        return float(window.count)

    def _is_new(self, values: Values, start_us: int, end_us: int) -> bool:
        fingerprint = fingerprint_of(self._rule, values)
        first_us = self._first_seen.get(fingerprint or "")
        return first_us is not None and start_us <= first_us < end_us

    def _spike(self, inner: Measure, values: Values, instant: int, events: int) -> Observation:
        value = self._value(inner, values, instant - self._rule.over_us, instant)
        usual = [
            one
            for start_us, end_us in baseline_windows(self._rule, instant)
            if self._has_any(start_us, end_us)
            and (one := self._value(inner, values, start_us, end_us)) is not None
        ]
        if value is None or len(usual) < _FEWEST_BASELINES:
            return Observation(None, events)
        middle = median(usual)
        spread = _NOISE * median(abs(one - middle) for one in usual)
        least = self._least(inner)
        if middle <= 0 and not least:
            return Observation(None, events)
        return Observation(
            value / max(middle, least),
            events,
            self._told(middle, spread, len(usual)),
            is_usual=abs(value - middle) <= spread,
        )

    def _has_any(self, start_us: int, end_us: int) -> bool:
        """True when there was anything to count at all; a window before that says nothing."""
        known = self._any.get((start_us, end_us))
        if known is None:
            known = self._any[start_us, end_us] = self._whole.has_any(start_us, end_us)
        return known

    def _told(self, middle: float, spread: float, number: int) -> str:
        when = (
            "at this time of day on earlier days"
            if self._rule.baseline_us >= DAY_US
            else "in the windows before"
        )
        return (
            f"usually {middle:.4g} (median of {number} windows {when}; up to"
            f" {middle + spread:.4g} is noise)"
        )

    def _change(self, inner: Measure, values: Values, instant: int, events: int) -> Observation:
        over_us = self._rule.over_us
        value = self._value(inner, values, instant - over_us, instant)
        before = self._value(inner, values, instant - 2 * over_us, instant - over_us)
        least = self._least(inner)
        if value is None or before is None or (before <= 0 and not least):
            return Observation(None, events)
        told = f"{before:.4g} in the window before"
        return Observation(value / max(before, least), events, told)

    def _least(self, inner: Measure) -> float:
        """What stands for a usual value of 0: one event; 0 where no such thing can be said."""
        if inner.kind is Kind.RATE:
            return US / self._rule.over_us
        return 1.0 if inner.has_zero and inner.kind is not Kind.SUM else 0.0


def _of_numbers(measure: Measure, numbers: Numbers | None) -> float | None:
    if numbers is None:
        return 0.0 if measure.kind is Kind.SUM else None
    match measure.kind:
        case Kind.AVERAGE:
            return numbers.total / numbers.count
        case Kind.SUM:
            return numbers.total
        case Kind.LEAST:
            return numbers.least
        case Kind.GREATEST:
            return numbers.greatest
    return numbers.sketch.percentile(measure.share or 0.0)
