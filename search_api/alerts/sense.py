"""Which comparisons of a rule can never hold together, and which always do?

Of what is counted of the same events some is a part of the other: errors of all events, a rate is a count in a
time. So `errors > 10 and count < 5` can never be, nor can `count < 3` with `min_events: 10`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isclose
from typing import Final

from logboom.errors import ConfigError
from search_api.alerts.measures import Kind, Measure
from search_api.alerts.when import Part, Ways, When, neither

_US: Final = 1_000_000
_NEGATED: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
_JOIN: Final = "join them with `or`, or swap the signs"
_MIN_EVENTS: Final = "min_events: "
_SLACK: Final = 1e-9
"""Shares and rates are fractions: what is apart by so little of them may be the same."""

_Clash = tuple[str, ...]
"""Parts that cannot be together, as the rule says them."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a value has to be above or below; itself included, unless it is open."""

    value: float
    is_open: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """Between which bounds a value has to be."""

    lower: _Bound = _Bound(-inf)
    upper: _Bound = _Bound(inf)

    def within(self, other: _Span) -> _Span:
        """What is between the bounds of both."""
        return _Span(
            max(self.lower, other.lower, key=lambda one: (one.value, one.is_open)),
            min(self.upper, other.upper, key=lambda one: (one.value, not one.is_open)),
        )

    def whole(self) -> _Span:
        """The same for whole numbers that are not negative."""
        low, high = self.lower, self.upper
        least = _near_whole(max(low.value, 0))
        least = floor(least) + 1 if low.is_open else ceil(least)
        most = _near_whole(high.value)
        if most != inf:
            most = ceil(most) - 1 if high.is_open else floor(most)
        return _Span(_Bound(least, told=low.told), _Bound(most, told=high.told))

    def times(self, factor: float) -> _Span:
        """The same in another unit."""
        low, high = self.lower, self.upper
        return _Span(
            _Bound(low.value * factor, low.is_open, low.told),
            _Bound(high.value * factor, high.is_open, high.told),
        )

    def clash(self) -> _Clash | None:
        """What contradicts each other; None when there is something between."""
        low, high = self.lower, self.upper
        is_empty = low.value == high.value and (low.is_open or high.is_open)
        return _told(low, high) if low.value > high.value or is_empty else None


def possible(ways: Ways) -> Ways:
    """The ways in which comparisons can hold; that one of several cannot, is no mistake.

    Raises:
        ConfigError: They can in none.
    """
    clashes = {way: _clash_of(_spans_of(way).values()) for way in ways}
    left = tuple(way for way, clash in clashes.items() if clash is None)
    if not left:
        raise _never(clashes[ways[0]] or ())
    return left


def check_sense(when: When, *, over_us: int, min_events: int) -> None:
    """Sees that a condition can hold, and that it need not always hold.

    Args:
        when: The condition.
        over_us: Length of the window.
        min_events: Fewer events in it say nothing.

    Raises:
        ConfigError: It never holds, or always does.
    """
    clashes = [_contradiction(way, over_us, min_events) for way in when.ways]
    if all(clashes):
        raise _never(clashes[0] or ())
    if not when.is_single and _is_certain(when, over_us, 0):
        raise ConfigError(f"{when.text} is always true", mend="join with `and` what must both be")


def says_nothing(when: When, *, over_us: int, min_events: int) -> bool:
    """Whether a condition holds as soon as there are so many events, whatever its threshold is."""
    return bool(min_events) and _is_certain(when, over_us, min_events)


def _is_certain(when: When, over_us: int, min_events: int) -> bool:
    try:
        otherwise = neither(when.ways)
    except ConfigError:  # in too many ways to look at each
        return False
    return all(_contradiction(way, over_us, min_events) for way in otherwise)


