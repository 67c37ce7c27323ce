"""Is a value the one that a query names?"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from logboom.event import epoch_us
from logboom.fields import FieldType
from logboom.query.event_values import text_of
from logboom.query.numbers import parse_number
from logboom.query.values import address_number

Test = Callable[[Any], bool]
"""Of one scalar of an event."""

_BOOLEANS = {"true": True, "false": False}


def term_test(kind: FieldType, text: str) -> Test:
    """Makes the test for one value.

    Args:
        kind: Any but TEXT.
        text: As in the model's `Term`; a text that is no value of this kind matches nothing.
    """
    match kind:
        case FieldType.LONG | FieldType.DOUBLE:
            number = parse_number(text)
            return lambda value: number is not None and number_of(value) == number
        case FieldType.DATE:
            moment = moment_of(text)
            return lambda value: moment is not None and moment_of(value) == moment
        case FieldType.IP:
            return _address_test(text)
        case FieldType.DYNAMIC:
            return _dynamic_test(text)
        case _:
            return lambda value: value == text if isinstance(value, str) else text_of(value) == text


def number_of(value: object) -> int | float | None:
    """A JSON value as a number, or None when it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return parse_number(value) if isinstance(value, str) else None


def moment_of(value: object) -> int | None:
    """Microseconds since the epoch of an ISO 8601 time, or None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        return epoch_us(value)
    except ValueError:
        return None


def address_of(value: object) -> int | None:
    """An IP address as its place among all, IPv4 within IPv6; None when the value is none."""
    if not isinstance(value, str):
        return None
    try:
        return address_number(value)
    except ValueError:
        return None


def _address_test(text: str) -> Test:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return lambda _value: False
    first, last = (address_number(str(end)) for end in (network[0], network[-1]))
    return lambda value: (number := address_of(value)) is not None and first <= number <= last


def _dynamic_test(text: str) -> Test:
    number = parse_number(text)
    truth = _BOOLEANS.get(text)

    def matches(value: Any) -> bool:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return value == text
        if isinstance(value, bool):
            return value is truth
        return number is not None and isinstance(value, int | float) and value == number

    return matches
