"""What do two ends of a range enclose? Nothing, perhaps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.fields import LEVELS, FieldType
from logboom.query.model import Or, Query, Term
from logboom.query.numbers import parse_number
from logboom.query.values import address_number, read_level

LEVEL = "log.level"
_DIGIT_FIRST = re.compile(r"[+-]?\.?\d", re.ASCII)
_DAY_FIRST = re.compile(r"\d{4}-\d\d", re.ASCII)


class EmptyRange(QueryError):
    """A range whose ends are swapped."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a range, as it was written."""

    text: str
    included: bool
    position: int


def levels_between(lower: End | None, upper: End | None, at: int) -> Query | None:
    """Levels are ordered by severity, not by the alphabet; None where there is none.

    Raises:
        QueryError: An end is no level, or the ends are swapped.
    """
    last = len(LEVELS) - 1
    low = 0 if lower is None else LEVELS.index(read_level(lower.text, at=lower.position))
    high = last if upper is None else LEVELS.index(read_level(upper.text, at=upper.position))
    if low > high:
        raise EmptyRange(
            "no level lies in this range",
            position=at,
            suggestion=f"the levels, ascending, are {' '.join(LEVELS)}",
        )
    first = low + (lower is not None and not lower.included)
    end = high + (upper is None or upper.included)
    chosen = tuple(Term(LEVEL, level) for level in LEVELS[first:end])
    return Or(chosen) if len(chosen) > 1 else next(iter(chosen), None)


def nothing_between(kind: FieldType, lower: End | None, upper: End | None) -> bool:
    """True when no value at all lies between two ends, as the model wants them."""
    if lower is None or upper is None:
        return False
    low, high = _order(kind, lower.text), _order(kind, upper.text)
    if low is None or high is None:
        is_above, is_same = lower.text > upper.text, lower.text == upper.text
    else:
        is_above, is_same = low > high, low == high
    return is_above or (is_same and not (lower.included and upper.included))


def are_texts_like_numbers(lower: End | None, upper: End | None) -> bool:
    """True when values are compared as texts though an end, which is no day, begins like a number."""
    texts = [end.text for end in (lower, upper) if end is not None]
    return any(parse_number(text) is None for text in texts) and any(
        _DIGIT_FIRST.match(text) is not None and _DAY_FIRST.match(text) is None for text in texts
    )


def _order(kind: FieldType, text: str) -> int | float | None:
    """The number that an end of a range is compared by; None for texts."""
    match kind:
        case FieldType.DATE:
            return epoch_us(text)
        case FieldType.IP:
            return address_number(text)
        case FieldType.LONG | FieldType.DOUBLE | FieldType.DYNAMIC:
            return parse_number(text)
        case _:
            return None
