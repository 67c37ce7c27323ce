"""Does a value lie between the ends of a range?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query.event_values import text_of
from logboom.query.model import Range
from logboom.query.numbers import parse_number
from logboom.query.terms import Test, address_of, moment_of, number_of

_Key = Callable[[Any], Any]


def range_test(query: Range) -> Test:
    """Makes the test of a range, for one scalar; for a text, for one word.

    Numbers, times and addresses are compared as such, texts by their code points. A dynamic field
    is compared by its numbers when all ends are numbers, else by its texts.
    """
    kind = EVENT_FIELDS.get(query.field, FieldType.DYNAMIC)
    read: _Key
    match kind:
        case FieldType.LONG | FieldType.DOUBLE:
            read = number_of
        case FieldType.DATE:
            read = moment_of
        case FieldType.IP:
            read = address_of
        case FieldType.DYNAMIC:
            ends = [end for end in (query.lower, query.upper) if end is not None]
            numeric = all(parse_number(end) is not None for end in ends)
            return _between(query, _number_only, number_of) if numeric else _texts(query)
        case _:
            read = text_of
    return _between(query, read, read)


def _texts(query: Range) -> Test:
    return _between(query, lambda value: value if isinstance(value, str) else None, str)


def _number_only(value: Any) -> int | float | None:  # noqa: ANN401 - JSON
    return None if isinstance(value, str) else number_of(value)


def _between(query: Range, read: _Key, read_end: _Key) -> Test:
    """The test by what `read` makes of values, and `read_end` of the ends; None is never inside."""
    lower = None if query.lower is None else read_end(query.lower)
    upper = None if query.upper is None else read_end(query.upper)
    if (lower is None) != (query.lower is None) or (upper is None) != (query.upper is None):
        return lambda _value: False

    def matches(value: Any) -> bool:  # noqa: ANN401 - JSON
        key = read(value)
        if key is None:
            return False
        above = lower is None or key > lower or (query.include_lower and key == lower)
        below = upper is None or key < upper or (query.include_upper and key == upper)
        return bool(above and below)

    return matches
