"""What does a value mean for a field of this type?"""

from __future__ import annotations

import difflib
import ipaddress
from datetime import tzinfo

from logboom.errors import QueryError
from logboom.fields import EVENT_FIELDS, LEVELS, FieldType
from logboom.levels import level_of
from logboom.query.model import Exists, Query, Range, Term
from logboom.query.times import iso_text, parse_span

_LEVEL = "log.level"


class Values:
    """Makes leaves of the model; checks values against the field's type.

    Args:
        now_ns: The present, ns since the epoch.
        zone: Of times that name none.
    """

    def __init__(self, now_ns: int, zone: tzinfo) -> None:
        self._now_ns = now_ns
        self._zone = zone

    def is_text(self, field: str) -> bool:
        """True for fields that consist of words."""
        return EVENT_FIELDS.get(field) is FieldType.TEXT

    def term(self, field: str | None, value: str, position: int) -> Query:
        """The field has this value.

        Raises:
            QueryError: When the field cannot have it.
        """
        kind = None if field is None else EVENT_FIELDS.get(field)
        if field is None or kind is None:
            return Term(field, value)
        if kind is FieldType.DATE:
            start, end = self._span(value, position)
            return Range(field, start, end, include_lower=True, include_upper=start == end)
        return Term(field, self._checked(field, kind, value, position))

    def comparison(self, field: str, sign: str, value: str, position: int) -> Query:
        """The field is above or below a value.

        Raises:
            QueryError: When the value is none of the field's type.
        """
        inclusive = sign.endswith("=")
        if EVENT_FIELDS.get(field) is FieldType.DATE:
            start, end = self._span(value, position)
            bound = (
                (end if inclusive else start) if sign[0] == "<" else (start if inclusive else end)
            )
            inclusive = inclusive if start == end else sign[0] == ">"
        else:
            bound = self._bound(field, value, position)
        if sign[0] == ">":
            return Range(field, bound, None, include_lower=inclusive, include_upper=False)
        return Range(field, None, bound, include_lower=False, include_upper=inclusive)

    def range(
        self, field: str, lower: tuple[str | None, bool], upper: tuple[str | None, bool], *,
        position: int,
    ) -> Query:  # fmt: skip
        """The field lies between two ends, each with whether it belongs to the range.

        Raises:
            QueryError: When an end is none of the field's type.
        """
        (low, with_low), (high, with_high) = lower, upper
        if low is None and high is None:
            return Exists(field)
        if EVENT_FIELDS.get(field) is FieldType.DATE:
            return self._date_range(field, lower, upper, position)
        return Range(
            field,
            None if low is None else self._bound(field, low, position),
            None if high is None else self._bound(field, high, position),
            include_lower=with_low,
            include_upper=with_high,
        )

    def _date_range(
        self, field: str, lower: tuple[str | None, bool], upper: tuple[str | None, bool],
        position: int,
    ) -> Query:  # fmt: skip
        """``[2026-01-01 TO 2026-01-31]`` includes the whole last day, ``{…}`` leaves whole days out."""
        low = high = None
        if lower[0] is not None:
            start, end = self._span(lower[0], position)
            low = start if lower[1] else end
        with_high = False
        if upper[0] is not None:
            start, end = self._span(upper[0], position)
            high = end if upper[1] else start
            with_high = upper[1] and start == end
        with_low = lower[1] or lower[0] is None or not self._is_instant(lower[0], position)
        return Range(field, low, high, include_lower=with_low, include_upper=with_high)

    def _is_instant(self, text: str, position: int) -> bool:
        start, end = self._span(text, position)
        return start == end

    def _span(self, text: str, position: int) -> tuple[str, str]:
        try:
            span = parse_span(text, now_ns=self._now_ns, zone=self._zone)
        except QueryError as error:
            raise QueryError(error.what, position=position, suggestion=error.suggestion) from None
        return iso_text(span.start_us), iso_text(span.end_us)

    def _bound(self, field: str, value: str, position: int) -> str:
        kind = EVENT_FIELDS.get(field)
        return value if kind is None else self._checked(field, kind, value, position)

    def _checked(self, field: str, kind: FieldType, value: str, position: int) -> str:
        if field == _LEVEL:
            return _level(value, position)
        if kind in {FieldType.LONG, FieldType.DOUBLE}:
            try:
                float(value)
            except ValueError:
                raise QueryError(
                    f"{field} is a number, and {value!r} is none", position=position
                ) from None
        if kind is FieldType.IP:
            try:
                ipaddress.ip_network(value, strict=False)
            except ValueError:
                raise QueryError(
                    f"{value!r} is neither an IP address nor a network",
                    position=position,
                    suggestion="write for example 10.1.2.3 or 10.0.0.0/8",
                ) from None
        return value


def _level(value: str, position: int) -> str:
    level = level_of(value)
    if level is None:
        near = difflib.get_close_matches(value.lower(), LEVELS, n=1)
        raise QueryError(
            f"there is no level {value!r}",
            position=position,
            suggestion=f"did you mean {near[0]}?" if near else f"one of: {', '.join(LEVELS)}",
        )
    return level
