"""How are metrics asked of a store, and answered as Elasticsearch answers them?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from logboom.fields import FieldType, resolve
from logboom.store.aggregations import Bucketed, Kind, Measure, Measured
from search_api.elasticsearch_api.attribute_numbers import attribute_of
from search_api.elasticsearch_api.bodies import as_list, as_text, check_names, check_not_metadata
from search_api.elasticsearch_api.moments import formats, formatted
from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

KINDS = {
    "avg": Kind.NUMBERS,
    "min": Kind.NUMBERS,
    "max": Kind.NUMBERS,
    "sum": Kind.NUMBERS,
    "stats": Kind.NUMBERS,
    "extended_stats": Kind.SPREAD,
    "value_count": Kind.PRESENT,
    "cardinality": Kind.DIFFERENT,
    "percentiles": Kind.PERCENTILES,
}
"""Elasticsearch's metrics, and what the store works out for them."""

_PERCENTS = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)
_OPTIONS = frozenset(
    {"field", "percents", "keyed", "tdigest", "hdr", "precision_threshold", "format", "sigma"}
)
_SIGMA = 2.0
_HUNDRED = 100


_WITHOUT = {"min": math.inf, "max": -math.inf}
"""What buckets without a value are sorted by; all others come last, whatever the order."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a request.

    Attributes:
        name: The request's.
        kind: Elasticsearch's name for it.
        field: Stored name.
        percents: Which percentiles.
        is_keyed: Percentiles are answered as an object.
        is_time: The values are times.
        style: Of times as text.
        sigma: How many standard deviations the bounds of extended_stats are away from the mean.
    """

    name: str
    kind: str
    field: str
    percents: tuple[float, ...]
    is_keyed: bool
    is_time: bool
    style: str | None
    sigma: float

    def measure(self, numbers_of: str | None = None) -> Measure:
        """What the store is asked.

        Args:
            numbers_of: The attribute whose numbers the field's name means.
        """
        kind = KINDS[self.kind]
        if numbers_of is not None and kind is Kind.PRESENT:
            kind = Kind.NUMBERS
        return Measure(self.name, kind, numbers_of or self.field, self.percents)

    def answer(self, bucket: Bucketed) -> dict[str, Any]:
        """What is answered."""
        found = bucket.measures.get(self.name, Measured())
        match self.kind:
            case "value_count" | "cardinality":
                return {"value": found.count}
            case "percentiles":
                return {"values": self._percentiles(found)}
            case "stats" | "extended_stats":
                return self._stats(found)
            case _:
                return self._valued("value", self._number(found, self.kind))

    def sorted_by(self, bucket: Bucketed, part: str) -> float:
        """The number by which buckets are put into order, NaN where there is none.

        Args:
            bucket: One of them.
            part: Of those with several numbers, with a point before what is in it.

        Raises:
            Refused: That has several numbers itself.
        """
        found = bucket.measures.get(self.name, Measured())
        number: object = None
        if self.kind in {"value_count", "cardinality"}:
            return found.count
        if self.kind == "percentiles":
            number = found.percentiles.get(float(part)) if _is_number(part) else None
        elif self.kind in {"stats", "extended_stats"}:
            number = self._stats(found)
            for name in part.split("."):
                number = number.get(name) if isinstance(number, Mapping) else None
        else:
            number = self._number(found, self.kind)
        if isinstance(number, Mapping):
            raise Refused(
                f"order by {self.name}.{part}: it has several numbers; name one behind it"
            )
        return (
            float(number)
            if isinstance(number, int | float)
            else _WITHOUT.get(part or self.kind, math.nan)
        )

    def _number(self, found: Measured, kind: str) -> float | None:
        match kind:
            case "sum":
                return found.total
            case "avg":
                return found.total / found.count if found.count else None
            case "min":
                return found.least
            case _:
                return found.greatest

    def _valued(self, name: str, number: float | None) -> dict[str, Any]:
        """A number under a name; a time in milliseconds, and once more as text."""
        if not self.is_time or number is None:
            return {name: number}
        whole_ms = int(number) // 1000 * 1000
        return {name: number / 1000, f"{name}_as_string": formatted(whole_ms, self.style)}

    def _stats(self, found: Measured) -> dict[str, Any]:
        answer: dict[str, Any] = {"count": found.count}
        for kind in ("min", "max", "avg", "sum"):
            answer |= self._valued(kind, self._number(found, kind))
        if self.kind == "stats":
            return answer
        return answer | _spread(found, self.sigma)

    def _percentiles(self, found: Measured) -> object:
        values = {percent: found.percentiles.get(percent) for percent in self.percents}
        if self.is_time:
            values = {p: None if one is None else one / 1000 for p, one in values.items()}
        if self.is_keyed:
            return {str(percent): value for percent, value in values.items()}
        return [{"key": percent, "value": value} for percent, value in values.items()]


def _spread(found: Measured, sigma: float) -> dict[str, Any]:
    """What extended_stats has besides stats: of what was counted, and of all that it is a sample of."""
    count, squares = found.count, found.squares if found.count else None
    mean = found.total / count if count else 0.0
    around = max(0.0, found.squares - count * mean * mean)
    population = around / count if count else None
    sampling = around / (count - 1) if count > 1 else "NaN" if count else None
    answer: dict[str, Any] = {"sum_of_squares": squares}
    bounds: dict[str, Any] = {}
    for name, variance in (("", population), ("_population", population), ("_sampling", sampling)):
        deviation = math.sqrt(variance) if isinstance(variance, float) else variance
        wide = sigma * deviation if isinstance(deviation, float) else None
        answer |= {f"variance{name}": variance, f"std_deviation{name}": deviation}
        bounds[f"upper{name}"] = deviation if wide is None else mean + wide
        bounds[f"lower{name}"] = deviation if wide is None else mean - wide
    return answer | {"std_deviation_bounds": bounds}


def metric_of(name: str, kind: str, options: Mapping[str, Any]) -> Metric:
    """The metric that a request describes.

    Raises:
        Refused: It has what is not known.
    """
    given = {key: value for key, value in options.items() if value is not None}
    check_names(given, _OPTIONS, kind)
    name_of_field = as_text(given.get("field"), f"the field of {kind}")
    check_not_metadata(name_of_field)
    field, kind_of_field = resolve(name_of_field)
    is_time, style = kind_of_field is FieldType.DATE, given.get("format")
    if style is not None and not is_time:
        raise unsupported(f"the format {style!r} of numbers", "take them as they are")
    formats(style)
    if kind == "cardinality" and attribute_of(field) is not None:
        raise unsupported(f"cardinality of {field}", f"ask for that of {attribute_of(field)}")
    return Metric(
        name=name,
        kind=kind,
        field=field,
        percents=_percents(given.get("percents")) if kind == "percentiles" else (),
        is_keyed=given.get("keyed", True) is not False,
        is_time=is_time,
        style=style,
        sigma=_sigma(given.get("sigma", _SIGMA)),
    )


def _sigma(wanted: object) -> float:
    try:
        number = float(str(wanted))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise Refused("sigma must be a number, and not less than 0", kind=PARSING)
    return number


def _percents(wanted: object) -> tuple[float, ...]:
    if wanted is None:
        return _PERCENTS
    texts = [str(one) for one in as_list(wanted)]
    if not texts or not all(_is_number(text) for text in texts):
        raise Refused("percents must be numbers from 0 to 100", kind=PARSING)
    return tuple(float(text) for text in texts)


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= _HUNDRED
    except ValueError:
        return False
