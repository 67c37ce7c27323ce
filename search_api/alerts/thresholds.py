"""In which unit is a threshold written, and can a measure reach it at all?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf, isfinite
from typing import Final

from logboom.errors import ConfigError
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query.model import And, Exists, MatchAll, Query
from search_api.alerts.measures import Kind, Measure

_NS: Final[Mapping[str, float]] = {
    "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "min": 60e9, "h": 3600e9,
}  # fmt: skip
_SIZES: Final[Mapping[str, float]] = {
    "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
_PER: Final[Mapping[str, float]] = {"/s": 1, "/m": 1 / 60, "/min": 1 / 60, "/h": 1 / 3600}
_UNITS: Final[Mapping[str, tuple[Mapping[str, float], str]]] = {
    "share": ({"": 1, "%": 0.01}, "a share: write 0.05 or 5%"),
    "per_second": ({"": 1, **_PER}, "a rate: write 0.1/s or 6/m"),
    "times": ({"": 1, "x": 1}, "a multiple: write 3 or 3x"),
    "bytes": ({"": 1, **_SIZES}, "in bytes: write 10 MiB"),
}
_NAMED = re.compile(
    r"(?:^|[_.])(?:(?P<ns>ns|nanos)|(?P<us>us|micros)|(?P<ms>ms|millis|milliseconds)"
    r"|(?P<s>s|secs?|seconds)|(?P<bytes>bytes))\Z"
)
_COUNTS = frozenset({Kind.COUNT, Kind.ERRORS, Kind.DISTINCT})
_NEVER_NEGATIVE = frozenset({Kind.RATIO, Kind.SPIKE, Kind.CHANGE})
_MOST_PER_S = 1e9
_MOST_EVENTS = 1e15
"""More than come in a week, the longest window, at that rate."""

_MOST_LONG = 2.0**63


def unit_of(measure: Measure) -> str:
    """The unit of what is measured: `ns`, `us`, `ms`, `s`, `bytes`, `share`, `per_second`, `times` or none."""
    match measure.kind:
        case Kind.RATE:
            return "per_second"
        case Kind.ERROR_RATE | Kind.RATIO:
            return "share"
        case Kind.SPIKE | Kind.CHANGE:
            return "times"
        case Kind.DISTINCT:
            return ""
    if measure.field == "event.duration":
        return "ns"
    named = None if measure.field is None else _NAMED.search(measure.field)
    return "" if named is None else (named.lastgroup or "")


def threshold_of(measure: Measure, sign: str, text: str, unit: str) -> float:
    """A threshold in the unit of what is measured.

    Args:
        measure: What is compared to it.
        sign: How.
        text: The number as written.
        unit: As written behind it; empty without one.

    Raises:
        ConfigError: The unit is a wrong one, or the threshold can never or must always be passed.
    """
    try:
        number = float(text.replace("_", ""))
    except ValueError:
        raise ConfigError(f"{text} is no number", mend="write for example 1000 or 0.05") from None
    if not isfinite(number):
        raise ConfigError(f"{text} is too large a number: {measure.text} never comes near it")
    value = number * _factor(measure, text, unit)
    _check_possible(measure, sign, value, f"{text}{unit}")
    return value


def _factor(measure: Measure, text: str, unit: str) -> float:
    own = unit_of(measure)
    if own in _UNITS:
        return _one_of(_UNITS[own][0], measure, text, unit, _UNITS[own][1])
    if own in _NS:
        if not unit and measure.field == "event.duration":
            raise ConfigError(
                f"{measure.text} is in nanoseconds, and {text} has no unit",
                mend=f"write {text} ms, or what you mean",
            )
        told = f"in {own}: write {text} ms or {text} s"
        return 1 if not unit else _one_of(_NS, measure, text, unit, told) / _NS[own]
    if measure.kind in _COUNTS:
        return _one_of({"": 1}, measure, text, unit, "a number of events or values, without a unit")
    told = (
        "of no known unit: write the number as events have it, or call the field for instance"
        f" {measure.field}_ms"
    )
    return _one_of({"": 1}, measure, text, unit, told)


def _one_of(
    factors: Mapping[str, float], measure: Measure, text: str, unit: str, told: str
) -> float:
    if unit not in factors:
        raise ConfigError(f"{text}{unit} has a wrong unit: {measure.text} is {told}")
    return factors[unit]


def settled(sign: str, threshold: float, *, least: float, most: float = inf) -> bool | None:
    """Whether a comparison holds for each value between two bounds, or for none; None: it depends.

    Args:
        sign: One of `OPERATORS`.
        threshold: What values are compared to.
        least: No value is below it.
        most: No value is above it.
    """
    beyond = threshold < least or threshold > most
    never = {
        ">": threshold >= most, ">=": threshold > most, "<": threshold <= least,
        "<=": threshold < least, "==": beyond,
    }  # fmt: skip
    always = {
        ">": threshold < least, ">=": threshold <= least, "<": threshold > most,
        "<=": threshold >= most, "!=": beyond,
    }  # fmt: skip
    if never.get(sign):
        return False
    return True if always.get(sign) else None


def _check_possible(measure: Measure, sign: str, value: float, shown: str) -> None:
    least, most, why = _reach_of(measure)
    is_whole = measure.kind not in _COUNTS or value.is_integer()
    holds = settled(sign, value, least=least, most=most)
    if not is_whole and sign in {"==", "!="}:
        holds = sign == "!="
    if holds is None:
        return
    what = "it is a whole number" if not is_whole else why
    if is_whole and value <= least and least == 0 and most != 1:
        what = "it is never below 0"
    raise ConfigError(
        f"{measure.text} {sign} {shown} {'is always true' if holds else 'can never be'}: {what}",
        mend=_instead(measure, sign, value, shown),
    )


def _reach_of(measure: Measure) -> tuple[float, float, str]:
    """The least and the most that a measure can be, and why."""
    kind = measure.kind
    if kind is Kind.ERROR_RATE or (measure.parts is not None and _is_part(*measure.parts)):
        return 0, 1, "it is a share from 0 to 1"
    if kind in _COUNTS:
        return 0, _MOST_EVENTS, "no window has so many events"
    if kind is Kind.RATE:
        return 0, _MOST_PER_S, "nothing writes so many events in a second"
    if kind in _NEVER_NEGATIVE:
        return 0, inf, ""
    if kind is not Kind.SUM and EVENT_FIELDS.get(measure.field or "") is FieldType.LONG:
        return -_MOST_LONG, _MOST_LONG, f"{measure.field} is a whole number of 64 bits"
    return -inf, inf, ""


def _is_part(above: Query, below: Query) -> bool:
    """Whether what the first query finds is plainly a part of what the second one finds."""
    if isinstance(below, MatchAll) or above == below:
        return True
    if isinstance(above, And):
        return any(_is_part(part, below) for part in above.parts)
    name = getattr(above, "field", None)
    return isinstance(below, Exists) and name == below.field


def _instead(measure: Measure, sign: str, value: float, shown: str) -> str | None:
    """What may have been meant."""
    if sign == ">=" and value == 0:
        return f"write {measure.text} > 0"
    if unit_of(measure) == "share" and value > 1:
        return f"write {shown}%" if value <= 100 and "%" not in shown else "write 0.05 or 5%"
    return None