def _never(clash: _Clash) -> ConfigError:
    word = {1: "can never be", 2: "can never both be"}.get(len(clash), "can never all be")
    is_few = any(told.startswith(_MIN_EVENTS) for told in clash)
    mend = "leave min_events out, or ask for more events" if is_few else _JOIN
    return ConfigError(f"{' and '.join(clash)} {word}", mend=None if len(clash) == 1 else mend)


def _contradiction(way: Sequence[Part], over_us: int, min_events: int) -> _Clash | None:
    """Parts of a way that cannot be together; None when all of them can."""
    spans = _spans_of(way)
    return _clash_of(spans.values()) or _clash_of_counts(way, spans, over_us, min_events)


def _spans_of(way: Sequence[Part]) -> dict[str, _Span]:
    spans: dict[str, _Span] = {}
    for part in way:
        name = part.condition.measure.text
        spans[name] = spans.get(name, _Span()).within(_span_of(part))
    return spans


def _span_of(part: Part) -> _Span:
    one, told = part.condition, _shown(part)
    sign = _NEGATED.get(one.sign, "") if part.is_negated else one.sign
    span = _Span()
    if sign in {">", ">=", "=="}:
        span = span.within(_Span(lower=_Bound(one.threshold, sign == ">", told)))
    if sign in {"<", "<=", "=="}:
        span = span.within(_Span(upper=_Bound(one.threshold, sign == "<", told)))
    return span


def _shown(part: Part) -> str:
    return f"not {part.condition.text}" if part.is_negated else part.condition.text


def _clash_of(spans: Iterable[_Span]) -> _Clash | None:
    return next((clash for span in spans if (clash := span.clash()) is not None), None)


def _clash_of_counts(
    way: Sequence[Part], spans: Mapping[str, _Span], over_us: int, min_events: int
) -> _Clash | None:
    """The same of what is counted: errors are a part of all events."""
    few = f"{_MIN_EVENTS}{min_events}" if min_events else ""
    events = _Span(lower=_Bound(min_events, told=few))
    errors, share = _Span(), _Span()
    for part in way:
        measure = part.condition.measure
        span = spans[measure.text]
        match measure.kind:
            case Kind.COUNT:
                events = events.within(span)
            case Kind.RATE:
                events = events.within(span.times(over_us / _US))
            case Kind.ERRORS:
                errors = errors.within(span)
            case Kind.ERROR_RATE:
                share = span
        events = events.within(_presence(part, measure))
    events, errors = events.whole(), errors.whole()
    return _clash_of((events, errors, _Span(errors.lower, events.upper))) or _clash_of_share(
        share, events, errors
    )


def _presence(part: Part, measure: Measure) -> _Span:
    """How many events there are where something is measured, or absent."""
    some, told = part.is_negated, _shown(part)
    if measure.kind is Kind.ABSENT:
        return _Span(lower=_Bound(1, told=told)) if some else _Span(upper=_Bound(0, told=told))
    is_of_some = measure.inner is None and not measure.has_zero and not part.is_negated
    return _Span(lower=_Bound(1, told=told)) if is_of_some else _Span()


def _clash_of_share(share: _Span, events: _Span, errors: _Span) -> _Clash | None:
    """Errors as a share of events, where there are some: of none there is no share."""
    if not events.lower.value:
        return None
    most = errors.upper.value / events.lower.value
    least = share.upper.value * events.upper.value if share.upper.value else 0.0
    lower = share.lower
    if lower.value > most + _SLACK or (most == 0 and lower.value == 0 and lower.is_open):
        return _told(lower, errors.upper, events.lower)
    if errors.lower.value > least + _SLACK:
        return _told(share.upper, errors.lower, events.upper)
    return None


def _near_whole(value: float) -> float:
    return round(value) if value != inf and isclose(value, round(value), abs_tol=_SLACK) else value


def _told(*bounds: _Bound) -> _Clash:
    """Bounds in words, each once; what the rule says beside its condition comes last."""
    told = dict.fromkeys(bound.told for bound in bounds if bound.told)
    return tuple(sorted(told, key=lambda text: text.startswith(_MIN_EVENTS)))
