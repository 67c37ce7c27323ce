"""What can be measured of events, in which unit, and when is a measured value beyond its threshold?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from logboom.query.model import Query


class Kind(Enum):
    """What is measured; the values are the names in a rule."""

    COUNT = "count"
    ERRORS = "errors"
    RATE = "rate"
    ERROR_RATE = "error_rate"
    AVERAGE = "avg"
    SUM = "sum"
    LEAST = "min"
    GREATEST = "max"
    PERCENTILE = "p"
    DISTINCT = "distinct"
    RATIO = "ratio"
    SPIKE = "spike"
    CHANGE = "change"
    ABSENT = "absent"
    NEW_ERROR = "new_error"


OF_NOTHING: Final = frozenset(
    {Kind.COUNT, Kind.ERRORS, Kind.RATE, Kind.ERROR_RATE, Kind.ABSENT, Kind.NEW_ERROR}
)
"""Kinds that have no argument."""

OF_A_FIELD: Final = frozenset(
    {Kind.AVERAGE, Kind.SUM, Kind.LEAST, Kind.GREATEST, Kind.PERCENTILE, Kind.DISTINCT}
)
"""Kinds whose argument is a field."""

OF_A_MEASURE: Final = frozenset({Kind.SPIKE, Kind.CHANGE})
"""Kinds whose argument is another measure."""

WITHOUT_THRESHOLD: Final = frozenset({Kind.ABSENT, Kind.NEW_ERROR})
"""Kinds that are true or not by themselves."""

_ZERO_OF_NOTHING: Final = frozenset(
    {Kind.COUNT, Kind.ERRORS, Kind.RATE, Kind.DISTINCT, Kind.SUM, Kind.ABSENT, Kind.NEW_ERROR}
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured.

    Attributes:
        kind: Which sort of measure.
        text: As the rule says it.
        field: Stored name, of `OF_A_FIELD`.
        share: Of a percentile, 0 to 1.
        inner: Of `OF_A_MEASURE`.
        parts: Of a ratio: which events are counted above the line, and which below it.
    """

    kind: Kind
    text: str
    field: str | None = None
    share: float | None = None
    inner: Measure | None = None
    parts: tuple[Query, Query] | None = None

    @property
    def has_zero(self) -> bool:
        """True when it is 0 where there are no events; otherwise it is nothing there."""
        if self.inner is not None:
            return False
        return self.kind in _ZERO_OF_NOTHING


OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
"""By the sign."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When is an alert wanted?

    Attributes:
        measure: What is measured.
        sign: One of `OPERATORS`; empty for a measure without a threshold.
        threshold: In the unit of the events (ns for `event.duration`), per second for rates.
        recovery: The threshold while it fires; the same when the rule has none of its own.
        text: As it is told: `error_rate > 0.05`.
        unit: Of the measured value, for people: `ns`, `share`, `per_second`, `bytes`, `times` or empty.
    """

    measure: Measure
    sign: str
    threshold: float
    recovery: float
    text: str
    unit: str

    def holds(self, value: float, *, firing: bool) -> bool:
        """Whether a value is beyond the threshold; while it fires, beyond that of recovery."""
        if not self.sign:
            return value > 0
        return OPERATORS[self.sign](value, self.recovery if firing else self.threshold)

    @property
    def looks_down(self) -> bool:
        """True when few events, or none, may be what it is about."""
        return self.sign in {"<", "<=", "=="} or self.measure.kind is Kind.ABSENT
